"""Least squares."""

from tensorflow import reduce_mean as mean
from tensorflow import square

from kgan.losses.adversarial_loss import AdversarialLoss
from kgan.losses.targets import Targets


class LeastSquares(AdversarialLoss):
    """Scores are regressed on targets: half the mean square. Mao et al. 2017, equation 2
    (https://arxiv.org/abs/1611.04076).

    With b - c = 1 and b - a = 2, as in LeastSquares(1.0, -1.0, 0.0), the generator minimises half the Pearson
    chi-squared divergence of p_r + p_g from 2 p_g at the optimal discriminator (the paper's theorem, equation 7).
    The defaults are the paper's 0-1 coding, equation 9.

    Args:
        real_labels: the paper's b, what the discriminator's scores of data should be: a number, or a range
            (low, high) from which each sample's is drawn.
        fake_labels: a, that of fakes, likewise.
        generator_labels: c, what the generator wants its fakes to score: a number.
        flip: noisy labels: the probability that a sample gets a target of the other kind.

    Raises:
        ValueError: a label is neither a number nor a range, or flip is no probability.

    Example:
        >>> import tensorflow as tf
        >>> float(LeastSquares().discriminator(tf.constant([0.0]), tf.constant([2.0])))  # 1/2 (0 - 1)^2 + 1/2 (2 - 0)^2
        2.5
    """

    def __init__(
        self,
        real_labels: float | tuple[float, float] = 1.0,
        fake_labels: float | tuple[float, float] = 0.0,
        generator_labels: float = 1.0,
        flip: float = 0.0,
    ):
        self.real_labels, self.fake_labels = real_labels, fake_labels
        self.generator_labels, self.flip = generator_labels, flip
        self._labels = Targets(real_labels, fake_labels, flip)

    @property
    def perfect(self):
        """Half the variances of the targets: 0 for numbers."""
        return sum(variance / 2 for _, variance in self._labels.moments)

    def discriminator(self, real_scores, fake_scores, draws=None):
        b, a = self._labels(real_scores, fake_scores, draws)
        return mean(square(real_scores - b)) / 2 + mean(square(fake_scores - a)) / 2

    def generator(self, fake_scores):
        return mean(square(fake_scores - self.generator_labels)) / 2
