"""Gaussian noise that is keyed by position."""

from typing import Annotated

import tensorflow as tf

from kgan.layers.noise import NoiseLayer
from kgan.ranges import Range


class GaussianNoise(NoiseLayer):
    """Adds independent noise from N(0, stddev^2) to each value. Salimans et al. 2016, section 6.1, have it behind every
    layer of their discriminator (https://arxiv.org/abs/1606.03498).

    Unlike Keras' layer of this name it keeps no state: in a game, replicas see what one device sees, and a resumed
    training goes on exactly. See `kgan.randomness`. (Noise on the images alone is `kgan.augment.InstanceNoise`.)

    Args:
        stddev: standard deviation of the noise, at least 0.
        at_inference: whether it also adds noise outside training; see `Dropout`.

    Input and output: [N, ...], N examples.

    Raises:
        ValueError: stddev is outside its range.

    Example:
        >>> x = tf.zeros([100, 100])
        >>> bool(tf.abs(tf.math.reduce_std(GaussianNoise(0.1)(x, training=True)) - 0.1) < 0.005)
        True
        >>> bool(tf.reduce_all(GaussianNoise(0.1)(x) == x))
        True
    """

    def __init__(self, stddev: Annotated[float, Range("[0, inf)")], at_inference: bool = False, **kwargs):
        super().__init__(at_inference, **kwargs)
        self.stddev = stddev

    def changed(self, inputs, shape, draws):
        return inputs + self.stddev * tf.cast(draws.normal(shape), inputs.dtype)
