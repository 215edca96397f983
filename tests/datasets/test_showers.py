"""The physics of the showers: profiles, distributions, scaling; and that seeds decide everything."""

import numpy as np
import pytest
from scipy import integrate, stats

from kgan.datasets import Showers
from kgan.datasets.showers import (
    ENERGIES,
    LARGEST_SIGNAL,
    MOLIERE_RADIUS,
    gaisser_hillas,
    muon_density,
    nkg,
)


@pytest.fixture(scope="module")
def showers():
    return Showers(size=4000)


@pytest.fixture(scope="module")
def everything(showers):
    return showers.batch(np.arange(len(showers)))


@pytest.mark.parametrize("x_max", [600.0, 800.0, 1100.0])
def test_gaisser_hillas_has_its_maximum_at_x_max(x_max):
    depths = np.linspace(1, 2000, 20_000)
    profile = gaisser_hillas(depths, 1e9, x_max)
    assert depths[profile.argmax()] == pytest.approx(x_max, abs=0.1)
    assert gaisser_hillas(x_max, 1e9, x_max) == pytest.approx(1e9)
    assert np.all(np.diff(profile[: profile.argmax()]) > 0)
    assert np.all(np.diff(profile[profile.argmax() :]) < 0)


@pytest.mark.parametrize("age", [0.7, 1.0, 1.3, 1.8])
def test_nkg_sums_to_the_number_of_particles(age):
    def ring(log_r):
        r = np.exp(log_r)
        return 2 * np.pi * r**2 * nkg(r, 1e8, age)

    total, _ = integrate.quad(ring, np.log(1e-12), np.log(1e12 * MOLIERE_RADIUS), limit=500)
    assert total == pytest.approx(1e8, rel=1e-3)


def test_muons_sum_to_their_number():
    total, _ = integrate.quad(lambda t: 2 * np.pi * np.exp(2 * t) * muon_density(np.exp(t), 1e6), -20, 25, limit=500)
    assert total == pytest.approx(1e6, rel=1e-3)


def test_energies_are_log_uniform_and_zenith_angles_those_of_a_flat_detector(everything):
    energy, zenith = everything.labels.T
    assert energy.min() >= ENERGIES[0]
    assert energy.max() <= ENERGIES[1]
    assert stats.kstest(np.log10(energy), "uniform", args=(0, 2)).pvalue > 1e-3
    sin2 = np.sin(np.radians(zenith)) ** 2
    assert stats.kstest(sin2, "uniform", args=(0, 0.75)).pvalue > 1e-3


def test_signals_grow_in_proportion_to_the_energy(everything):
    energy, zenith = everything.labels.T
    total = everything.images.sum(axis=(1, 2, 3))
    steep = zenith < 30
    slope, _, correlation, *_ = stats.linregress(np.log10(energy[steep]), np.log10(total[steep]))
    assert slope == pytest.approx(1.0, abs=0.1)
    assert correlation > 0.9
    assert 1.5 < np.log10(total).min() < 3.5
    assert 5.5 < np.log10(total).max() < 7.5


def test_inclined_showers_are_stretched(showers, everything):
    """The ratio of the axes of inertia of the encoded picture grows with the zenith angle."""
    weights = showers.encode(everything.images)[..., 0].astype(np.float64) + 1
    weights = np.maximum(weights - 0.5, 0) + 1e-9
    y, x = np.indices(weights.shape[1:])
    norm = weights.sum(axis=(1, 2))
    mean_x, mean_y = ((weights * axis).sum(axis=(1, 2)) / norm for axis in (x, y))
    dx, dy = x - mean_x[:, None, None], y - mean_y[:, None, None]
    xx, yy, xy = ((weights * product).sum(axis=(1, 2)) / norm for product in (dx**2, dy**2, dx * dy))
    root = np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    ratio = np.sqrt((xx + yy - root) / (xx + yy + root))
    energy, zenith = everything.labels.T
    bright = (energy > 5) & (energy < 30)
    assert np.median(ratio[bright & (zenith < 20)]) > np.median(ratio[bright & (zenith > 50)]) + 0.15


def test_counts_are_whole_and_fluctuate():
    images = Showers(size=256).batch(np.arange(256)).images
    assert images.dtype == np.float32
    assert images.min() == 0
    assert np.array_equal(images, np.round(images))


def test_counts_scatter_like_poisson():
    """Opposite detectors are equally far from a central axis: half their squared difference is the mean count."""
    images = Showers(size=512, jitter=0.0).batch(np.arange(512)).images[..., 0]
    counts, opposite = images[:, :8], images[:, :7:-1, ::-1]
    seen = counts + opposite > 20
    ratio = (counts - opposite)[seen] ** 2 / (counts + opposite)[seen]
    assert ratio.mean() == pytest.approx(1.0, abs=0.03)


def test_the_core_is_brightest_at_the_core():
    images = Showers(size=512, grid=(15, 15), jitter=0.0).batch(np.arange(512)).images[..., 0]
    assert np.array_equal(images.reshape([512, -1]).argmax(axis=1), np.full(512, 7 * 15 + 7))


def test_zero_is_minus_one_and_clipping_is_rare(showers, everything):
    encoded = showers.encode(everything.images)
    assert encoded[everything.images == 0].max() == -1
    assert encoded.max() > 0.7
    assert showers.encode(np.float32(LARGEST_SIGNAL)) == pytest.approx(1.0)
    assert showers.encode(np.float32(10 * LARGEST_SIGNAL)) <= 1
    assert (everything.images.max(axis=(1, 2, 3)) > LARGEST_SIGNAL).mean() < 1e-3


def test_decode_inverts_encode(showers):
    signals = np.array([0, 0.5, 1, 17, 1e3, 1e5, LARGEST_SIGNAL], np.float32)
    np.testing.assert_allclose(showers.decode(showers.encode(signals)), signals, rtol=1e-5)
    levels = np.linspace(-1, 1, 101, dtype=np.float32)
    np.testing.assert_allclose(showers.encode(showers.decode(levels)), levels, atol=1e-6)


def test_the_seed_decides():
    ours, again, other = (Showers(size=300, seed=seed).batch(np.arange(300)) for seed in (1, 1, 2))
    assert np.array_equal(ours.images, again.images)
    assert np.array_equal(ours.labels, again.labels)
    assert not np.isin(ours.labels[:, 0], other.labels[:, 0]).any()


def test_splits_are_different_showers():
    train, test = (Showers(split, size=300).batch(np.arange(300)) for split in ("train", "test"))
    assert not np.isin(train.labels[:, 0], test.labels[:, 0]).any()


def test_the_first_showers_do_not_depend_on_how_many_there_are(everything):
    few = Showers(size=700).batch(np.arange(700))
    assert np.array_equal(few.images, everything.images[:700])
    assert np.array_equal(few.labels, everything.labels[:700])


def test_the_number_of_threads_does_not_matter(monkeypatch, everything):
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert np.array_equal(Showers(size=700).batch(np.arange(700)).images, everything.images[:700])


def test_threshold_silences_weak_stations():
    plain, cut = (Showers(size=50, threshold=threshold).batch(np.arange(50)).images for threshold in (0.0, 3.0))
    assert np.array_equal(cut, np.where(plain < 3, 0, plain))
    assert (plain != cut).any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"split": "all"}, "split is 'all'"),
        ({"size": 0}, "size is 0"),
        ({"size": 10**6, "grid": [128, 128]}, "size is 1000000; expected a whole number from 1 to 131072"),
        ({"grid": 16}, r"grid is 16; expected \[rows, columns\]"),
        ({"grid": [16, 200]}, "grid's columns is 200; expected a whole number from 4 to 128"),
        ({"spacing": 0}, "greater than 0"),
        ({"jitter": 0.6}, "from 0.0 to 0.5"),
        ({"threshold": -1}, "threshold is -1"),
        ({"seed": 1.5}, "seed is 1.5"),
    ],
)
def test_wrong_arguments(wrong, message):
    with pytest.raises(ValueError, match=message):
        Showers(**wrong)
