"""How labels enter the networks: the same arguments in every family."""

import keras
import numpy as np
from keras import layers, ops

from kgan.architectures.network import normalize, wrapper
from kgan.labels import Guesses
from kgan.layers import ConditionalBatchNormalization, Projection

GENERATOR = ("concatenation", "batch_norm")
DISCRIMINATOR = ("concatenation", "projection", "auxiliary")


class Conditioning:
    """How labels enter one network, or what it guesses of them.

    Args:
        choices: the ways that this network has; `conditioning` is one of them, or None.
        conditioning, labels: the network's arguments.

    Attributes:
        input: the network's second input; None where labels do not enter.

    Raises:
        ValueError: arguments that have no meaning together.
    """

    def __init__(self, choices, conditioning, labels):
        _check(choices, conditioning, labels)
        self.conditioning = conditioning
        self.num_classes = labels.num_classes if labels else 0
        self.num_conditions = labels.num_conditions if labels else 0
        ranges = (labels and labels.ranges) or [(-1.0, 1.0)] * self.num_conditions
        self._low, self._high = np.array(ranges, "float32").reshape([-1, 2]).T
        self.input = None
        if conditioning in (None, "auxiliary"):
            return
        if self.num_classes:
            self.input = keras.Input([], dtype="int32", name="labels")
            self._numbers = ops.one_hot(self.input, self.num_classes, dtype="float32")
            self._condition = self.input
        else:
            self.input = keras.Input([self.num_conditions], dtype="float32", name="labels")
            self._numbers = (self.input - self._low) * (2 / (self._high - self._low)) - 1
            self._condition = self._numbers

    def inputs(self, first):
        """What the network takes: its first input, with the labels if they enter."""
        return first if self.input is None else [first, self.input]

    def joined(self, x):
        """With "concatenation", x and the labels: beside vectors as numbers, beside images as constant maps."""
        if self.conditioning != "concatenation":
            return x
        numbers = self._numbers
        if len(x.shape) == 4:
            numbers = ops.reshape(numbers, [-1, 1, 1, numbers.shape[-1]])
            numbers = ops.tile(numbers, [1, *x.shape[1:3], 1])
        return layers.Concatenate()([x, numbers])

    def normalized(self, x, normalization):
        """x with the named normalisation, which "batch_norm" makes conditional."""
        if self.conditioning != "batch_norm":
            return normalize(x, normalization)
        if normalization != "batch":
            raise ValueError(f'conditioning "batch_norm" needs normalization "batch"; got {normalization!r}.')
        return ConditionalBatchNormalization(self.num_classes or None)([x, self._condition])

    def outputs(self, features, normalization="none", **dense):
        """The raw scores of a discriminator's features [N, units]; with "auxiliary", [scores, guesses].

        The guesses are num_classes logits and then num_conditions values, in the labels' own units.
        """
        wrapped = wrapper(normalization)
        scores = wrapped(layers.Dense(1, dtype="float32", name="scores", **dense))(features)
        if self.conditioning == "projection":
            spectral = normalization == "spectral"
            projection = Projection(self.num_classes or None, spectral, dtype="float32", name="projection")
            return layers.Add(dtype="float32")([scores, projection([features, self._condition])])
        if self.conditioning == "auxiliary":
            count = self.num_classes + self.num_conditions
            guesses = wrapped(layers.Dense(count, dtype="float32", name="guesses"))(features)
            half = np.concatenate([np.ones(self.num_classes), (self._high - self._low) / 2])
            middle = np.concatenate([np.zeros(self.num_classes), (self._high + self._low) / 2])
            return [scores, guesses * half.astype("float32") + middle.astype("float32")]
        return scores


def _check(choices, conditioning, labels):
    if conditioning is not None and conditioning not in choices:
        raise ValueError(f"conditioning must be None or one of {', '.join(choices)}; got {conditioning!r}.")
    if conditioning is None and labels is not None:
        raise ValueError(f"labels needs conditioning, how they enter: one of {', '.join(choices)}.")
    if conditioning is not None and labels is None:
        raise ValueError(
            f"conditioning {conditioning!r} needs labels, what they are: kgan.labels.Classes(10), or Conditions."
        )
    if isinstance(labels, Guesses) and conditioning != "auxiliary":
        raise ValueError(f"conditioning {conditioning!r} takes Classes or Conditions; got Guesses, which are guessed.")
