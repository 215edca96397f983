"""Which modes of a distribution a generator makes, and how evenly."""

import numpy as np

from kgan.metrics.arrays import at_least, features

GOOD = 3  # standard deviations from a centre
COVERED = 20  # good samples


def modes(samples, centers, stddev):
    """Modes of a mixture of equal Gaussians that are covered, and the share of samples that belong to one.

    A sample is good if it lies within 3 standard deviations of a centre; a mode is covered by 20 good samples. The
    counts depend on the number of samples: 2,500 are usual (Srivastava et al. 2017, https://arxiv.org/abs/1705.07761).

    Args:
        samples: [N, d].
        centers: [modes, d].
        stddev: of every mode, in each direction.

    Returns:
        {"modes": how many are covered, "good": share of good samples, "shares": float64 [modes], of the good samples}.

    Raises:
        ValueError: wrong shapes or types, different d, NaN or infinity, or a stddev that is not above 0.

    Example:
        >>> found = modes(np.repeat([[0.0], [0.5], [9.0]], 20, axis=0), centers=[[0.0], [1.0]], stddev=0.1)
        >>> found["modes"], round(found["good"], 3), found["shares"].tolist()
        (1, 0.333, [1.0, 0.0])
    """
    samples, centers = features(samples, "samples"), features(centers, "centers")
    if samples.shape[1] != centers.shape[1]:
        raise ValueError(f"samples and centers must have the same d; got {samples.shape[1]} and {centers.shape[1]}.")
    if not stddev > 0:
        raise ValueError(f"stddev must be above 0; got {stddev}.")
    distances = np.linalg.norm(samples[:, None].astype(np.float64) - centers[None], axis=2)
    good = distances.min(axis=1) <= GOOD * stddev
    counts = np.bincount(distances.argmin(axis=1)[good], minlength=len(centers))
    shares = counts / max(counts.sum(), 1)
    return {"modes": int((counts >= COVERED).sum()), "good": float(good.mean()), "shares": shares}


def class_shares(logits, labels):
    """How the classes that a classifier sees in generated images are distributed, beside those of the data.

    Args:
        logits: of the generated images [N, classes].
        labels: class numbers of the data.

    Returns:
        {"shares": float64 [classes], "total_variation": of the shares from the data's, from 0 to 1, "classes": how many
        have at least a tenth of the share that they have in the data}.

    Raises:
        ValueError: a wrong shape or type, NaN or infinity, or labels that are no classes of these logits.

    Example:
        >>> found = class_shares([[9.0, 0.0], [8.0, 1.0]], labels=[0, 1])
        >>> found["shares"].tolist(), found["total_variation"], found["classes"]
        ([1.0, 0.0], 0.5, 1)
    """
    logits, labels = features(logits, "logits"), np.asarray(labels)
    count = at_least(logits.shape[1], 1, "the number of classes")
    if (
        labels.ndim != 1
        or labels.dtype.kind not in "iu"
        or not len(labels)
        or not 0 <= labels.min() <= labels.max() < count
    ):
        raise ValueError(
            f"labels must be class numbers from 0 to {count - 1}; got {labels.dtype} {list(labels.shape)}."
        )
    shares = np.bincount(logits.argmax(axis=1), minlength=count) / len(logits)
    wanted = np.bincount(labels, minlength=count) / len(labels)
    covered = (shares >= 0.1 * wanted) & (wanted > 0)
    return {
        "shares": shares, "total_variation": float(np.abs(shares - wanted).sum() / 2), "classes": int(covered.sum()),
    }  # fmt: skip
