"""The uniform prior."""

import math

import tensorflow as tf

from kgan.priors.prior import Prior


class Uniform(Prior):
    """Independent latents of U[-1, 1).

    Example:
        >>> from kgan.randomness import Draws
        >>> bool(tf.reduce_all(tf.abs(Uniform().draw(Draws(0, "latents"), 4, 2)) <= 1))
        True
    """

    def draw(self, draws, count, width):
        return draws.uniform([count, width], -1.0, 1.0)

    def from_normal(self, normal):
        return tf.math.erf(normal / math.sqrt(2))
