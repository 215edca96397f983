"""Whether the data lie where the networks can meet them: the first batch of a training is looked at."""

import warnings

import numpy as np
import tensorflow as tf

from kgan.guards.reach import reaches

ROWS = 512  # of arrays, spread over all of them
BEYOND = 0.1  # of the width of the data, or of what a network reaches: a resized picture may overshoot a little
PIXELS = 255


class FirstLook:
    """Looks at examples as `fit` gets them, once a sentence.

    Args:
        makers: {role: network} of those that make examples, such as {"generator": generator}.
        bounded: whether examples are values in [-1, 1], as those of pictures are.
    """

    def __init__(self, makers, bounded=True):
        self.bounded = bounded
        self.makers = {
            role: reach for role, network in makers.items() if not (reach := reaches(network)[0]).unlimited
        }  # fmt: skip
        self._said = set()

    def __call__(self, examples, examined=False):
        """Says what is likely wrong with float examples [N, ...], in a warning; `examined`: only what is certain.

        Raises:
            ValueError: a network can never make such examples.
        """
        values = np.asarray(examples)
        if values.dtype.kind != "f" and values.dtype.name != "bfloat16":
            return  # the step refuses them, whatever their values
        values = values.astype(np.float32, copy=False)
        values = values[np.isfinite(values)]
        if not values.size:
            return
        low, high = float(values.min()), float(values.max())
        for role, reach in self.makers.items():
            width = reach.high - reach.low if reach.bounded else 2.0
            slack = BEYOND * min(width, max(high - low, 1e-3))
            if low < reach.low - slack or high > reach.high + slack:
                raise ValueError(_unreachable(role, reach, low, high))
        if self.bounded and not examined:
            self._pictures(low, high)

    def _pictures(self, low, high):
        narrow = next((role for role, reach in self.makers.items() if (reach.low, reach.high) == (0.0, 1.0)), None)
        if narrow and low >= 0:
            self.say(
                f"The {narrow} ends in {self.makers[narrow].cause}, which makes [0, 1], as the images are; but kgan "
                f"shows, scores and serves images of [-1, 1], so that they would look washed out: take 2 x - 1, and "
                f"end it in tanh"
            )
        elif low < high < -0.98:
            self.say(
                f"The images have values from {low:.4g} to {high:.4g}: in [-1, 1] all are black. Have they been "
                f"scaled twice? kgan.images.to_float takes 0 to 255"
            )
        elif 0 <= low < high <= 1:
            self.say(
                f"The images have values from {low:.3g} to {high:.3g}, as pixels / 255 have; kgan takes images in "
                f"[-1, 1], so that these would be the brighter half alone. If they are pixels / 255, take 2 x - 1"
            )
        elif low >= 0 and 50 < high <= PIXELS:
            self.say(
                f"The images have values from {low:.3g} to {high:.3g}, as pixels have; kgan takes images in [-1, 1]. "
                f"If they are pixels, take kgan.images.to_float(images), which is x / 127.5 - 1"
            )

    def say(self, sentence):
        if sentence not in self._said:
            self._said.add(sentence)
            warnings.warn(f"{sentence}.", stacklevel=2)


def _unreachable(role, reach, low, high):
    """Why the training would be in vain, and what to do."""
    what = f"The {role} ends in {reach.cause}, which makes {reach} alone, and the data have values from {low:.3g} to "
    what += f"{high:.3g}"
    if reach.low == 0 and max(-low, high) <= 1.2:
        return f"{what}: kgan takes data in [-1, 1]; end the {role} in tanh, or without an activation."
    if low >= 0 and 2 < high <= PIXELS:
        return f"{what}: kgan takes images in [-1, 1]; scale pixels with kgan.images.to_float, which is x / 127.5 - 1."
    return f"{what}: scale the data to [-1, 1], or end the {role} in a layer without an activation."


def some_rows(array):
    """Up to 512 rows of an array, from its beginning to its end."""
    count = array.shape[0] if isinstance(array, tf.Variable) else len(array)
    return array[:: max(1, -(-count // ROWS))]
