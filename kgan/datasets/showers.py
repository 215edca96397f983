"""Footprints of air showers on a grid of particle detectors, simulated on the spot."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from kgan.datasets.draws import generator
from kgan.datasets.in_memory import InMemory
from kgan.datasets.validate import one_of, real, whole

# The primary particle, a proton.
ENERGIES = (1.0, 100.0)  # EeV
ZENITHS = (0.0, 60.0)  # degrees

# The longitudinal profile, along the axis of the shower.
GROUND_DEPTH = 880.0  # g/cm^2, vertical, about 1400 m above the sea
MEAN_XMAX = 750.0  # g/cm^2, at 1 EeV
ELONGATION_RATE = 55.0  # g/cm^2 per decade of energy
XMAX_SCALE = 45.0  # g/cm^2, of the Gumbel distribution; its standard deviation is 1.28 times that
EULER_GAMMA = 0.5772156649015329  # a Gumbel distribution's mean, in units of its scale
PARTICLES_PER_EEV = 6.5e8  # electrons and positrons at the maximum
ATTENUATION = 70.0  # g/cm^2, Gaisser-Hillas' lambda
FIRST_DEPTH = 0.0  # g/cm^2, Gaisser-Hillas' X_0

# The lateral distribution, across the axis.
MOLIERE_RADIUS = 90.0  # m, at the ground
MUONS_AT_1_EEV = 6.0e6
MUON_EXPONENT = 0.9  # of their growth with energy
MUON_FLUCTUATION = 0.12  # relative, from shower to shower
MUON_RADIUS = 320.0  # m, Greisen
CORE_RADIUS = 100.0  # m, within which the densities level off

# The detectors.
AREA = 10.0  # m^2 each, flat on the ground
UNIT_SIGNAL = 1.0  # particles: below it the scale of `encode` is linear, above it logarithmic
LARGEST_SIGNAL = 3.0e6  # particles; `encode` clips what is above, fewer than 1 image in 1000

MOST_SIGNALS = 2**31  # in all showers of a set; 4 bytes each
BLOCK = 256  # showers that share one stream of random numbers


class Showers(InMemory):
    r"""What a grid of detectors sees of proton showers of 1-100 EeV.

    A cosmic ray of energy E makes a cascade that arrives at the ground as a thin disc of particles. Each
    detector counts those that cross it; the picture of the counts has a bright core where the axis hits,
    falls off smoothly, and is stretched along the direction of an inclined axis.

    The primary: log E is uniform, the azimuth phi is uniform, and a flat detector sees zenith angles with
    density sin(theta) cos(theta), so sin^2(theta) is uniform up to sin^2(60 degrees). The depth of the
    maximum is a Gumbel variable of mean 750 + 55 lg(E / EeV) and standard deviation 58 g/cm^2.

    The longitudinal profile is that of Gaisser and Hillas (15th ICRC, 1977, volume 8, page 353), taken at
    the slant depth X = 880 g/cm^2 / cos(theta):

        N_e(X) = N_max ((X - X_0) / (X_max - X_0))^((X_max - X_0) / lambda) exp((X_max - X) / lambda)

    with N_max = 6.5e8 E / EeV, X_0 = 0 and lambda = 70 g/cm^2. The lateral distribution is that of Nishimura,
    Kamata and Greisen (Kamata and Nishimura, Prog. Theor. Phys. Suppl. 6, 1958, https://doi.org/10.1143/PTPS.6.93;
    Greisen, Ann. Rev. Nucl. Sci. 10, 1960), with the age s = 3 / (1 + 2 X_max / X) and the Moliere radius r_M = 90 m:

        rho_e(r) = N_e / r_M^2  C(s) (r / r_M)^(s - 2) (1 + r / r_M)^(s - 4.5)
        C(s) = Gamma(4.5 - s) / (2 pi Gamma(s) Gamma(4.5 - 2 s))

    Muons, which hardly fade with depth, are added with Greisen's function, N_mu = 6e6 (E / EeV)^0.9 with
    a fluctuation of 12%, and r_G = 320 m:

        rho_mu(r) = N_mu / r_G^2  Gamma(2.5) / (2 pi Gamma(1.25)^2) (r / r_G)^-0.75 (1 + r / r_G)^-2.5

    Here r is the distance to the axis in the shower's plane, r^2 = d^2 - (d . u)^2 for a detector at d
    from the core and the horizontal part u = sin(theta) (cos phi, sin phi) of the axis; r^2 + (100 m)^2
    takes the place of r^2 in the densities, since neither function is meant for the core. A detector of
    A = 10 m^2 counts n ~ Poisson((rho_e + rho_mu) A cos(theta)) particles.

    Images are float32 [rows, columns, 1], whole numbers of particles s >= 0; x grows with the column, y
    against the row. For networks they become

        encode: x = 2 log(1 + s / s_0) / log(1 + s_max / s_0) - 1,   s_0 = 1, s_max = 3e6 particles

    so that 0 becomes exactly -1; signals above s_max (fewer than 1 image in 1000 has one) are clipped.
    `decode` is the inverse, exact up to float32 (relative 1e-5). Labels are float32 [2]: the energy in
    EeV and the zenith angle in degrees, not scaled; their ranges are in `conditions`.

    The 16 x 16 grid is made in about a second; memory is 4 bytes per detector and shower.

    Args:
        split: "train" or "test": other showers of the same kind.
        size: how many showers. The first n showers are the same for every size.
        grid: (rows, columns) of the detectors, 4 to 128 each.
        spacing: between neighbouring detectors, in metres.
        jitter: the core falls uniformly within +- this part of the grid's extent from its centre, 0 to 0.5.
        threshold: detectors with fewer particles than this read 0.
        seed: of all draws; the same seed gives the same showers.

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> showers = Showers(size=100)
        >>> images, labels = showers.batch([0, 1, 2])
        >>> images.shape, labels.shape
        ((3, 16, 16, 1), (3, 2))

        The total signal of images, also of generated ones, is the sum over all but their first axis:

        >>> total_signal = showers.decode(showers.encode(images)).sum(axis=(1, 2, 3))
        >>> bool(np.allclose(total_signal, images.sum(axis=(1, 2, 3)), rtol=1e-5))
        True
    """

    def __init__(
        self,
        split: str = "train",
        size: int = 60_000,
        grid: tuple[int, int] = (16, 16),
        spacing: float = 375.0,
        jitter: float = 0.25,
        threshold: float = 0.0,
        seed: int = 0,
    ):
        self.split = one_of("split", split, ("train", "test"))
        if not isinstance(grid, list | tuple) or len(grid) != 2:
            raise ValueError(f"grid is {grid!r}; expected [rows, columns].")
        self.grid = (whole("grid's rows", grid[0], 4, 128), whole("grid's columns", grid[1], 4, 128))
        self.size = whole("size", size, 1, MOST_SIGNALS // (self.grid[0] * self.grid[1]))
        self.spacing = real("spacing", spacing, 1e-3, 1e6, above=0)
        self.jitter = real("jitter", jitter, 0.0, 0.5)
        self.threshold = real("threshold", threshold, 0.0, 1e12)
        self.seed = whole("seed", seed)
        self.conditions = {"energy": ENERGIES, "zenith": ZENITHS}
        self.hold(*self._simulate())

    def encode(self, images):
        signals = np.clip(np.asarray(images, np.float32), 0, LARGEST_SIGNAL)
        return np.float32(2 / DECADES) * np.log1p(signals / np.float32(UNIT_SIGNAL)) - np.float32(1)

    def decode(self, images):
        levels = (np.clip(np.asarray(images, np.float32), -1, 1) + np.float32(1)) * np.float32(DECADES / 2)
        return np.float32(UNIT_SIGNAL) * np.expm1(levels)

    def _simulate(self):
        """All images and labels, block by block on every core; a block knows nothing of the others."""
        images = np.empty([self.size, *self.grid, 1], np.float32)
        labels = np.empty([self.size, 2], np.float32)

        def fill(start):
            signals, conditions = self._block(start // BLOCK)
            images[start : start + BLOCK, ..., 0] = signals[: self.size - start]
            labels[start : start + BLOCK] = conditions[: self.size - start]

        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            list(pool.map(fill, range(0, self.size, BLOCK)))
        return images, labels

    def _block(self, number):
        """BLOCK showers: counts [BLOCK, rows, columns] and (energy, zenith angle) [BLOCK, 2]."""
        draws = generator(self.seed, "showers", self.split, number)
        energy = ENERGIES[0] * (ENERGIES[1] / ENERGIES[0]) ** draws.random(BLOCK)
        zenith = np.arcsin(np.sqrt(draws.random(BLOCK)) * np.sin(np.radians(ZENITHS[1])))
        azimuth = draws.uniform(0, 2 * np.pi, BLOCK)
        core = self.jitter * draws.uniform(-1, 1, [2, BLOCK])
        x_max = MEAN_XMAX + ELONGATION_RATE * np.log10(energy)
        x_max = x_max + draws.gumbel(-EULER_GAMMA * XMAX_SCALE, XMAX_SCALE, BLOCK)
        muons = MUONS_AT_1_EEV * energy**MUON_EXPONENT * np.exp(MUON_FLUCTUATION * draws.standard_normal(BLOCK))

        depth = GROUND_DEPTH / np.cos(zenith)
        electrons = gaisser_hillas(depth, PARTICLES_PER_EEV * energy, x_max)
        age = 3 / (1 + 2 * x_max / depth)
        distance = np.hypot(self._distances(zenith, azimuth, core), CORE_RADIUS)
        density = nkg(distance, _column(electrons), _column(age)) + muon_density(distance, _column(muons))
        counts = draws.poisson(density * _column(AREA * np.cos(zenith)))
        counts[counts < self.threshold] = 0
        return counts, np.stack([energy, np.degrees(zenith)], axis=1)

    def _distances(self, zenith, azimuth, core):
        """Distances [n, rows, columns] of the detectors from the axes, in the showers' planes, in metres."""
        rows, columns = self.grid
        x = self.spacing * (np.arange(columns) - (columns - 1) / 2 - _column(core[0] * columns))
        y = self.spacing * ((rows - 1) / 2 - np.arange(rows)[:, None] - _column(core[1] * rows))
        along = _column(np.sin(zenith) * np.cos(azimuth)) * x + _column(np.sin(zenith) * np.sin(azimuth)) * y
        return np.sqrt(np.maximum(x**2 + y**2 - along**2, 0))


DECADES = float(np.log1p(LARGEST_SIGNAL / UNIT_SIGNAL))  # natural ones, between 0 and the largest signal


def gaisser_hillas(depth, n_max, x_max):
    """The number of particles at a slant depth in g/cm^2; n_max of them at x_max.

    Example:
        >>> float(gaisser_hillas(800.0, n_max=1e9, x_max=800.0))
        1000000000.0
    """
    width = x_max - FIRST_DEPTH
    return n_max * ((depth - FIRST_DEPTH) / width) ** (width / ATTENUATION) * np.exp((x_max - depth) / ATTENUATION)


def nkg(distance, particles, age, radius=MOLIERE_RADIUS):
    """Particles per square metre at a distance in metres from the axis; over the plane they sum to `particles`."""
    from scipy.special import gammaln

    log_c = gammaln(4.5 - age) - gammaln(age) - gammaln(4.5 - 2 * age) - np.log(2 * np.pi)
    ratio = distance / radius
    return particles / radius**2 * np.exp(log_c) * ratio ** (age - 2) * (1 + ratio) ** (age - 4.5)


def muon_density(distance, muons, radius=MUON_RADIUS):
    """Muons per square metre at a distance in metres: Greisen's function, NKG's with age 1.25 and exponent -2.5.

    Over the plane they sum to `muons`.
    """
    from scipy.special import gamma

    ratio = distance / radius
    constant = gamma(2.5) / (2 * np.pi * gamma(1.25) ** 2)
    return muons / radius**2 * constant * ratio**-0.75 * (1 + ratio) ** -2.5


def _column(values):
    """[n] as [n, 1, 1]: a number per image beside its pixels."""
    return values[:, None, None]
