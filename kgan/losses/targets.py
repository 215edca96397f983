"""Soft and noisy targets of a discriminator: numbers, ranges to draw from, flips."""

import tensorflow as tf


class Targets:
    """The targets of real and fake scores, drawn anew for each sample and update.

    Args:
        real: the target of the data: a number, or a range (low, high) from which each sample's is drawn.
        fake: that of the fakes, likewise.
        flip: the probability, from 0 to 1, that a sample gets a target of the other kind.
    """

    def __init__(self, real, fake, flip):
        self.real, self.fake = _range("real_labels", real), _range("fake_labels", fake)
        if not 0 <= flip <= 1:
            raise ValueError(f"flip is a probability from 0 to 1; got {flip}.")
        self.flip = flip

    def __call__(self, real_scores, fake_scores, draws):
        """(real targets, fake targets): numbers where nothing is random, else tensors of shape [N, 1, ...]."""
        if not (self.flip or self.real[0] < self.real[1] or self.fake[0] < self.fake[1]):
            return self.real[0], self.fake[0]
        if draws is None:
            raise ValueError("These labels are drawn, so discriminator(...) needs draws=, as kgan.randomness has them.")
        u = draws.uniform([tf.shape(real_scores)[0], 4])
        targets = []
        for scores, own, other, at in ((real_scores, self.real, self.fake, 0), (fake_scores, self.fake, self.real, 2)):
            low, high = (tf.where(u[:, at] < self.flip, o, s) for s, o in zip(own, other, strict=True))
            drawn = low + (high - low) * u[:, at + 1]
            targets.append(tf.reshape(drawn, [-1] + [1] * (len(scores.shape) - 1)))
        return tuple(targets)

    @property
    def moments(self):
        """((mean, variance) of a real sample's target, the same of a fake's), flips included."""
        return _moments(self.real, self.fake, self.flip), _moments(self.fake, self.real, self.flip)


def _range(name, value):
    low, high = value if isinstance(value, list | tuple) and len(value) == 2 else (value, value)
    if not (isinstance(low, int | float) and isinstance(high, int | float) and low <= high):
        raise ValueError(f"{name} must be a number, or a range such as (0.7, 1.2); got {value!r}.")
    return float(low), float(high)


def _moments(own, other, flip):
    parts = [(1 - flip, own), (flip, other)]
    mean = sum(share * (low + high) / 2 for share, (low, high) in parts)
    square = sum(share * (low * low + low * high + high * high) / 3 for share, (low, high) in parts)
    return mean, max(square - mean * mean, 0.0)
