"""The Fréchet distance between the Gaussians of two sets of features."""

from functools import cached_property

import numpy as np
from scipy.linalg import svdvals

from kgan.metrics.arrays import features

ROWS = 4096  # turned to float64 at a time


def frechet_distance(real_features, fake_features, ddof=1):
    """|m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2) of the means and covariances of two sets of features.

    The distance of Dowson & Landau 1982 between two Gaussians, as Heusel et al. 2017 use it, equation 6
    (https://arxiv.org/abs/1706.08500). It is called FID only on the features of the verified Inception network of
    2015; on others it is a Fréchet distance of those features. It falls with the number of samples, and differently
    for different generators (https://arxiv.org/abs/1911.07023), so that only values of the same sizes compare.

    Everything is float64. No matrix square root is taken: with S1 = L L^T the trace is the sum of the square roots of
    the eigenvalues of the symmetric L^T S2 L. A set with fewer rows than columns is never made a covariance: the trace
    is then the sum of singular values of a product of thin factors.

    Args:
        real_features: [N, d], the reference: any integers or floats, N at least 2; or `FeatureStatistics`, whose factor
            L is computed once and kept.
        fake_features: [M, d], or `FeatureStatistics`.
        ddof: covariances are over N - ddof and M - ddof: 1, unbiased, as Heusel et al. and most others have them; or 0,
            as StyleGAN2-ADA does (https://arxiv.org/abs/2006.06676).

    Returns:
        The squared distance as a float, in the squared unit of the features: 0 for equal means and covariances,
        without an upper bound. A negative value within rounding, 1e-8 (tr S1 + tr S2), is 0.

    Raises:
        ValueError: a wrong shape or type, different d, NaN or infinity, fewer than two rows, or another ddof.

    Example:
        >>> import numpy as np
        >>> corners = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])  # the covariance is 4/3 of 1
        >>> round(frechet_distance(corners, 2 * corners + [3.0, 0.0]), 12)  # 9 + 2 (2 - 1)^2 4/3
        11.666666666667
    """
    if isinstance(ddof, bool) or ddof not in (0, 1):
        raise ValueError(f"ddof must be 0 or 1; got {ddof!r}.")
    real, fake = _described(real_features, "real features"), _described(fake_features, "fake features")
    if len(real.mean) != len(fake.mean):
        raise ValueError(f"real and fake features must have the same d; got {len(real.mean)} and {len(fake.mean)}.")
    root = _trace_of_root(real, fake)
    # The statistics hold covariances that divide by N - 1. Dividing by N - ddof multiplies each by a factor, and the
    # root of their product by the root of both factors.
    first, second = ((x.count - 1) / (x.count - ddof) for x in (real, fake))
    spread = first * real.trace + second * fake.trace
    value = np.square(real.mean - fake.mean).sum() + spread - 2 * np.sqrt(first * second) * root
    return 0.0 if -1e-8 * spread < value < 0 else float(value)


class FeatureStatistics:
    """Number, mean and covariance of features that come batch by batch; two of them merge into one.

    Means and scatters are combined as in Chan, Golub & LeVeque 1983, without cancellation, in float64: batches of any
    sizes and in any order give the same numbers to rounding.

    Attributes:
        count: the number of rows so far.
        mean: float64 [d].
        covariance: float64 [d, d], unbiased: over count - 1.
        factor: float64 [d, rank], with covariance = factor factor^T. Computed when first asked for, then kept.

    Example:
        >>> import numpy as np
        >>> rows = np.random.default_rng(0).normal(size=(100, 3))
        >>> statistics = FeatureStatistics()
        >>> for batch in np.array_split(rows, 7):
        ...     statistics.update(batch)
        >>> statistics.count, bool(np.allclose(statistics.covariance, np.cov(rows.T), rtol=1e-12))
        (100, True)
        >>> frechet_distance(statistics, rows) < 1e-12
        True
    """

    def __init__(self):
        self.count = 0
        self._mean = self._scatter = None

    @classmethod
    def of(cls, values):
        """The statistics of one array [N, d]."""
        statistics = cls()
        statistics.update(values)
        return statistics

    def update(self, batch):
        """Adds the rows of a batch [n, d]."""
        batch = features(batch)
        if self._mean is not None and batch.shape[1] != len(self._mean):
            raise ValueError(f"features must have the same d in every batch; got {len(self._mean)}, {batch.shape[1]}.")
        for start in range(0, len(batch), ROWS):
            rows = batch[start : start + ROWS].astype(np.float64)
            mean = rows.mean(axis=0)
            rows -= mean
            self._add(len(rows), mean, rows.T @ rows)

    def merge(self, other):
        """The statistics of the rows of both, as a new object."""
        if self.count and other.count and len(self.mean) != len(other.mean):
            raise ValueError(f"features must have the same d; got {len(self.mean)} and {len(other.mean)}.")
        merged = FeatureStatistics()
        for part in (self, other):
            if part.count:
                merged._add(part.count, part._mean, part._scatter)
        return merged

    def arrays(self):
        """Everything as a dict of arrays, for np.savez(path, **statistics.arrays())."""
        return {"count": self.count, "mean": self.mean, "covariance": self.covariance, "factor": self.factor}

    @classmethod
    def from_arrays(cls, count, mean, covariance, factor=None):
        """What `arrays` gave: FeatureStatistics.from_arrays(**np.load(path)). Without `factor` it is computed."""
        mean, covariance = features(np.asarray(mean)[None], "the mean")[0], features(covariance, "the covariance")
        if covariance.shape != (len(mean), len(mean)):
            raise ValueError(f"a mean of {len(mean)} needs a square covariance; got {list(covariance.shape)}.")
        if np.ndim(count) or not np.isfinite(count) or int(count) != count or count < 2:
            raise ValueError(f"count must be an integer of at least 2; got {count!r}.")
        covariance = covariance.astype(np.float64)
        if not np.allclose(covariance, covariance.T, rtol=0, atol=1e-8 * np.abs(covariance).max()):
            raise ValueError("the covariance must be symmetric.")
        statistics = cls()
        statistics._add(int(count), mean.astype(np.float64), covariance * (int(count) - 1))
        if factor is None:
            if np.linalg.eigvalsh(covariance)[0] < -1e-8 * statistics.trace:
                raise ValueError("the covariance must not have negative eigenvalues.")
        else:
            factor = np.asarray(factor, np.float64)
            if factor.ndim != 2 or len(factor) != len(mean):
                raise ValueError(f"the factor must be [{len(mean)}, rank]; got {list(factor.shape)}.")
            if not np.allclose(factor @ factor.T, covariance, rtol=0, atol=1e-8 * statistics.trace):
                raise ValueError("the factor times its transpose must be the covariance.")
            statistics.factor = factor
        return statistics

    @property
    def mean(self):
        if not self.count:
            raise ValueError("statistics of no rows have no mean; update them first.")
        return self._mean

    @property
    def covariance(self):
        return self._scatter / self._degrees

    @property
    def trace(self):
        return float(np.trace(self._scatter / self._degrees))

    @property
    def _degrees(self):
        if self.count < 2:
            raise ValueError(f"a covariance needs at least 2 rows of features; got {self.count}.")
        return self.count - 1

    @cached_property
    def factor(self):
        values, vectors = np.linalg.eigh(self.covariance)
        kept = values > _rounding(values)
        return vectors[:, kept] * np.sqrt(values[kept])

    def _add(self, count, mean, scatter):
        self.__dict__.pop("factor", None)
        if not self.count:
            self.count, self._mean, self._scatter = count, mean.copy(), scatter.copy()
            return
        total = self.count + count
        change = mean - self._mean
        self._scatter += scatter
        self._scatter += np.outer(change, change * (self.count * count / total))
        self._mean = self._mean + change * (count / total)
        self.count = total


class _FewFeatures:
    """Statistics of fewer rows than columns: a thin factor [d, N - 1], never a covariance."""

    def __init__(self, values):
        rows = values.astype(np.float64)
        self.count = len(rows)
        self.mean = rows.mean(axis=0)
        rows -= self.mean
        self.trace = float(np.square(rows).sum() / (len(rows) - 1))
        # Helmert's contrasts (each row minus the mean of those before it, scaled) have the same scatter in N - 1 rows.
        before = np.arange(1, len(rows))[:, None]
        contrasts = rows[1:] - np.cumsum(rows, axis=0)[:-1] / before
        self.factor = (contrasts * np.sqrt(before / (before + 1) / (len(rows) - 1))).T


def _described(values, name):
    if isinstance(values, FeatureStatistics):
        return values
    values = features(values, name)
    if len(values) < 2:
        raise ValueError(f"{name} must have at least 2 rows for a covariance; got {len(values)}.")
    return _FewFeatures(values) if len(values) < values.shape[1] else FeatureStatistics.of(values)


def _trace_of_root(real, fake):
    """tr (S1 S2)^(1/2) = the sum of the singular values of L1^T L2, since L1^T S2 L1 = (L1^T L2)(L1^T L2)^T."""
    if isinstance(fake, FeatureStatistics):
        # Needs no factor of the fakes' covariance, which would double the work.
        values = np.linalg.eigvalsh(real.factor.T @ fake.covariance @ real.factor)
        if (values > _rounding(values)).all():
            return np.sqrt(values).sum()
    # Rank-deficient: the square root of a rounding error of 1e-16 would be 1e-8, the singular value is 1e-16 itself.
    product = real.factor.T @ fake.factor
    return svdvals(product).sum() if product.size else 0.0


def _rounding(values):
    """Eigenvalues up to here may be zeros; `values` ascend."""
    return values[-1] * len(values) * np.finfo(np.float64).eps if len(values) else 0.0
