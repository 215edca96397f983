"""The contract of kinds: what an example is."""

import numpy as np

from kgan.configurable import Configurable


class Kind(Configurable):
    """What an example is: how it is stored, drawn and compared. Tools ask it, and never an array's shape.

    A data set says of which kind its examples are, and a game of which kind those are that it makes.

    Attributes:
        array: the name of samples in an `.npz` file and among the outputs of an export.
        visible: whether a person can judge a single example by looking at it, so that it can be rated, and be drawn
            beside its neighbours.
        bounded: whether its values lie in [-1, 1], so that a generator may end in tanh.
    """

    array = "samples"
    visible = False
    bounded = False

    def stored(self, values):
        """What a network makes, float32, as people keep it: here as it is."""
        return np.asarray(values, np.float32)

    def seen(self, values):
        """What people keep, or what networks see already, as networks see it: here as it is."""
        return values

    def stored_in_graph(self, values):
        """The same of a tensor."""
        return values

    def tolerance(self, stored):
        """By how much two computations of the same samples may differ: rounding, in an order of its own."""
        return 1e-4 * (1 + float(np.abs(stored).max()))

    def layout(self, count, labels=None):
        """For a picture of about `count` samples: (how many are drawn, a label for each or None, columns or None)."""
        return count, labels and np.resize(labels, [count, *np.shape(labels)[1:]]), None

    def draw(self, path, samples, columns=None):
        """Writes one PNG of all `samples`, as `stored` gives them; whole or not at all."""
        raise NotImplementedError

    def write_each(self, folder, names, samples):
        """Writes a PNG for each sample."""
        raise ValueError(f"{self.plural} are no pictures; write them with --npz, or draw all of them with --out.")

    @property
    def plural(self):
        """What examples of this kind are called."""
        return type(self).__name__
