"""The one-sided gradient penalty."""

import tensorflow as tf

from kgan.ranges import Weight
from kgan.regularizers.input_gradient import gradient_norm, interpolate
from kgan.regularizers.regularizer import Regularizer


class LipschitzPenalty(Regularizer):
    """weight * mean(max(0, |grad D(x_hat)| - 1)^2) on random points between data and fakes.

    The penalty of Petzka et al. 2018, equation 8 (https://arxiv.org/abs/1709.08894): only gradients
    above 1 violate the Lipschitz condition, so only they are penalised. For a linear critic
    D(x) = w.x it is weight * max(0, |w| - 1)^2. As with `GradientPenalty`, the discriminator must not couple the
    examples of a minibatch.

    Args:
        weight: lambda, at least 0; the paper uses 5 to 100 and finds WGAN-LP insensitive to it.

    Example:
        >>> from kgan.batch import Batch
        >>> from kgan.randomness import Draws
        >>> real, fake = Batch(tf.zeros([4, 2])), Batch(tf.ones([4, 2]))
        >>> flat = lambda batch: tf.linalg.matvec(batch.images, [0.3, 0.4])
        >>> float(LipschitzPenalty()(flat, real, fake, Draws(0, "penalty")))
        0.0
    """

    per_example = True
    second_derivatives = True

    def __init__(self, weight: Weight = 10.0):
        self.weight = weight

    def __call__(self, score, real, fake, draws):
        norm = gradient_norm(score, interpolate(real, fake, draws))
        return self.weight * tf.reduce_mean(tf.square(tf.maximum(norm - 1, 0.0)))
