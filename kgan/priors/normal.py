"""The normal prior."""

import numpy as np
import tensorflow as tf

from kgan.priors.prior import Prior


class Normal(Prior):
    """Independent latents of N(0, 1).

    Example:
        >>> from kgan.randomness import Draws
        >>> Normal().draw(Draws(0, "latents"), 4, 2).shape
        TensorShape([4, 2])
    """

    def draw(self, draws, count, width):
        return draws.normal([count, width])

    def truncated(self, draws, count, width, threshold):
        # Inverts the distribution function of the truncated normal: exact for every T, without drawing again.
        edge = 0.5 * tf.math.erfc(tf.constant(threshold / np.sqrt(2), tf.float64))
        u = tf.cast(draws.uniform([count, width]), tf.float64)
        # u is a multiple of 2^-23. u = 0 would give the edge itself, which is -inf for a large T, and is replaced by
        # the middle of [0, 2^-23).
        u = tf.where(u == 0, tf.constant(2.0**-24, tf.float64), u)
        return tf.cast(tf.math.ndtri(edge + u * (1 - 2 * edge)), tf.float32)

    def from_normal(self, normal):
        return normal
