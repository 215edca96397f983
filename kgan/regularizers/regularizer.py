"""The contract of every regulariser."""

from kgan.configurable import Configurable


class Regularizer(Configurable):
    """A term added to the discriminator's loss."""

    # A lazy term is computed at every k-th update of the discriminator only, and then counts k times: the game sees
    # to that, and `__call__` does not know of it.
    every: int = 1

    def __call__(self, score, real, fake, draws):
        """The weighted term, a scalar that the outer tape can differentiate.

        Args:
            score: function from a `Batch` to raw scores, [N] or [N, ...]; differentiable twice.
            real: Batch of data.
            fake: Batch of detached fakes, as many.
            draws: `Draws` for the random numbers the term needs.
        """
        raise NotImplementedError
