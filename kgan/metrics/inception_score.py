"""The Inception Score."""

import warnings

import numpy as np
from scipy.special import log_softmax, logsumexp

from kgan.metrics.arrays import at_least, features


def inception_score(logits, splits=10, shuffle_seed=2020):
    """exp(mean_x KL(p(y|x) || p(y))) over parts of the samples: its mean and its standard deviation.

    The score of Salimans et al. 2016, section 4 (https://arxiv.org/abs/1606.03498). It is called IS only on the logits
    without bias of the verified Inception network of 2015 (with the bias it is another number), from 50,000 samples,
    in 10 splits; on another classifier it is a classifier score. p(y) is the mean over one split, rows
    i N // splits to (i + 1) N // splits.

    Args:
        logits: [N, classes], any integers or floats; softmax is taken here, in float64.
        splits: parts, each of which gives one score; 10 in the paper's code.
        shuffle_seed: of the permutation RandomState(seed).permutation(N) before the split, so that samples that come
            class by class do not leave one class in each part. 2020 is torch-fidelity's; None keeps the order.

    Returns:
        (mean, std) over the splits, floats; std has no ddof. Each score is from 1 (every p(y|x) the same) to the
        number of classes (each class sure, all equally often).

    Raises:
        ValueError: a wrong shape or type, NaN or infinity, or fewer samples than splits.

    Warns:
        UserWarning: fewer than 10 samples in a split, whose p(y) then says little.

    Example:
        >>> import numpy as np
        >>> sure = 1000 * np.tile(np.eye(4), (10, 1))
        >>> [round(value, 9) for value in inception_score(sure, splits=1)]
        [4.0, 0.0]
    """
    logits = features(logits, "logits")
    splits = at_least(splits, 1, "splits")
    count = len(logits)
    if count < splits:
        raise ValueError(f"{splits} splits need at least as many samples; got {count}.")
    if count < 10 * splits:
        warnings.warn(f"{count} samples in {splits} splits: fewer than 10 in each.", stacklevel=2)
    order = np.arange(count) if shuffle_seed is None else np.random.RandomState(shuffle_seed).permutation(count)
    scores = [_score(logits[order[i * count // splits : (i + 1) * count // splits]]) for i in range(splits)]
    return float(np.mean(scores)), float(np.std(scores))


def _score(logits):
    log_conditional = log_softmax(logits.astype(np.float64), axis=1)
    log_marginal = logsumexp(log_conditional, axis=0) - np.log(len(logits))  # finite where the probability is 0
    return np.exp((np.exp(log_conditional) * (log_conditional - log_marginal)).sum(axis=1).mean())
