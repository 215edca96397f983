"""Toy distributions in the plane: every GAN's first test, with densities that one can look at."""

import math

import numpy as np

from kgan.datasets.draws import generator
from kgan.datasets.in_memory import InMemory
from kgan.datasets.validate import real, whole

TAIL = 6.0  # standard deviations from a centre to the border of [-1, 1]; a normal draw exceeds it once in 5e8


# The most points that fit in one array, and scales between which float32 tells the points apart.
MOST, SMALLEST, LARGEST = 10**8, 1e-6, 1e6


class Points(InMemory):
    """Points of the plane, float32 [2]; `encode` divides by `extent`, `decode` multiplies.

    Example:
        >>> ring = RingOfGaussians()
        >>> bool(np.abs(ring.encode(ring.batch(range(100)).images)).max() <= 1)
        True
    """

    extent: float

    def encode(self, images):
        return np.asarray(images, np.float32) / np.float32(self.extent)

    def decode(self, images):
        return np.asarray(images, np.float32) * np.float32(self.extent)

    def _hold_gaussians(self, centers, name):
        """Draws `size` points: a mode each with equal probability, and a normal deviation from its centre."""
        self.centers = np.asarray(centers, np.float32)
        self.class_names = tuple(str(mode) for mode in range(len(self.centers)))
        draws = generator(self.seed, name)
        labels = draws.integers(len(self.centers), size=self.size, dtype=np.int32)
        noise = draws.standard_normal([self.size, 2], np.float32)
        self.hold(self.centers[labels] + np.float32(self.stddev) * noise, labels)


class RingOfGaussians(Points):
    """Equal Gaussians evenly spaced on a circle; mode m is centred at the angle 2 pi m / modes.

    The ring of 8 on which mode collapse is shown: Metz et al. 2016, "Unrolled Generative Adversarial
    Networks", section 3.1 (https://arxiv.org/abs/1611.02163). Points are float32 [2], labels int32 mode
    numbers, `centers` float32 [modes, 2]; all lie in the square of half width `extent` = radius +
    6 stddev, by which `encode` divides.

    Args:
        modes: how many Gaussians.
        radius: of the circle.
        stddev: of each Gaussian, in both directions.
        size: how many points.
        seed: of the draws; the same seed gives the same points.

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> ring = RingOfGaussians()
        >>> ring.data_shape, ring.num_classes, ring.centers[0].tolist()
        ((2,), 8, [2.0, 0.0])
    """

    def __init__(self, modes: int = 8, radius: float = 2.0, stddev: float = 0.02, size: int = 50_000, seed: int = 0):
        self.modes = whole("modes", modes, 1, 10_000)
        self.radius = real("radius", radius, SMALLEST, LARGEST, above=0)
        self.stddev = real("stddev", stddev, SMALLEST, LARGEST, above=0)
        self.size = whole("size", size, 1, MOST)
        self.seed = whole("seed", seed)
        self.extent = self.radius + TAIL * self.stddev
        angles = 2 * np.pi * np.arange(self.modes) / self.modes
        self._hold_gaussians(self.radius * np.stack([np.cos(angles), np.sin(angles)], axis=1), "ring")


class GridOfGaussians(Points):
    """Equal Gaussians on a square grid around the origin, numbered row by row from the lowest.

    The grid of 25 of Gulrajani et al. 2017, figure 1 (https://arxiv.org/abs/1704.00028). Points are
    float32 [2], labels int32 mode numbers, `centers` float32 [side^2, 2]; all lie in the square of half
    width `extent` = spacing (side - 1) / 2 + 6 stddev, by which `encode` divides.

    Args:
        side: Gaussians per row and per column.
        spacing: between neighbours.
        stddev: of each Gaussian, in both directions.
        size: how many points.
        seed: of the draws; the same seed gives the same points.

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> grid = GridOfGaussians()
        >>> grid.num_classes, grid.centers[0].tolist(), grid.centers[24].tolist()
        (25, [-4.0, -4.0], [4.0, 4.0])
    """

    def __init__(self, side: int = 5, spacing: float = 2.0, stddev: float = 0.05, size: int = 50_000, seed: int = 0):
        self.side = whole("side", side, 1, 100)
        self.spacing = real("spacing", spacing, SMALLEST, LARGEST, above=0)
        self.stddev = real("stddev", stddev, SMALLEST, LARGEST, above=0)
        self.size = whole("size", size, 1, MOST)
        self.seed = whole("seed", seed)
        self.extent = self.spacing * (self.side - 1) / 2 + TAIL * self.stddev
        ticks = self.spacing * (np.arange(self.side) - (self.side - 1) / 2)
        y, x = np.meshgrid(ticks, ticks, indexing="ij")
        self._hold_gaussians(np.stack([x.ravel(), y.ravel()], axis=1), "grid")


class SwissRoll(Points):
    """A spiral with Gaussian noise: one connected set with a thin support, without modes or labels.

    With t uniform in [1.5 pi, 4.5 pi], a point is radius t / (4.5 pi) (cos t, sin t) plus noise; the swiss
    roll of Gulrajani et al. 2017, figure 1 (https://arxiv.org/abs/1704.00028), in the plane. Points are
    float32 [2]; `encode` divides by `extent` = radius + 6 stddev.

    Args:
        radius: of the spiral's outer end; the inner end lies at a third of it.
        stddev: of the noise in both directions.
        size: how many points.
        seed: of the draws; the same seed gives the same points.

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> batch = SwissRoll().batch([0, 1, 2])
        >>> batch.images.shape, batch.labels is None
        ((3, 2), True)
    """

    def __init__(self, radius: float = 2.0, stddev: float = 0.03, size: int = 50_000, seed: int = 0):
        self.radius = real("radius", radius, SMALLEST, LARGEST, above=0)
        self.stddev = real("stddev", stddev, 0.0, LARGEST)
        self.size = whole("size", size, 1, MOST)
        self.seed = whole("seed", seed)
        self.extent = self.radius + TAIL * self.stddev
        draws = generator(self.seed, "swiss roll")
        outer = 4.5 * np.pi
        t = draws.uniform(outer / 3, outer, self.size)
        spiral = np.stack([np.cos(t), np.sin(t)], axis=1) * (self.radius * t / outer)[:, None]
        self.hold((spiral + self.stddev * draws.standard_normal([self.size, 2])).astype(np.float32))


class ParallelLines(Points):
    """Two parallel segments, {0} x [0, 1] and {theta} x [0, 1], uniform on each.

    Example 1 of Arjovsky, Chintala and Bottou 2017 (https://arxiv.org/abs/1701.07875): between the two
    segments W = |theta|, while JS = log 2, KL is infinite and TV = 1 for every theta but 0. Points are
    float32 [2], labels int32: 0 for the segment at 0, 1 for the one at theta. `encode` divides by
    `extent` = max(1, |theta|).

    Args:
        theta: where the second segment lies; any number, also 0 and negative ones.
        size: how many points, on both segments together.
        seed: of the draws; the same seed gives the same points.

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> lines = ParallelLines(theta=0.5)
        >>> images, labels = lines.batch(range(1000))
        >>> sorted(set(images[labels == 1, 0].tolist()))
        [0.5]
    """

    class_names = ("0", "theta")

    def __init__(self, theta: float = 1.0, size: int = 50_000, seed: int = 0):
        self.theta = real("theta", theta, -LARGEST, LARGEST)
        self.size = whole("size", size, 1, MOST)
        self.seed = whole("seed", seed)
        self.extent = max(1.0, math.fabs(self.theta))
        draws = generator(self.seed, "parallel lines")
        labels = draws.integers(2, size=self.size, dtype=np.int32)
        heights = draws.random(self.size, np.float32)
        self.hold(np.stack([np.float32(self.theta) * labels.astype(np.float32), heights], axis=1), labels)
