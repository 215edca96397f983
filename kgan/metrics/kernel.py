"""The kernel distance: the unbiased squared maximum mean discrepancy with a cubic kernel."""

import math

import numpy as np

from kgan.metrics.arrays import at_least, feature_pair


def kernel_distance(real, fake, subsets=100, subset_size=1000, seed=2020):
    """MMD^2 with k(x, y) = (x.y / d + 1)^3, unbiased, over random subsets of both sets: its mean and its deviation.

    The distance of Bińkowski et al. 2018, section 4 (https://arxiv.org/abs/1801.01401). It is called KID only on the
    features of the verified Inception network of 2015. Its expectation does not depend on the number of samples.

    Args:
        real: features [N, d], any integers or floats; the sums are made in float64.
        fake: features [M, d].
        subsets: how many pairs of subsets; 100 in the paper's command line.
        subset_size: rows drawn from each set, without replacement, for one value; from 2 to the smaller set.
        seed: of RandomState(seed), which draws for each pair first of the fakes, then of the reals: with the reals as
            torch-fidelity's second input, its subsets.

    Returns:
        (mean, std) of the values of the subsets, floats; std has no ddof. 0 is expected of equal distributions, so
        a value may be negative; there is no upper bound. Tables usually print 1000 times the mean. The subsets overlap,
        so that std / sqrt(subsets) is less than the error of the mean.

    Raises:
        ValueError: a wrong shape or type, different d, NaN or infinity, or a set smaller than `subset_size`.

    Example:
        >>> import numpy as np
        >>> zeros, ones = np.zeros([4, 2]), np.ones([4, 2])
        >>> kernel_distance(zeros, ones, subsets=3, subset_size=4)  # 1 + (1 + 1)^3 - 2
        (7.0, 0.0)
    """
    real, fake = feature_pair(real, fake)
    subsets, size = at_least(subsets, 1, "subsets"), at_least(subset_size, 2, "subset_size")
    if size > min(len(real), len(fake)):
        raise ValueError(
            f"subsets of {size} need at least {size} rows of each set; got {len(real)} real and {len(fake)} fake. "
            f"Give more, or a smaller subset_size, and print it beside the value."
        )
    generator = np.random.RandomState(seed)
    values = []
    for _ in range(subsets):
        fakes = fake[generator.choice(len(fake), size, replace=False)]
        reals = real[generator.choice(len(real), size, replace=False)]
        values.append(_unbiased(fakes.astype(np.float64), reals.astype(np.float64)))
    mean = float(np.mean(values))
    # math.hypot, because the squares of the largest values would overflow.
    return mean, math.hypot(*(value - mean for value in values)) / math.sqrt(subsets)


def _unbiased(x, y):
    count = len(x)
    within = sum(k.sum() - np.trace(k) for k in (_kernel(x, x), _kernel(y, y)))
    return within / (count * (count - 1)) - 2 * _kernel(x, y).sum() / count**2


def _kernel(x, y):
    base = x @ y.T / x.shape[1] + 1
    return base * base * base
