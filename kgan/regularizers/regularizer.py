"""The contract of every regulariser."""

from kgan.configurable import Configurable


class Regularizer(Configurable):
    """A term added to the discriminator's loss."""

    def __call__(self, score, real, fake, draws):
        """The weighted term, a scalar that the outer tape can differentiate.

        Args:
            score: function from a `Batch` to raw scores, [N] or [N, ...]; differentiable twice.
            real: Batch of data.
            fake: Batch of detached fakes, as many.
            draws: `Draws` for the random numbers the term needs.
        """
        raise NotImplementedError
