"""The hinge."""

import tensorflow as tf
from tensorflow import reduce_mean as mean

from kgan.losses.adversarial_loss import AdversarialLoss


class Hinge(AdversarialLoss):
    """A support vector machine's margin. Lim & Ye 2017, Geometric GAN, section 3 (https://arxiv.org/abs/1705.02894);
    also equations 16 and 17 of Miyato et al. 2018, on spectral normalisation (https://arxiv.org/abs/1802.05957).

    The discriminator learns from the scores inside the margin only, of data below 1 and of fakes above -1. The
    best one scores 1 where p_r > p_g and -1 elsewhere, and its loss is 2 - 2 TV(p_r, p_g), TV the total variation.

    Example:
        >>> import tensorflow as tf
        >>> float(Hinge().discriminator(tf.constant([2.0, 0.0]), tf.constant([-1.0, -1.0])))
        0.5
    """

    perfect = 0.0
    saturates = True

    def discriminator(self, real_scores, fake_scores, draws=None):
        return mean(tf.maximum(1 - real_scores, 0)) + mean(tf.maximum(1 + fake_scores, 0))

    def generator(self, fake_scores):
        return -mean(fake_scores)
