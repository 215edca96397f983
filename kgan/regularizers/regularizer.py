"""The contract of every regulariser."""

from kgan.configurable import Configurable


class Regularizer(Configurable):
    """A term added to the loss of a player: of the discriminators, unless a regulariser says otherwise."""

    # A lazy term is computed at every k-th update of the discriminator only, and then counts k times: the game sees
    # to that, and `__call__` does not know of it.
    every: int = 1

    # Whether it judges the gradient of each example by itself. A discriminator that couples the examples of a minibatch
    # has no such gradient, and is refused: what the tape gives for one example is that of the sum of all scores.
    per_example: bool = False

    # Whether it is made of gradients, so that layers are refused of which TensorFlow loses a part of the second
    # derivatives. Of others, their operations tell.
    second_derivatives: bool = False

    def concerns(self, player, judges):
        """Whether it is a term of this player's loss; `judges` are the discriminators among them."""
        return player in judges

    def __call__(self, score, real, fake, draws):
        """The weighted term, a scalar that the outer tape can differentiate.

        Args:
            score: function from a `Batch` to raw scores, [N] or [N, ...]; differentiable twice.
            real: Batch of data.
            fake: Batch of detached fakes, as many.
            draws: `Draws` for the random numbers the term needs.
        """
        raise NotImplementedError
