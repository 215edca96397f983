"""The contract of products."""

import numpy as np


class Product:
    """One use of a trained game.

    Attributes:
        verb: what it does with the game, as the command that uses it is called.
        networks: names of the networks that it runs.
        name: tells it from others of the same verb, in names of files; "" where there is one.
    """

    verb = ""
    networks: tuple[str, ...] = ()
    name = ""

    def picture(self, game, count, seed, labels, data):
        """What a picture of it shows: (examples as they are stored, columns or None); None where there is nothing.

        Args:
            count: how many examples are asked for.
            seed, labels: of samples.
            data: of a mapping, a data set or its examples as `fit` takes them.
        """
        return None

    def signatures(self, game):
        """What an export serves: {name: tf.function}."""
        raise NotImplementedError

    def noted(self, game):
        """What an export says beside its signatures: {name: value}."""
        return {}

    def check(self, game, served):
        """Raises RuntimeError if the loaded SavedModel `served` differs from the live game."""
        raise NotImplementedError


def compare(what, made, live, tolerance):
    """Raises RuntimeError if two arrays differ by more than `tolerance`, or hold NaN."""
    difference = np.abs(np.asarray(made, np.float64) - np.asarray(live, np.float64)).max()
    if not difference <= tolerance:  # another graph may order its sums differently
        raise RuntimeError(f"The exported {what} differs from the live one by {difference:g}; nothing was kept.")
