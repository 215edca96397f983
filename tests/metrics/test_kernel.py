"""The kernel distance: exact values by loops, no bias, the order of the draws."""

import itertools

import numpy as np
import pytest

from kgan.metrics import kernel_distance

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(60, 5)), RNG.normal(size=(50, 5)) + 0.3


def by_loops(x, y):
    def kernel(a, b):
        return (a @ b / len(a) + 1) ** 3

    m = len(x)
    pairs = [(i, j) for i in range(m) for j in range(m) if i != j]
    within = sum(kernel(x[i], x[j]) + kernel(y[i], y[j]) for i, j in pairs) / (m * (m - 1))
    return within - 2 / m**2 * sum(kernel(a, b) for a in x for b in y)


def test_whole_sets_by_loops():
    expected = by_loops(REAL[:20], FAKE[:20])
    assert kernel_distance(REAL[:20], FAKE[:20], subsets=3, subset_size=20) == pytest.approx((expected, 0), abs=1e-12)


def test_a_value_by_hand():
    # k(0, 0) = 1, k(1, 1) = 8, k(0, 1) = 1.
    assert kernel_distance(np.zeros([2, 1]), np.ones([2, 1]), 1, 2) == (1 + 8 - 2, 0)
    # {0, 1} from itself: 1 + 1 - 2 (1 + 1 + 1 + 8) / 4 < 0: unbiased, so below 0 for a set from itself.
    assert kernel_distance([[0.0], [1.0]], [[0.0], [1.0]], 1, 2)[0] == pytest.approx(2 - 11 / 2)


def test_fakes_are_drawn_first_from_the_seed():
    generator = np.random.RandomState(7)
    values = []
    for _ in range(4):
        fake = FAKE[generator.choice(50, 10, replace=False)]
        real = REAL[generator.choice(60, 10, replace=False)]
        values.append(by_loops(real, fake))
    expected = np.mean(values), np.std(values)
    assert kernel_distance(REAL, FAKE, subsets=4, subset_size=10, seed=7) == pytest.approx(expected, rel=1e-10)
    default = kernel_distance(REAL, FAKE, subsets=4, subset_size=10)
    assert default == kernel_distance(REAL, FAKE, subsets=4, subset_size=10, seed=2020)
    assert default != pytest.approx(expected, rel=1e-3)
    assert abs(kernel_distance(REAL, FAKE, subsets=4, subset_size=10, seed=7)[1] - np.std(values, ddof=1)) > 1e-3


def test_no_bias():
    # Over all pairs of subsets of 2 out of one population, drawn independently, i.i.d. with replacement: exactly 0.
    population = np.array([[0.0], [1.0], [3.0]])
    draws = [population[list(pick)] for pick in itertools.product(range(3), repeat=2)]
    values = [kernel_distance(x, y, 1, 2)[0] for x in draws for y in draws]
    assert np.mean(values) == pytest.approx(0, abs=1e-12)
    assert min(values) < 0 < max(values)


def test_one_distribution_is_within_its_error_of_0_and_another_is_not():
    rng = np.random.default_rng(1)
    same = [kernel_distance(*rng.normal(size=(2, 200, 5)), 1, 200)[0] for _ in range(100)]
    assert abs(np.mean(same)) < 3 * np.std(same) / 10
    other = kernel_distance(rng.normal(size=(200, 5)), rng.normal(size=(200, 5)) + 1, 1, 200)[0]
    assert other > 5 * np.std(same)


def test_rotations_and_orders_change_nothing():
    rotation, _ = np.linalg.qr(RNG.normal(size=(5, 5)))
    value = kernel_distance(REAL[:50], FAKE, 1, 50)
    assert kernel_distance(REAL[:50] @ rotation, FAKE @ rotation, 1, 50) == pytest.approx(value, rel=1e-10)
    assert kernel_distance(REAL[:50][::-1], FAKE, 1, 50) == pytest.approx(value, rel=1e-10)
    assert kernel_distance(FAKE, REAL[:50], 1, 50) == pytest.approx(value, rel=1e-10)


def test_the_sums_are_float64():
    real, fake = (np.random.default_rng(2).normal(0.4, 0.1, [2, 300, 64])).astype(np.float32)
    exact = kernel_distance(real.astype(np.float64), fake.astype(np.float64), 2, 300)
    assert kernel_distance(real, fake, 2, 300) == exact


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"subset_size": 51}, "at least 51 rows of each set; got 60 real and 50 fake"),
        ({"subset_size": 1}, "subset_size must be an integer of at least 2"),
        ({"subsets": 0}, "subsets must be an integer of at least 1"),
        ({"fake": np.zeros([50, 4])}, "the same d; got 5 and 4"),
        ({"fake": np.full([50, 5], np.inf)}, "fake features must be finite"),
        ({"real": np.zeros(5)}, "real features must be"),
    ],
)
def test_error_sentences(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        kernel_distance(**{"real": REAL, "fake": FAKE, "subsets": 2, "subset_size": 20, **change})
