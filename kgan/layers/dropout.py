"""Dropout whose masks are keyed by position."""

from typing import Annotated

import tensorflow as tf

from kgan.layers.noise import NoiseLayer
from kgan.ranges import Range


class Dropout(NoiseLayer):
    """Sets each value to 0 with the probability `rate`, and divides the others by 1 - rate, so that means stay as they
    are. Hinton et al. 2012 (https://arxiv.org/abs/1207.0580).

    Unlike Keras' layer of this name it keeps no state: in a game, replicas see what one device sees, and a resumed
    training goes on exactly. See `kgan.randomness`.

    Args:
        rate: the probability of a 0, in [0, 1).
        at_inference: whether it also drops values outside training. So pix2pix has it, whose only noise it is (Isola
            et al. 2017, section 3.2, https://arxiv.org/abs/1611.07004). `sample(n, seed)` then takes the masks from its
            seed, an export from the `seed` that it is given; a call of the game and `predict` take seed 0, for each
            batch anew.

    Input and output: [N, ...], N examples.

    Raises:
        ValueError: rate is outside its range.

    Example:
        >>> x = tf.ones([100, 100])
        >>> y = Dropout(0.2)(x, training=True)
        >>> sorted(set(y.numpy().ravel().tolist())), bool(tf.abs(tf.reduce_mean(y) - 1) < 0.05)
        ([0.0, 1.25], True)
        >>> bool(tf.reduce_all(Dropout(0.2)(x) == x))
        True
    """

    def __init__(self, rate: Annotated[float, Range("[0, 1)")], at_inference: bool = False, **kwargs):
        super().__init__(at_inference, **kwargs)
        self.rate = rate

    def changed(self, inputs, shape, draws):
        kept = draws.uniform(shape) >= self.rate
        return inputs * tf.where(kept, tf.constant(1 / (1 - self.rate), inputs.dtype), tf.zeros([], inputs.dtype))
