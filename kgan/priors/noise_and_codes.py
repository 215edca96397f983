"""Latents of which some are codes that mean something."""

import math
from typing import Annotated

import numpy as np
import tensorflow as tf

from kgan.priors.normal import Normal
from kgan.priors.prior import Prior, one_or_each
from kgan.ranges import Range


class NoiseAndCodes(Prior):
    """Noise, then categorical codes, one-hot and uniform, then continuous codes of U[-1, 1]. Chen et al. 2016,
    section 3 (https://arxiv.org/abs/1606.03657).

    Args:
        categorical: how many values each of the categorical codes has, at least 2.
        continuous: how many continuous codes there are.
        noise: `Normal` or `Uniform`, of the latents before the codes.

    Raises:
        ValueError: there is no code, or a categorical one of a single value.

    Example:
        >>> from kgan.randomness import Draws
        >>> NoiseAndCodes((8,), continuous=1).draw(Draws(0, "latents"), 4, 11).shape  # 2 of noise
        TensorShape([4, 11])
    """

    def __init__(
        self,
        categorical: tuple[int, ...] = (10,),
        continuous: Annotated[int, Range("[0, inf)")] = 2,
        noise: Prior = Normal(),
    ):
        self.categorical, self.continuous, self.noise = tuple(categorical), continuous, noise
        if any(count < 2 for count in self.categorical) or self.width < 1:
            raise ValueError(
                f"There must be a code: categorical ones of at least 2 values, or continuous ones; got "
                f"categorical={categorical}, continuous={continuous}."
            )

    @property
    def width(self):
        """How many of the latents are codes."""
        return sum(self.categorical) + self.continuous

    def draw(self, draws, count, width):
        # All from one normal draw, whose distribution function is uniform: two draws of one key depend on each other.
        noise, codes = width - self.width, len(self.categorical)
        normal = draws.normal([count, noise + codes + self.continuous])
        uniform = tf.math.erf(normal / math.sqrt(2))  # in [-1, 1]
        parts = [self.noise.from_normal(normal)[:, :noise]]
        for size, share in zip(self.categorical, tf.unstack((uniform[:, noise : noise + codes] + 1) / 2, codes, axis=1),
                               strict=True):  # fmt: skip
            parts.append(tf.one_hot(tf.minimum(tf.cast(share * size, tf.int32), size - 1), size))
        return tf.concat([*parts, uniform[:, noise + codes :]], axis=1)

    def truncated(self, draws, count, width, threshold):
        raise ValueError("truncation would cut the codes as well; set them with sample(n, codes={...}).")

    def set(self, latents, codes=None, **given):
        """The latents with some codes set.

        Args:
            latents: float32 [N, width].
            codes: {number of a code: its value, or N of them}; the categorical codes come first, from 0 on, and their
                values count from 0.
        """
        latents = super().set(latents, **given)
        starts = np.cumsum([latents.shape[1] - self.width, *self.categorical] + [1] * self.continuous)
        for code, value in (codes or {}).items():
            if not 0 <= code < len(starts) - 1:
                raise ValueError(f"The codes are 0 to {len(starts) - 2}; got {code!r}.")
            columns = self._columns(code, value, latents.shape[0])
            latents = tf.concat([latents[:, : starts[code]], columns, latents[:, starts[code + 1] :]], axis=1)
        return latents

    def _columns(self, code, value, count):
        """One code of `count` samples as the generator takes it."""
        value = one_or_each(f"Code {code}", value, count)
        if code >= len(self.categorical):
            return tf.constant(value[:, None], tf.float32)
        size = self.categorical[code]
        if not np.isin(value, np.arange(size)).all():
            raise ValueError(f"Code {code} is a number from 0 to {size - 1}; got {value.tolist()}.")
        return tf.one_hot(value.astype(np.int32), size)
