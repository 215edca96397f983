"""Precision, recall, density and coverage: whether fakes look real, and whether they are as various."""

import numpy as np

from kgan.metrics.arrays import at_least, feature_pair
from kgan.metrics.neighbors import ROUNDING, blocks, center, nearest, squared_distances


def precision_recall_density_coverage(real, fake, k=5):
    """What share of each set lies in the balls of the other, a ball reaching to the k-th neighbour in its own set.

    Naeem et al. 2020, section 3 (https://arxiv.org/abs/2002.09797). Precision: the share of fakes in any ball of a
    real one. Recall: the share of reals in any ball of a fake one. Density: the mean number of balls of reals that a
    fake is in, over k. Coverage: the share of reals with a fake in their ball. Inside is strictly inside: a ball of
    radius 0, which duplicates have, holds nothing.

    The distances are computed in blocks, in float64, so that 50,000 features of 2048 numbers fit in memory; one that
    rounding could put on the wrong side of a radius is computed again from the differences.

    Args:
        real: features [N, d], any integers or floats. Values depend on the sizes; 10,000 of each is usual.
        fake: features [M, d].
        k: the neighbour, itself not counted, at which a ball ends; 5 in the paper. At most N - 1 and M - 1.

    Returns:
        A dict of floats: "precision", "recall" and "coverage" from 0 to 1, "density" at least 0 and about 1 for equal
        distributions.

    Raises:
        ValueError: wrong shapes or types, different d, NaN or infinity, or k not below the sizes.

    Example:
        >>> real, fake = [[0.0], [1.0], [2.0]], [[0.5], [0.6], [9.0]]
        >>> scores = precision_recall_density_coverage(real, fake, k=1)
        >>> {name: round(value, 6) for name, value in scores.items()}
        {'precision': 0.666667, 'recall': 0.666667, 'density': 1.333333, 'coverage': 0.666667}
    """
    in_real, in_fake, covered = _memberships(real, fake, k, np.less)
    return {
        "precision": float((in_real > 0).mean()),
        "recall": float(in_fake.mean()),
        "density": float(in_real.mean() / k),
        "coverage": float(covered.mean()),
    }


def precision_recall(real, fake, k=3):
    """Precision and recall as Kynkäänniemi et al. 2019 have them (https://arxiv.org/abs/1904.06991), Algorithm 1.

    As in `precision_recall_density_coverage`, but a point on a ball's surface is in it, which matters where there are
    duplicates, and k is 3. The paper's features are VGG16's; print which were used.

    Returns:
        A dict of floats from 0 to 1: "precision" and "recall".

    Example:
        >>> same = [[0.0], [0.0], [1.0], [1.0]]
        >>> precision_recall(same, same, k=1)
        {'precision': 1.0, 'recall': 1.0}
    """
    in_real, in_fake, _ = _memberships(real, fake, k, np.less_equal)
    return {"precision": float((in_real > 0).mean()), "recall": float(in_fake.mean())}


def _memberships(real, fake, k, inside):
    """For each fake the number of real balls it is in; for each real whether it is in a fake ball, and has a fake."""
    real, fake = feature_pair(real, fake)
    if at_least(k, 1, "k") >= min(len(real), len(fake)):
        raise ValueError(f"k must be below the number of reals, {len(real)}, and fakes, {len(fake)}; got {k}.")
    real_radii, fake_radii = _squared_radii(real, k), _squared_radii(fake, k)
    origin = center(real)
    centered = fake - origin
    norms = np.einsum("nd,nd->n", centered, centered)
    in_real, in_fake, covered = np.zeros(len(fake), np.int64), np.zeros(len(real), bool), np.zeros(len(real), bool)
    for block in blocks(len(real), len(fake)):
        rows = real[block] - origin
        squared = np.square(rows).sum(axis=1)[:, None] + norms
        rounding = squared * (ROUNDING * (real.shape[1] + 4))
        squared -= 2 * (rows @ centered.T)

        def holds(radii, block=block, squared=squared, rounding=rounding):
            answer = inside(squared, radii)
            pairs = np.nonzero(np.abs(squared - radii) <= rounding)
            for part in blocks(len(pairs[0]), real.shape[1]):
                i, j = pairs[0][part], pairs[1][part]
                exact = squared_distances(real[block][i], fake[j])
                answer[i, j] = inside(exact, np.broadcast_to(radii, answer.shape)[i, j])
            return answer

        of_reals = holds(real_radii[block, None])
        in_real += of_reals.sum(axis=0)
        covered[block] = of_reals.any(axis=1)
        in_fake[block] = holds(fake_radii).any(axis=1)
    return in_real, in_fake, covered


def _squared_radii(values, k):
    return nearest(values, values, k, own=np.arange(len(values)))[0][:, -1]
