"""The contract of priors."""

import numpy as np

from kgan.configurable import Configurable


class Prior(Configurable):
    """The distribution from which a game draws what its generator is given.

    Attributes:
        roles: of the generator's inputs that it fills; the first are the latents.
    """

    roles: tuple[str, ...] = ("latents",)

    def check(self, inputs):
        """Refuses, with a ValueError, a generator whose inputs (`kgan.games.roles.Roles`) it cannot fill."""

    def draw(self, draws, count, width):
        """What the generator is given for `count` samples.

        Args:
            draws: `kgan.randomness.Draws`.
            count: how many rows, an integer or a tensor.
            width: of the generator's latents.

        Returns:
            float32 [count, width]; of a prior with several roles {role: tensor}.
        """
        raise NotImplementedError

    def truncated(self, draws, count, width, threshold):
        """The same, with numbers beyond `threshold` left out.

        Raises:
            ValueError: this prior has no tails that could be cut.
        """
        raise ValueError(f"truncation needs the normal prior; this game's is {type(self).__name__}.")

    def from_normal(self, normal):
        """Numbers of this distribution at the same quantiles as the N(0, 1) numbers `normal`."""
        raise ValueError(f"{type(self).__name__} cannot be a part of another prior; take Normal or Uniform.")

    def rows(self, count):
        """What to set of about `count` samples of a picture, and how many make a row; ({}, None) for nothing."""
        return {}, None

    def check_given(self, parts):
        """Refuses, with a ValueError, {role: tensor} that somebody gives a generator in place of what `draw` makes."""

    def set(self, latents, **given):
        """What `draw` gave, with parts of it set to what somebody wants.

        Raises:
            ValueError: this prior has no such part.
        """
        if given:
            raise ValueError(f"The prior {type(self).__name__} has nothing called {next(iter(given))!r} to set.")
        return latents


def one_or_each(name, value, count):
    """A number for all of `count` samples, or one for each, as an array [count].

    Raises:
        ValueError: there are others than 1 or `count`.
    """
    value = np.asarray(value)
    if value.shape not in ((), (1,), (count,)):
        raise ValueError(
            f"{name} is one number for all samples, or {count} of them; got the shape {list(value.shape)}."
        )
    return np.broadcast_to(value, [count])
