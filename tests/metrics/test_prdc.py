"""Precision, recall, density and coverage: points by hand, the definition with all distances, blocks, duplicates."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from kgan.metrics import precision_recall, precision_recall_density_coverage

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(80, 4)), RNG.normal(size=(60, 4)) * 0.8 + 0.2


def by_definition(real, fake, k, inside=np.less):
    real_radii, fake_radii = (np.sort(cdist(x, x), axis=1)[:, k] for x in (real, fake))
    between = cdist(real, fake)
    in_real, in_fake = inside(between, real_radii[:, None]), inside(between, fake_radii)
    return {
        "precision": in_real.any(axis=0).mean(),
        "recall": in_fake.any(axis=1).mean(),
        "density": in_real.sum(axis=0).mean() / k,
        "coverage": inside(between.min(axis=1), real_radii).mean(),
    }


def test_points_by_hand():
    # On a line, k = 1: real balls (-1, 1), (0, 2), (2 +- 1) and (10 +- 8), fake balls of 0.1, 0.1 and 8.4.
    scores = precision_recall_density_coverage([[0.0], [1], [2], [10]], [[0.5], [0.6], [9]], k=1)
    assert scores == {"precision": 1, "recall": 3 / 4, "density": 5 / 3, "coverage": 3 / 4}
    # k = 2: real balls of 2, 1, 2 and 9.
    scores = precision_recall_density_coverage([[0.0], [1], [2], [10]], [[-1.0], [5], [100]], k=2)
    assert scores == {"precision": 2 / 3, "recall": 1, "density": 2 / 3 / 2, "coverage": 2 / 4}


@pytest.mark.parametrize("k", [1, 3, 5, 59])
def test_the_definition(k):
    assert precision_recall_density_coverage(REAL, FAKE, k) == pytest.approx(by_definition(REAL, FAKE, k), abs=1e-12)
    expected = by_definition(REAL, FAKE, k, np.less_equal)
    assert precision_recall(REAL, FAKE, k) == pytest.approx({n: expected[n] for n in ("precision", "recall")})


def test_the_defaults_and_what_they_are_not():
    scores = precision_recall_density_coverage(REAL, FAKE)
    assert scores == pytest.approx(by_definition(REAL, FAKE, 5))
    assert precision_recall(REAL, FAKE) == {
        name: by_definition(REAL, FAKE, 3)[name] for name in ("precision", "recall")
    }
    itself_counted = by_definition(REAL, FAKE, 4)
    swapped = by_definition(FAKE, REAL, 5)
    for name in scores:
        assert abs(scores[name] - itself_counted[name]) > 1e-3 and abs(scores[name] - swapped[name]) > 1e-3


def test_a_set_against_itself_and_against_a_far_one():
    assert precision_recall_density_coverage(REAL, REAL) == {"precision": 1, "recall": 1, "density": 1, "coverage": 1}
    assert set(precision_recall_density_coverage(REAL, FAKE + 1000).values()) == {0.0}


def test_modes_dropped_and_modes_invented():
    two = np.concatenate([REAL[:40], REAL[40:] + 100])
    dropped = precision_recall_density_coverage(two, FAKE)
    invented = precision_recall_density_coverage(FAKE, two)
    assert dropped["precision"] > 0.7 and dropped["recall"] < 0.6 and dropped["coverage"] < 0.6
    assert invented["precision"] < 0.6 and invented["recall"] > 0.7 and invented["coverage"] > 0.7


def test_duplicates_have_balls_of_radius_0_that_hold_nothing_or_themselves():
    fake = np.repeat(REAL[:10], 6, axis=0)
    scores = precision_recall_density_coverage(REAL, fake)
    assert scores == pytest.approx(by_definition(REAL, fake, 5))
    assert scores["recall"] == 0 and scores["precision"] == 1
    assert precision_recall(REAL, fake, k=5)["recall"] == 10 / 80
    for points in (np.ones([30, 3]), np.full([30, 3], 0.1)):
        assert precision_recall_density_coverage(points, points)["precision"] == 0
        assert precision_recall(points, points) == {"precision": 1, "recall": 1}


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("inside", [np.less, np.less_equal])
def test_ties_on_a_lattice_are_decided_exactly(kind, inside):
    real, fake = (RNG.integers(0, 4, [n, 3]).astype(kind) for n in (70, 60))
    expected = by_definition(real.astype(float), fake.astype(float), 3, inside)
    score = precision_recall_density_coverage if inside is np.less else precision_recall
    assert score(real, fake, 3) == pytest.approx({name: expected[name] for name in score(real, fake, 3)}, abs=1e-12)


def test_offsets_and_outliers_do_not_blur_the_radii():
    for real, fake in [(REAL + 1e7, FAKE + 1e7), (np.concatenate([REAL, [[1e9] * 4]]), FAKE), (REAL, FAKE + 1e9)]:
        assert precision_recall_density_coverage(real, fake) == pytest.approx(by_definition(real, fake, 5), abs=1e-12)


@pytest.mark.parametrize("numbers", [1, 100, 1000, 4799])
def test_the_size_of_the_blocks_changes_nothing(numbers, monkeypatch):
    expected = precision_recall_density_coverage(REAL, FAKE)
    monkeypatch.setattr("kgan.metrics.neighbors.NUMBERS", numbers)
    assert precision_recall_density_coverage(REAL, FAKE) == expected


def test_invariances():
    expected = precision_recall_density_coverage(REAL, FAKE)
    rotation, _ = np.linalg.qr(RNG.normal(size=(4, 4)))
    assert precision_recall_density_coverage(REAL[::-1], RNG.permutation(FAKE)) == pytest.approx(expected)
    assert precision_recall_density_coverage(3 * REAL @ rotation + 5, 3 * FAKE @ rotation + 5) == pytest.approx(
        expected
    )


@pytest.mark.parametrize(
    ("real", "fake", "k", "sentence"),
    [
        (REAL, FAKE, 60, "k must be below the number of reals, 80, and fakes, 60; got 60"),
        (REAL[:1], FAKE, 1, "k must be below the number of reals, 1"),
        (REAL, FAKE, 0, "k must be an integer of at least 1"),
        (REAL, FAKE[:, :2], 5, "the same d; got 4 and 2"),
        (REAL, FAKE * np.nan, 5, "fake features must be finite; 60 of 60"),
        (REAL[0], FAKE, 5, r"real features must be \[N, d\]"),
    ],
)
def test_error_sentences(real, fake, k, sentence):
    with pytest.raises(ValueError, match=sentence):
        precision_recall_density_coverage(real, fake, k)
