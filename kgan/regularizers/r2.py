"""The zero-centred gradient penalty on fakes."""

import tensorflow as tf

from kgan.ranges import Count, Weight
from kgan.regularizers.input_gradient import squared_gradient_norm
from kgan.regularizers.regularizer import Regularizer


class R2(Regularizer):
    """weight / 2 * E |grad D(x)|^2 on fakes: the counterpart of `R1`. Mescheder et al. 2018, equation 10
    (https://arxiv.org/abs/1801.04406), there called gamma, with the half.

    For a linear critic D(x) = w.x it is weight * |w|^2 / 2. The fakes are detached: only the discriminator learns
    from it. With a discriminator that couples the examples of a minibatch, see `R1`.

    Args:
        weight: gamma, at least 0; 10 in the paper's experiments with images.
        every: k: computed at every k-th update of the discriminator only, and then k times as heavy, see `R1`.

    Raises:
        ValueError: weight is below 0 or every below 1.

    Example:
        >>> from kgan.batch import Batch
        >>> from kgan.randomness import Draws
        >>> real, fake = Batch(tf.zeros([4, 2])), Batch(tf.ones([4, 2]))
        >>> quadratic = lambda batch: tf.reduce_sum(batch.images**2, axis=1)  # its gradient is 2 x
        >>> float(R2(1.0)(quadratic, real, fake, Draws(0, "penalty")))
        4.0
    """

    second_derivatives = True

    def __init__(self, weight: Weight = 10.0, every: Count = 1):
        self.weight, self.every = weight, every

    def __call__(self, score, real, fake, draws):
        return self.weight / 2 * tf.reduce_mean(squared_gradient_norm(score, fake))
