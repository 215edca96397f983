"""The two-sided gradient penalty."""

import tensorflow as tf

from kgan.ranges import Weight
from kgan.regularizers.input_gradient import gradient_norm, interpolate
from kgan.regularizers.regularizer import Regularizer


class GradientPenalty(Regularizer):
    """weight * mean((|grad D(x_hat)| - 1)^2) on random points between data and fakes.

    The penalty of Gulrajani et al. 2017, Algorithm 1, line 7 (https://arxiv.org/abs/1704.00028), there
    called lambda. For a linear critic D(x) = w.x it is weight * (|w| - 1)^2 wherever it is taken.

    The norm is that of an example's own gradient, so games refuse it with a discriminator that couples the examples of
    a minibatch (section 4, "no critic batch normalization"): one with batch normalisation, `MinibatchDiscrimination` or
    `MinibatchStddev`. Layer normalisation is the paper's replacement.

    Args:
        weight: lambda, at least 0; 10 in the paper.

    Example:
        >>> from kgan.batch import Batch
        >>> from kgan.randomness import Draws
        >>> real, fake = Batch(tf.zeros([4, 2])), Batch(tf.ones([4, 2]))
        >>> linear = lambda batch: tf.linalg.matvec(batch.images, [3.0, 4.0])
        >>> float(GradientPenalty(10.0)(linear, real, fake, Draws(0, "penalty")))  # 10 (5 - 1)^2
        160.0
    """

    per_example = True
    second_derivatives = True

    def __init__(self, weight: Weight = 10.0):
        self.weight = weight

    def __call__(self, score, real, fake, draws):
        norm = gradient_norm(score, interpolate(real, fake, draws))
        return self.weight * tf.reduce_mean(tf.square(norm - 1))
