"""Data sets whose examples all lie in one array in memory."""

import numpy as np

from kgan.batch import Batch
from kgan.datasets.dataset import Dataset


class InMemory(Dataset):
    """A data set of arrays; a subclass's constructor ends with `hold`.

    Example:
        >>> class Zeros(InMemory):
        ...     def __init__(self, size=4):
        ...         self.size = size
        ...         self.hold(np.zeros([size, 8, 8, 1], np.uint8))
        >>> Zeros().batch([0, 3]).images.shape
        (2, 8, 8, 1)
    """

    def hold(self, examples, labels=None):
        """Keeps `examples` [N, *data_shape] (uint8 or float32) and their labels (int32, float32 or None)."""
        self._examples, self._labels = examples, labels
        self.data_shape = tuple(examples.shape[1:])

    def __len__(self):
        return len(self._examples)

    def batch(self, indices):
        indices = np.asarray(indices)
        if not indices.size:  # an empty list would be an array of floats
            indices = indices.astype(np.int64)
        return Batch(self._examples[indices], None if self._labels is None else self._labels[indices])
