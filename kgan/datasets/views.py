"""Data sets seen in another way: a part of one, its negative, turned."""

from typing import Annotated

import numpy as np

from kgan.batch import Batch
from kgan.datasets.dataset import Dataset
from kgan.kinds import Pictures
from kgan.ranges import Count, Range


class View(Dataset):
    """A data set that shows another one's examples, with its labels and units. Subclasses say how.

    Example:
        >>> from kgan.datasets import RingOfGaussians
        >>> len(Part(RingOfGaussians(), first=10, count=20))
        20
    """

    def __init__(self, of):
        self.of = of
        self.data_shape, self.examined = of.data_shape, of.examined
        self.class_names, self.conditions = of.class_names, of.conditions

    def __len__(self):
        return len(self.of)

    def batch(self, indices):
        return self.of.batch(indices)

    def encode(self, images):
        return self.of.encode(images)

    def decode(self, images):
        return self.of.decode(images)

    @property
    def kind(self):
        return self.of.kind


class Part(View):
    """Some of the examples of a data set, those that follow each other from `first` on.

    Two halves of a set share no example: so an unpaired training has no pair that it could learn from.

    Args:
        of: the whole set.
        first: index of the first example, at least 0.
        count: how many; None for the rest.

    Raises:
        ValueError: the set has fewer examples.

    Example:
        >>> from kgan.datasets import Showers
        >>> half = Part(Showers(size=10), first=5)
        >>> len(half), bool((half.batch([0]).images == Showers(size=10).batch([5]).images).all())
        (5, True)
    """

    def __init__(
        self, of: Dataset, first: Annotated[int, Range("[0, inf)")] = 0, count: Count | None = None
    ):  # fmt: skip
        super().__init__(of)
        self.first, self.count = first, count
        wanted = len(of) - first if count is None else count
        if wanted < 1 or first + wanted > len(of):
            raise ValueError(f"The set has {len(of)} examples; there are no {max(wanted, 1)} from number {first} on.")
        self._length = wanted

    def __len__(self):
        return self._length

    def batch(self, indices):
        indices = np.asarray(indices, np.int64)
        if indices.size and not (-self._length <= indices.min() and indices.max() < self._length):
            raise IndexError(f"A part of {self._length} examples has no number {indices.max()}.")
        return self.of.batch(self.first + indices % self._length)


class Negative(View):
    """The negatives of the pictures of a data set: 255 minus each pixel.

    Args:
        of: a set of uint8 pictures.

    Raises:
        ValueError: the set holds other examples.

    Example:
        >>> from kgan.datasets import FashionMNIST
        >>> clothes = FashionMNIST(split="test")
        >>> int(clothes.batch([0]).images[0, 14, 14, 0]) + int(Negative(clothes).batch([0]).images[0, 14, 14, 0])
        255
    """

    def __init__(self, of: Dataset):
        super().__init__(of)
        _check_pictures(self, of)

    def batch(self, indices):
        images, labels = self.of.batch(indices)
        return Batch(255 - images, labels)


class Turned(View):
    """The pictures of a data set, turned anticlockwise by quarters.

    Args:
        of: a set of uint8 pictures.
        quarters: 1, 2 or 3, of 90 degrees each.

    Raises:
        ValueError: the set holds other examples, or quarters is out of its range.

    Example:
        >>> from kgan.datasets import FashionMNIST
        >>> Turned(FashionMNIST(split="test"), quarters=1).image_shape
        (28, 28, 1)
    """

    def __init__(self, of: Dataset, quarters: Annotated[int, Range("[1, 3]")] = 1):
        super().__init__(of)
        _check_pictures(self, of)
        self.quarters = quarters
        if quarters % 2:
            height, width, channels = of.data_shape
            self.data_shape = (width, height, channels)

    def batch(self, indices):
        images, labels = self.of.batch(indices)
        return Batch(np.rot90(images, self.quarters, axes=(1, 2)), labels)


def _check_pictures(view, of):
    if not isinstance(of.kind, Pictures) or of.batch(np.zeros([1], np.int64)).images.dtype != np.uint8:
        raise ValueError(f"{type(view).__name__} takes a set of pictures with uint8 pixels; got {type(of).__name__}.")
