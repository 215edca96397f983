"""The zero-centred gradient penalty on data."""

import tensorflow as tf

from kgan.ranges import Count, Weight
from kgan.regularizers.input_gradient import squared_gradient_norm
from kgan.regularizers.regularizer import Regularizer


class R1(Regularizer):
    """weight / 2 * E |grad D(x)|^2 on data. Mescheder et al. 2018, equation 9
    (https://arxiv.org/abs/1801.04406), there called gamma, with the half.

    Zero-centred: it vanishes where D is flat on the data, as it is when the generator has learnt them. For a linear
    critic D(x) = w.x it is weight * |w|^2 / 2. The gradient is taken of the raw score; where the discriminator couples
    the examples of a minibatch, as `MinibatchStddev` does in StyleGAN2, of the sum of all their scores.

    Args:
        weight: gamma, at least 0; 10 in the paper's experiments with images.
        every: k: computed at every k-th update of the discriminator only, and then k times as heavy: the lazy
            regularisation of StyleGAN2, appendix B (https://arxiv.org/abs/1912.04958), with k = 16. An update
            without it costs about half. On several replicas, games refuse it with batch normalisation in the
            discriminator, whose statistics cannot be shared in some updates only.

    Raises:
        ValueError: weight is below 0 or every below 1.

    Example:
        >>> from kgan.batch import Batch
        >>> from kgan.randomness import Draws
        >>> real, fake = Batch(tf.zeros([4, 2])), Batch(tf.ones([4, 2]))
        >>> quadratic = lambda batch: tf.reduce_sum(batch.images**2, axis=1)  # its gradient is 2 x
        >>> float(R1(1.0)(quadratic, real, fake, Draws(0, "penalty")))
        0.0
    """

    second_derivatives = True

    def __init__(self, weight: Weight = 10.0, every: Count = 1):
        self.weight, self.every = weight, every

    def __call__(self, score, real, fake, draws):
        return self.weight / 2 * tf.reduce_mean(squared_gradient_norm(score, real))
