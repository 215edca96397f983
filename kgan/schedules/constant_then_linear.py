"""A learning rate that falls to zero at the end."""

from typing import Annotated

import keras
import tensorflow as tf

from kgan.configurable import Configurable
from kgan.ranges import Count, Positive, Range


class ConstantThenLinear(Configurable, keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that is constant for `constant` updates, and then falls linearly to 0 at update `steps`. Zhu et
    al. 2017, section 4 (https://arxiv.org/abs/1703.10593), where each part lasts 100 epochs.

    Args:
        initial: the rate of the first update, above 0.
        constant: how many updates have it.
        steps: how many updates there are in all, more than `constant`.

    Raises:
        ValueError: nothing is left for the fall.

    Example:
        >>> rate = ConstantThenLinear(2e-4, constant=100, steps=200)
        >>> [round(float(rate(n)), 6) for n in (0, 100, 150, 200)]
        [0.0002, 0.0002, 0.0001, 0.0]
    """

    def __init__(
        self, initial: Positive = 2e-4, constant: Annotated[int, Range("[0, inf)")] = 10_000, steps: Count = 20_000
    ):
        if constant >= steps:
            raise ValueError(f"constant must be less than steps, so that the rate can fall; got {constant} of {steps}.")
        self.initial, self.constant, self.steps = initial, constant, steps

    def __call__(self, step):
        left = (self.steps - tf.cast(step, tf.float32)) / (self.steps - self.constant)
        return self.initial * tf.clip_by_value(left, 0.0, 1.0)
