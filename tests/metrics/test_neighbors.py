"""Nearest neighbours and authenticity against all distances, with duplicates, ties, offsets and outliers."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from kgan.metrics import authenticity, nearest_neighbors

RNG = np.random.default_rng(0)
CLOUD = RNG.normal(size=(70, 6))
SETS = {
    "cloud": CLOUD,
    "far from 0": (CLOUD + 1e6).astype(np.float32),
    "an outlier": np.concatenate([CLOUD, [[1e12] * 6]]),
    "two clusters far apart": np.concatenate([CLOUD[:35], CLOUD[35:] + 1e9]),
    "duplicates": np.repeat(CLOUD[:10], 7, axis=0),
    "almost duplicates": np.repeat(CLOUD[:10], 7, axis=0) + 1e-9 * RNG.normal(size=(70, 6)),
    "lattice": RNG.integers(0, 3, [70, 6]).astype(np.uint8),
    "one point": np.ones([70, 6]),
}


@pytest.mark.parametrize("references", SETS.values(), ids=SETS)
@pytest.mark.parametrize("k", [1, 4, 70])
def test_against_all_distances(references, k, monkeypatch):
    queries = references[::3].astype(np.float64) + 0.25
    distances, indices = nearest_neighbors(queries, references, k)
    everything = cdist(queries, references.astype(np.float64))
    np.testing.assert_allclose(distances, np.sort(everything, axis=1)[:, :k], rtol=1e-9)
    np.testing.assert_allclose(np.take_along_axis(everything, indices, axis=1), distances, rtol=1e-12)
    assert all(len(set(row)) == k for row in indices.tolist())
    monkeypatch.setattr("kgan.metrics.neighbors.NUMBERS", 200)
    np.testing.assert_array_equal(nearest_neighbors(queries, references, k)[0], distances)


def test_the_row_itself_is_at_exactly_0():
    distances, indices = nearest_neighbors(CLOUD, CLOUD, 1)
    assert (distances == 0).all() and (indices[:, 0] == np.arange(70)).all()


def test_authenticity_by_hand():
    train = [[0.0], [1.0], [10.0]]
    assert authenticity(train, train) == 0
    assert authenticity(train, [[0.5], [-0.9], [-1.1], [2.5], [4.0], [15.0]]) == pytest.approx(3 / 6)
    assert authenticity(train, [[2.0], [-1.0]]) == 0  # as near as the neighbour is not farther
    assert authenticity([[0.0], [0.0]], [[0.0], [1e-9]]) == 0.5  # duplicates are at 0


def test_authenticity_against_all_distances():
    fake = CLOUD[:40] * np.linspace(1, 3, 40)[:, None]
    to_train, among = cdist(fake, CLOUD), cdist(CLOUD, CLOUD)
    np.fill_diagonal(among, np.inf)
    expected = (to_train.min(axis=1) > among.min(axis=1)[to_train.argmin(axis=1)]).mean()
    assert 0 < expected < 1 and authenticity(CLOUD, fake) == expected


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: nearest_neighbors(CLOUD, CLOUD, 71), "at most the number of references, 70; got 71"),
        (lambda: nearest_neighbors(CLOUD, CLOUD, 0), "k must be an integer of at least 1"),
        (lambda: nearest_neighbors(CLOUD, CLOUD[:, :3]), "the same d; got 6, 3"),
        (lambda: nearest_neighbors(CLOUD * np.nan, CLOUD), "queries must be finite"),
        (lambda: authenticity(CLOUD[:1], CLOUD), "at least 2 training images"),
        (lambda: authenticity(CLOUD, CLOUD[:, :3]), "the same d"),
    ],
)
def test_error_sentences(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
