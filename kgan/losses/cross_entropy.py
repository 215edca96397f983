"""The first GAN's losses: the discriminator descends a cross entropy.

D(x) = sigmoid(score), and log sigmoid(s) = -softplus(-s), so no logarithm of a rounded probability is ever taken.
"""

import math

from tensorflow import reduce_mean as mean
from tensorflow.nn import softplus

from kgan.losses.adversarial_loss import AdversarialLoss
from kgan.losses.targets import Targets


class CrossEntropy(AdversarialLoss):
    """-t log D - (1 - t) log(1 - D) with the target t; t = 1 for data and 0 for fakes unless told otherwise.

    The loss is linear in t, so that targets drawn from a range act, on average, like their mean; that must
    lie in [0, 1], since above 1 (or below 0) the loss would have no minimum. Single targets may lie outside, as
    with (0.7, 1.2): the gradient D - t stays bounded. The best discriminator of soft targets r and f is
    (r p_r + f p_g) / (p_r + p_g): a fake target above 0 pulls it up where only the generator is, which is why
    Salimans et al. 2016, section 3.4 (https://arxiv.org/abs/1606.03498), soften the real one alone.
    """

    def __init__(
        self,
        real_labels: float | tuple[float, float] = 1.0,
        fake_labels: float | tuple[float, float] = 0.0,
        flip: float = 0.0,
    ):
        self.real_labels, self.fake_labels, self.flip = real_labels, fake_labels, flip
        self._labels = Targets(real_labels, fake_labels, flip)
        for name, (low, high) in (("real_labels", self._labels.real), ("fake_labels", self._labels.fake)):
            if not 0 <= (low + high) / 2 <= 1:
                raise ValueError(
                    f"The mean of {name} must lie in [0, 1], or the cross entropy has no minimum; "
                    f"got {(low + high) / 2:g}."
                )

    @property
    def perfect(self):
        """The entropies of the targets: 0 for 1 and 0."""
        return sum(_entropy(t) for t, _ in self._labels.moments)

    @property
    def saturates(self):
        """With soft targets, large scores are as wrong as small ones."""
        return self.perfect == 0

    def discriminator(self, real_scores, fake_scores, draws=None):
        r, f = self._labels(real_scores, fake_scores, draws)
        return mean(_cross_entropy(r, real_scores)) + mean(_cross_entropy(f, fake_scores))


def _cross_entropy(t, scores):
    """-t log D - (1 - t) log(1 - D)."""
    if isinstance(t, float) and t in (0.0, 1.0):
        return softplus(-scores) if t else softplus(scores)
    return t * softplus(-scores) + (1 - t) * softplus(scores)


def _entropy(t):
    return -sum(p * math.log(p) for p in (t, 1 - t) if p > 0)


class NonSaturating(CrossEntropy):
    """The loss that the first GAN paper recommends in practice. Goodfellow et al. 2014, section 3
    (https://arxiv.org/abs/1406.2661): the generator maximises log D(G(z)).

    At the optimal discriminator the generator's gradient is that of KL(p_g, p_r) - 2 JSD(p_g, p_r)
    (Arjovsky & Bottou 2017, theorem 2.5), which prefers dropping modes to making bad samples.

    Args:
        real_labels: the discriminator's target for data: a number, or a range (low, high) from which each sample's is
            drawn. 0.9 is one-sided smoothing (Salimans et al. 2016), (0.7, 1.2) are soft labels.
            The mean must lie in [0, 1], or the loss has no minimum; a single target above 1 does no harm.
        fake_labels: that for fakes, such as (0.0, 0.3); softened, it also rewards what the generator does already.
        flip: noisy labels: the probability that a sample gets a target of the other kind; 0.01 to 0.05 is usual.

    Raises:
        ValueError: a label is neither a number nor a range, its mean is not in [0, 1], or flip is no probability.

    Example:
        >>> import tensorflow as tf
        >>> float(NonSaturating().generator(tf.constant([0.0])))  # log 2
        0.6931471824645996
    """

    def generator(self, fake_scores):
        return mean(softplus(-fake_scores))  # -log D(G(z))


class Minimax(CrossEntropy):
    """The zero-sum game itself. Goodfellow et al. 2014, equation 1 and Algorithm 1
    (https://arxiv.org/abs/1406.2661): the generator minimises log(1 - D(G(z))).

    Its gradient vanishes where the discriminator is sure of the fakes: saturating. At the optimal
    discriminator the value -discriminator(...) is 2 JSD(p_r, p_g) - 2 log 2.

    Args:
        real_labels, fake_labels, flip: the discriminator's targets, see `NonSaturating`. With others than 1 and 0
            the game is no longer zero-sum.

    Example:
        >>> import tensorflow as tf
        >>> float(Minimax().generator(tf.constant([0.0])))  # -log 2
        -0.6931471824645996
    """

    def generator(self, fake_scores):
        return -mean(softplus(fake_scores))  # log(1 - D(G(z)))
