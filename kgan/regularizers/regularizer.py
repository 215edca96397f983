"""The contract of every regulariser."""

from kgan.configurable import Configurable


class Regularizer(Configurable):
    """A term added to the loss of a player: of the discriminators, unless a regulariser says otherwise."""

    # A lazy term (every > 1) is computed at every k-th update of the discriminator, and multiplied by k; the game does
    # that, outside `__call__`.
    every: int = 1

    # Whether it needs the gradient of each example's own score. A discriminator that couples the examples of a
    # minibatch is then refused, because the tape gives the gradient of the sum of all scores.
    per_example: bool = False

    # Whether the term contains gradients. Layers whose second derivatives TensorFlow computes wrongly are then refused.
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
