"""Learning rates for two time scales."""

import keras
import tensorflow as tf

from kgan.configurable import Configurable
from kgan.ranges import Positive


class TwoTimescale(Configurable, keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate a(n) = initial / (1 + n / half_life)^exponent. Heusel et al. 2017, assumption A2 of theorem 1
    (https://arxiv.org/abs/1706.08500).

    The theorem lets two players converge to a local Nash equilibrium if their rates, a(n) of the generator and b(n) of
    the discriminator, obey sum a = sum b = infinity, sum a^2 and sum b^2 finite, and a(n) = o(b(n)).
    With a(n) ~ n^-p the sum of a diverges for p <= 1 and that of a^2 converges for p > 1/2, and
    a(n) / b(n) ~ n^-(p - q) vanishes where the generator's exponent p is above the discriminator's q: say p = 0.9
    and q = 0.6. Constant rates, which the paper's experiments have, obey none of these.

    Args:
        initial: the rate of the first update, above 0.
        exponent: p, above 1/2 and at most 1.
        half_life: updates after which 1 + n / half_life is 2, above 0: for p = 1, those until the rate is halved. It
            changes no limit.

    Raises:
        ValueError: an argument is out of its range; an exponent outside (1/2, 1] breaks one of the two sums.

    Example:
        >>> rate = TwoTimescale(1e-3, exponent=1.0, half_life=100)
        >>> [round(float(rate(n)), 6) for n in (0, 100, 300)]
        [0.001, 0.0005, 0.00025]
    """

    def __init__(self, initial: Positive = 1e-3, exponent: float = 0.6, half_life: Positive = 1000.0):
        if not 0.5 < exponent <= 1:
            raise ValueError(
                f"exponent must be above 1/2, or the squares' sum is infinite, and at most 1, or the rates' sum is "
                f"finite; got {exponent}."
            )
        self.initial, self.exponent, self.half_life = initial, exponent, half_life

    def __call__(self, step):
        return self.initial * tf.pow(1 + tf.cast(step, tf.float32) / self.half_life, -self.exponent)
