"""The contract of every adversarial loss."""

from kgan.configurable import Configurable


class AdversarialLoss(Configurable):
    """What the discriminator and the generator descend, as functions of scores of any shape."""

    @property
    def perfect(self):
        """The discriminator's loss where it is always right; None where that has no lower bound."""
        return None

    @property
    def saturates(self):
        """Whether the discriminator's loss is flat where it is right and the scores are far from 0."""
        return False

    def discriminator(self, real_scores, fake_scores, draws=None):
        """The discriminator's loss, a scalar.

        Args:
            real_scores: raw scores of the data, [N] or [N, ...].
            fake_scores: of as many fakes.
            draws: `Draws` for the losses that need random numbers: those with targets, where these are drawn.
        """
        raise NotImplementedError

    def generator(self, fake_scores):
        """The generator's loss, a scalar."""
        raise NotImplementedError
