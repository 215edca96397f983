"""Adversarial losses: the pairs of equations that papers print for two players with the same game.

Each value has `discriminator(real_scores, fake_scores)` and `generator(fake_scores)`: raw, unbounded
scores in, a scalar to descend out. D(x) = sigmoid(score), and log sigmoid(s) = -softplus(-s), so no
logarithm of a rounded probability is ever taken.
"""

from tensorflow import reduce_mean as mean
from tensorflow.nn import softplus

from kgan.configurable import Configurable


class AdversarialLoss(Configurable):
    """What the discriminator and the generator descend, as functions of scores of any shape."""

    def discriminator(self, real_scores, fake_scores):
        raise NotImplementedError

    def generator(self, fake_scores):
        raise NotImplementedError


class NonSaturating(AdversarialLoss):
    """The loss that the first GAN paper recommends in practice. Goodfellow et al. 2014, section 3
    (https://arxiv.org/abs/1406.2661): the generator maximises log D(G(z)).

    At the optimal discriminator the generator's gradient is that of KL(p_g, p_r) - 2 JSD(p_g, p_r)
    (Arjovsky & Bottou 2017, theorem 2.5), which prefers dropping modes to making bad samples.

    Example:
        >>> import tensorflow as tf
        >>> float(NonSaturating().generator(tf.constant([0.0])))  # log 2
        0.6931471824645996
    """

    def discriminator(self, real_scores, fake_scores):
        return mean(softplus(-real_scores)) + mean(softplus(fake_scores))  # -log D(x) - log(1 - D(G(z)))

    def generator(self, fake_scores):
        return mean(softplus(-fake_scores))  # -log D(G(z))


class Minimax(AdversarialLoss):
    """The zero-sum game itself. Goodfellow et al. 2014, equation 1 and Algorithm 1
    (https://arxiv.org/abs/1406.2661): the generator minimises log(1 - D(G(z))).

    Its gradient vanishes where the discriminator is sure of the fakes: saturating. At the optimal
    discriminator the value -discriminator(...) is 2 JSD(p_r, p_g) - 2 log 2.

    Example:
        >>> import tensorflow as tf
        >>> float(Minimax().generator(tf.constant([0.0])))  # -log 2
        -0.6931471824645996
    """

    def discriminator(self, real_scores, fake_scores):
        return mean(softplus(-real_scores)) + mean(softplus(fake_scores))  # -log D(x) - log(1 - D(G(z)))

    def generator(self, fake_scores):
        return -mean(softplus(fake_scores))  # log(1 - D(G(z)))
