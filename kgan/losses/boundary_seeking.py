"""Boundary seeking."""

from tensorflow import reduce_mean as mean
from tensorflow import square
from tensorflow.nn import softplus

from kgan.losses.adversarial_loss import AdversarialLoss


class BoundarySeeking(AdversarialLoss):
    """The generator seeks the decision boundary. Hjelm et al. 2018, section 3 (https://arxiv.org/abs/1702.08431), for
    continuous data: it minimises 1/2 E (log D(G(z)) - log(1 - D(G(z))))^2.

    That logarithm of the odds is the score itself, so the loss is half its mean square; it vanishes where D = 1/2.

    Example:
        >>> import tensorflow as tf
        >>> float(BoundarySeeking().generator(tf.constant([-2.0, 2.0])))
        2.0
    """

    perfect = 0.0
    saturates = True

    def discriminator(self, real_scores, fake_scores, draws=None):
        return mean(softplus(-real_scores)) + mean(softplus(fake_scores))  # -log D(x) - log(1 - D(G(z)))

    def generator(self, fake_scores):
        return mean(square(fake_scores)) / 2
