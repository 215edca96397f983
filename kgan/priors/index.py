"""Which of several generators makes a sample."""

from typing import Annotated

import numpy as np
import tensorflow as tf

from kgan.priors.normal import Normal
from kgan.priors.prior import Prior, one_or_each
from kgan.ranges import Range


class Index(Prior):
    """Latents, and the number of the generator that they are given to, each as likely as the others. Hoang et al. 2017,
    section 3 (https://arxiv.org/abs/1708.02556).

    Args:
        generators: how many there are, K.
        noise: prior of the latents.

    Example:
        >>> from kgan.randomness import Draws
        >>> drawn = Index(8).draw(Draws(0, "latents"), 4, 2)
        >>> drawn["latents"].shape, drawn["index"].dtype
        (TensorShape([4, 2]), tf.int32)
    """

    roles = ("latents", "index")

    def __init__(self, generators: Annotated[int, Range("[2, 65536]")], noise: Prior = Normal()):
        self.generators, self.noise = generators, noise

    def check(self, inputs):
        if not inputs.has("index"):
            raise ValueError(
                "The generator needs an input that says which of the generators makes a sample: "
                "keras.Input([], dtype='int32', name='index')."
            )

    def draw(self, draws, count, width):
        share = draws.apart("index").uniform([count])
        index = tf.minimum(tf.cast(share * self.generators, tf.int32), self.generators - 1)
        return {"latents": self.noise.draw(draws, count, width), "index": index}

    def truncated(self, draws, count, width, threshold):
        latents = self.noise.truncated(draws, count, width, threshold)
        return self.draw(draws, count, width) | {"latents": latents}

    def rows(self, count):
        each = max(1, count // self.generators)  # a row for each generator
        return {"index": np.repeat(np.arange(self.generators), each)}, each

    def check_given(self, parts):
        if "index" in parts and not tf.as_dtype(parts["index"].dtype).is_integer:
            raise ValueError(
                f"index is a number from 0 to {self.generators - 1}, an integer; got {parts['index'].dtype.name}."
            )

    def set(self, latents, index=None, **given):
        """The latents with the numbers of generators set: one for all rows, or one for each."""
        latents = super().set(latents, **given)
        if index is None:
            return latents
        value = one_or_each("index", index, latents["index"].shape[0])
        if not np.isin(value, np.arange(self.generators)).all():
            raise ValueError(f"index is a number from 0 to {self.generators - 1}; got {np.asarray(index).tolist()}.")
        return latents | {"index": tf.constant(value, tf.int32)}
