"""Toy mixtures: the moments and supports that their docstrings promise."""

import numpy as np
import pytest
from scipy import stats

from kgan.datasets import GridOfGaussians, ParallelLines, RingOfGaussians, SwissRoll


def everything(dataset):
    return dataset.batch(np.arange(len(dataset)))


@pytest.mark.parametrize("mixture", [RingOfGaussians(), GridOfGaussians()])
def test_points_are_normal_around_their_centres(mixture):
    points, labels = everything(mixture)
    deviations = (points - mixture.centers[labels]) / mixture.stddev
    assert stats.kstest(deviations.ravel(), "norm").pvalue > 1e-3
    counts = np.bincount(labels, minlength=mixture.num_classes)
    assert stats.chisquare(counts).pvalue > 1e-3
    nearest = np.linalg.norm(points[:, None] - mixture.centers, axis=-1).argmin(axis=1)
    assert np.array_equal(nearest, labels)


def test_centres_of_the_ring():
    ring = RingOfGaussians(modes=4, radius=3.0, size=10)
    np.testing.assert_allclose(ring.centers, [[3, 0], [0, 3], [-3, 0], [0, -3]], atol=1e-6)
    assert ring.extent == pytest.approx(3.12)


def test_centres_of_the_grid():
    grid = GridOfGaussians(side=2, spacing=1.0, size=10)
    assert grid.centers.tolist() == [[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]]


def test_swiss_roll_without_noise_is_the_spiral():
    points, _ = everything(SwissRoll(radius=1.0, stddev=0.0, size=1000))
    t = np.linalg.norm(points, axis=1) * 4.5 * np.pi
    assert 1.5 * np.pi - 1e-4 < t.min() < t.max() < 4.5 * np.pi + 1e-4
    np.testing.assert_allclose(points, (t / (4.5 * np.pi))[:, None] * np.stack([np.cos(t), np.sin(t)], 1), atol=1e-5)


@pytest.mark.parametrize("theta", [-2.5, 0.0, 0.5])
def test_parallel_lines_are_uniform_on_two_segments(theta):
    points, labels = everything(ParallelLines(theta=theta))
    assert np.array_equal(points[:, 0], np.where(labels == 1, np.float32(theta), 0))
    for label in (0, 1):
        assert stats.kstest(points[labels == label, 1], "uniform").pvalue > 1e-3


def test_distance_between_the_lines_is_theta():
    points, labels = everything(ParallelLines(theta=0.7))
    assert points[labels == 1].mean(axis=0)[0] - points[labels == 0].mean(axis=0)[0] == pytest.approx(0.7, rel=1e-3)


@pytest.mark.parametrize("kind", [RingOfGaussians, GridOfGaussians, SwissRoll, ParallelLines])
def test_points_are_a_function_of_the_seed(kind):
    ours, again, other = (everything(kind(size=100, seed=seed)).images for seed in (1, 1, 2))
    assert np.array_equal(ours, again)
    assert not np.isin(ours[:, 1], other[:, 1]).any()


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (RingOfGaussians, {"modes": 0}, "modes is 0; expected a whole number from 1 to 10000"),
        (RingOfGaussians, {"stddev": 0.0}, "greater than 0"),
        (RingOfGaussians, {"seed": -1}, "seed is -1"),
        (RingOfGaussians, {"radius": float("nan")}, "expected a finite number"),
        (GridOfGaussians, {"side": 2.5}, "side is 2.5"),
        (SwissRoll, {"size": True}, "size is True"),
        (SwissRoll, {"size": 10**9}, "size is 1000000000; expected a whole number from 1 to 100000000"),
        (RingOfGaussians, {"radius": 1e30}, "radius is 1e.30; expected a number from 1e-06 to 1000000.0"),
        (ParallelLines, {"theta": "1"}, "theta is '1'; expected a finite number"),
    ],
)
def test_wrong_arguments(kind, wrong, message):
    with pytest.raises(ValueError, match=message):
        kind(**wrong)
