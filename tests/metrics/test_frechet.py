"""The Fréchet distance: Gaussians whose distance is known, invariances, thin and flat sets, statistics by the batch."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from kgan.metrics import FeatureStatistics, frechet_distance

RNG = np.random.default_rng(0)


def gaussian(mean, covariance, count):
    """Rows whose mean and unbiased covariance are exactly these."""
    dim = len(mean)
    rows = np.random.default_rng(1).normal(size=(count, dim))
    rows -= rows.mean(axis=0)
    whiten = np.linalg.inv(np.linalg.cholesky(np.cov(rows.T).reshape(dim, dim)))
    values, vectors = np.linalg.eigh(covariance)
    return rows @ whiten.T @ (vectors * np.sqrt(values)).T + mean


def by_square_root(real, fake):
    """The definition, with a matrix square root of the product."""
    first, second = np.cov(real.T), np.cov(fake.T)
    change = real.mean(axis=0) - fake.mean(axis=0)
    return change @ change + np.trace(first + second - 2 * sqrtm(first @ second).real)


def by_nuclear_norm(real, fake):
    """The definition, with the singular values of the product of the centred rows."""
    rows = [(x - x.mean(axis=0)) / np.sqrt(len(x) - 1) for x in (real, fake)]
    change = real.mean(axis=0) - fake.mean(axis=0)
    trace = np.linalg.svd(rows[0] @ rows[1].T, compute_uv=False).sum()
    return change @ change + sum(np.square(x).sum() for x in rows) - 2 * trace


def generic(count, dim=12, seed=0, shift=0.5):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, dim)) @ rng.normal(size=(dim, dim)) + shift * seed


def test_commuting_gaussians():
    rotation, _ = np.linalg.qr(RNG.normal(size=(6, 6)))
    first, second = np.array([4.0, 1, 9, 0.25, 1, 16]), np.array([1.0, 1, 4, 0.25, 9, 1])
    real = gaussian(np.zeros(6), (rotation * first) @ rotation.T, 50)
    fake = gaussian(np.arange(6.0), (rotation * second) @ rotation.T, 40)
    expected = np.square(np.arange(6.0)).sum() + np.square(np.sqrt(first) - np.sqrt(second)).sum()
    assert frechet_distance(real, fake) == pytest.approx(expected, rel=1e-12)


def test_gaussians_that_do_not_commute():
    first, second = np.array([[2.0, 1], [1, 2]]), np.diag([1.0, 4.0])
    product = first @ second  # 2 x 2: tr sqrt(P) = sqrt(tr P + 2 sqrt(det P))
    expected = 4 + 5 - 2 * np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    value = frechet_distance(gaussian([1.0, 1], first, 30), gaussian([1.0, 1], second, 60))
    assert value == pytest.approx(expected, rel=1e-12)


def test_the_square_root_of_the_product_gives_the_same():
    real, fake = generic(100), generic(80, seed=1)
    assert frechet_distance(real, fake) == pytest.approx(by_square_root(real, fake), rel=1e-9)


@pytest.mark.parametrize("counts", [(100, 80), (100, 8), (8, 100), (8, 6), (2, 2), (12, 12), (13, 13), (100, 12)])
def test_any_number_of_rows_gives_the_nuclear_norm(counts):
    real, fake = generic(counts[0]), generic(counts[1], seed=1)
    assert frechet_distance(real, fake) == pytest.approx(by_nuclear_norm(real, fake), rel=1e-9)
    statistics = FeatureStatistics.of(real), FeatureStatistics.of(fake)
    assert frechet_distance(*statistics) == pytest.approx(by_nuclear_norm(real, fake), rel=1e-7)


def test_fewer_rows_than_columns_are_never_made_a_covariance(monkeypatch):
    real, fake = RNG.normal(size=(2, 6, 20_000))
    monkeypatch.setattr(FeatureStatistics, "update", None)
    assert frechet_distance(real, fake) == pytest.approx(by_nuclear_norm(real, fake), rel=1e-9)


def test_flat_sets_lose_nothing_to_the_roots_of_rounding_errors():
    rng = np.random.default_rng(2)
    plane = np.linalg.qr(rng.normal(size=(200, 50)))[0].T
    deviations = rng.uniform(1, 3, 50)
    base = gaussian(np.zeros(50), np.eye(50), 400)
    value = frechet_distance(base @ plane, (base * deviations) @ plane)
    assert value == pytest.approx(np.square(deviations - 1).sum(), rel=1e-11)


@pytest.mark.parametrize("count", [5, 40])
def test_a_set_is_at_0_from_itself_and_from_its_shuffled_self(count):
    real = generic(count)
    assert abs(frechet_distance(real, real)) < 1e-8
    assert abs(frechet_distance(real, RNG.permutation(real))) < 1e-8
    assert abs(frechet_distance(np.tile(real, (3, 1)), np.tile(real, (3, 1)))) < 1e-8


@pytest.mark.parametrize("count", [7, 60])
def test_invariances(count):
    real, fake = generic(count), generic(count + 1, seed=1)
    value = frechet_distance(real, fake)
    rotation, _ = np.linalg.qr(RNG.normal(size=(12, 12)))
    assert frechet_distance(fake, real) == pytest.approx(value, rel=1e-9)
    assert frechet_distance(real + 7, fake + 7) == pytest.approx(value, rel=1e-9)
    assert frechet_distance(real @ rotation, fake @ rotation) == pytest.approx(value, rel=1e-9)
    assert frechet_distance(3 * real, 3 * fake) == pytest.approx(9 * value, rel=1e-9)
    assert frechet_distance(RNG.permutation(real), fake) == pytest.approx(value, rel=1e-9)
    assert frechet_distance(real + 1e6, fake + 1e6) == pytest.approx(value, rel=1e-6)


def test_collapsed_sets():
    point = np.ones([5, 3])
    assert frechet_distance(point, point) == 0
    assert frechet_distance(point, point + [3, 4, 0]) == pytest.approx(25)
    spread = generic(50, 3)
    expected = np.trace(np.cov(spread.T)) + np.square(spread.mean(axis=0) - 1).sum()
    assert frechet_distance(spread, point) == pytest.approx(expected)
    assert frechet_distance(point[:2], spread) == pytest.approx(expected)


def test_covariances_are_unbiased_and_float64():
    real, fake = generic(20), generic(15, seed=1)
    biased = [np.cov(x.T, ddof=0) for x in (real, fake)]
    change = real.mean(axis=0) - fake.mean(axis=0)
    other = change @ change + np.trace(sum(biased)) - 2 * np.trace(sqrtm(biased[0] @ biased[1]).real)
    assert abs(frechet_distance(real, fake) / other - 1) > 1e-3
    offset = (real + 1000).astype(np.float32), (fake + 1000).astype(np.float32)
    assert frechet_distance(*offset) == pytest.approx(by_square_root(*(x.astype(np.float64) for x in offset)), rel=1e-9)


@pytest.mark.parametrize("counts", [(50, 40), (50, 4), (4, 3), (2, 2)])
def test_covariances_over_n(counts):
    real, fake = generic(counts[0]), generic(counts[1], seed=1)
    # Over N they are the unbiased ones of the set with its mean in it twice, as one row more.
    more = [np.vstack([x, x.mean(axis=0)]) for x in (real, fake)]
    value = frechet_distance(real, fake, ddof=0)
    assert value == pytest.approx(by_nuclear_norm(*more), rel=1e-9)
    assert abs(value / frechet_distance(real, fake) - 1) > 1e-3
    assert frechet_distance(real, fake, ddof=1) == frechet_distance(real, fake)
    assert frechet_distance(FeatureStatistics.of(real), fake, ddof=0) == pytest.approx(value, rel=1e-7)


def test_covariances_over_n_in_closed_form():
    real, fake = gaussian([0.0, 0], np.diag([4.0, 9]), 10), gaussian([3.0, 4], np.diag([1.0, 1]), 5)
    over_n = [np.sqrt(0.9) * np.array([2, 3]), np.sqrt(0.8) * np.array([1, 1])]  # deviations, over 10 and over 5
    expected = 25 + np.square(over_n[0] - over_n[1]).sum()
    assert frechet_distance(real, fake, ddof=0) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("ddof", [2, -1, 0.5, None, True, "1"])
def test_another_ddof_is_refused(ddof):
    with pytest.raises(ValueError, match="ddof must be 0 or 1"):
        frechet_distance(np.eye(3), np.eye(3), ddof=ddof)


def test_integers_and_short_floats_are_made_float64():
    whole = RNG.integers(0, 255, [40, 5])
    expected = frechet_distance(whole.astype(np.float64), whole[::2].astype(np.float64))
    for kind in (np.uint8, np.int64, np.float16, np.float32):
        assert frechet_distance(whole.astype(kind), whole[::2].astype(kind)) == expected


@pytest.mark.parametrize("sizes", [[100], [1, 99], [33, 33, 34], [1] * 100])
def test_batches_of_any_size_give_the_statistics_of_all(sizes):
    rows = generic(100) + 1e4
    statistics = FeatureStatistics()
    for batch in np.split(rows, np.cumsum(sizes)[:-1]):
        statistics.update(batch)
    assert statistics.count == 100
    np.testing.assert_allclose(statistics.mean, rows.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(statistics.covariance, np.cov(rows.T), atol=1e-9)
    fake = generic(50, seed=1) + 1e4
    assert frechet_distance(statistics, fake) == pytest.approx(frechet_distance(rows, fake), rel=1e-9)


def test_long_arrays_are_read_in_pieces(monkeypatch):
    monkeypatch.setattr("kgan.metrics.frechet.ROWS", 7)
    rows = generic(100)
    np.testing.assert_allclose(FeatureStatistics.of(rows).covariance, np.cov(rows.T), rtol=1e-12)


def test_merging_is_adding():
    rows = generic(100)
    parts = [FeatureStatistics.of(rows[:30]), FeatureStatistics.of(rows[30:])]
    merged = parts[0].merge(parts[1]).merge(FeatureStatistics())
    assert merged.count == 100 and parts[0].count == 30
    np.testing.assert_allclose(merged.covariance, np.cov(rows.T), rtol=1e-12)
    np.testing.assert_allclose(parts[0].covariance, np.cov(rows[:30].T), rtol=1e-12)
    assert FeatureStatistics().merge(FeatureStatistics()).count == 0


def test_the_factor_is_computed_once_and_forgotten_after_an_update():
    statistics = FeatureStatistics.of(generic(100))
    factor = statistics.factor
    assert statistics.factor is factor
    np.testing.assert_allclose(factor @ factor.T, statistics.covariance, rtol=1e-9, atol=1e-12)
    statistics.update(generic(10, seed=3))
    np.testing.assert_allclose(statistics.factor @ statistics.factor.T, statistics.covariance, rtol=1e-9, atol=1e-12)


def test_statistics_go_through_a_file(tmp_path):
    real, fake = FeatureStatistics.of(generic(100)), generic(50, seed=1)
    np.savez(tmp_path / "reference.npz", **real.arrays())
    with np.load(tmp_path / "reference.npz") as arrays:
        again = FeatureStatistics.from_arrays(**arrays)
        plain = FeatureStatistics.from_arrays(arrays["count"], arrays["mean"], arrays["covariance"])
    assert frechet_distance(again, fake) == pytest.approx(frechet_distance(real, fake), rel=1e-12)
    assert frechet_distance(plain, fake) == pytest.approx(frechet_distance(real, fake), rel=1e-12)
    again.update(fake)
    assert again.count == 150


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ((10, np.zeros(3), np.eye(2)), "a mean of 3 needs a square covariance"),
        ((1, np.zeros(2), np.eye(2)), "count must be an integer of at least 2"),
        ((2.5, np.zeros(2), np.eye(2)), "count must be an integer of at least 2"),
        ((np.inf, np.zeros(2), np.eye(2)), "count must be an integer of at least 2"),
        ((np.nan, np.zeros(2), np.eye(2)), "count must be an integer of at least 2"),
        (([9, 9], np.zeros(2), np.eye(2)), "count must be an integer of at least 2"),
        ((10, np.zeros([2, 2]), np.eye(2)), "the mean must be"),
        ((10, np.zeros(2), np.eye(2), np.full([2, 2], np.nan)), "times its transpose"),
        ((10, np.zeros(2), [[1.0, 2.0], [0.0, 1.0]]), "must be symmetric"),
        ((10, np.zeros(2), [[1.0, 2.0], [2.0, 1.0]]), "negative eigenvalues"),
        ((10, np.zeros(2), [[np.nan, 0.0], [0.0, 1.0]]), "must be finite"),
        ((10, np.zeros(2), np.eye(2), np.eye(3)), "the factor must be"),
        ((10, np.zeros(2), np.eye(2), 2 * np.eye(2)), "times its transpose"),
    ],
)
def test_statistics_that_cannot_be(arrays, sentence):
    with pytest.raises(ValueError, match=sentence):
        FeatureStatistics.from_arrays(*arrays)


@pytest.mark.parametrize(
    ("real", "fake", "sentence"),
    [
        (np.zeros(3), np.zeros([2, 3]), r"real features must be \[N, d\]"),
        (np.zeros([2, 3]), np.zeros([2, 3, 1]), r"fake features must be \[N, d\]"),
        (np.zeros([0, 3]), np.zeros([2, 3]), "not empty"),
        (np.zeros([1, 3]), np.zeros([2, 3]), "real features must have at least 2 rows"),
        (np.zeros([2, 3]), np.zeros([1, 3]), "fake features must have at least 2 rows"),
        (np.zeros([2, 3]), np.zeros([2, 4]), "the same d; got 3 and 4"),
        (np.array([[0.0, np.nan], [1, 1]]), np.zeros([2, 2]), "1 of 2 rows have NaN or infinity"),
        (np.array([[0.0, np.inf], [1, 1]]), np.zeros([2, 2]), "1 of 2 rows have NaN or infinity"),
        (np.full([2, 2], 1e200), np.zeros([2, 2]), "in size"),
        (np.full([2, 2], 1e-200), np.zeros([2, 2]), "in size"),
        (np.zeros([2, 2], complex), np.zeros([2, 2]), "complex128"),
        (np.array([["a"], ["b"]]), np.zeros([2, 1]), "integers or floats"),
        ([[1.0, 2.0], [3.0]], np.zeros([2, 2]), "rows of different lengths"),
        (FeatureStatistics(), np.zeros([2, 2]), "at least 2 rows of features; got 0|no rows"),
        (FeatureStatistics.of([[1.0, 2.0]]), np.zeros([2, 2]), "at least 2 rows of features; got 1"),
    ],
)
def test_what_has_no_distance_is_told_in_a_sentence(real, fake, sentence):
    with pytest.raises(ValueError, match=sentence):
        frechet_distance(real, fake)


def test_batches_and_parts_of_another_width_are_refused():
    statistics = FeatureStatistics.of(np.zeros([2, 3]))
    with pytest.raises(ValueError, match="the same d in every batch; got 3, 4"):
        statistics.update(np.zeros([2, 4]))
    with pytest.raises(ValueError, match="the same d; got 3 and 4"):
        statistics.merge(FeatureStatistics.of(np.zeros([2, 4])))
