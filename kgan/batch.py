"""What flows between the verbs of a game: images and, where there are any, their labels."""

from typing import Any, NamedTuple


class Batch(NamedTuple):
    """A minibatch: `images` [N, ...] and `labels` ([N] class numbers, [N, C] conditions, or None).

    It unpacks like a pair, so `images, labels = dataset.batch(indices)` reads well, and TensorFlow
    treats it as a structure of tensors.

    Example:
        >>> batch = Batch([[0.0]], labels=None)
        >>> batch.with_images([[1.0]])
        Batch(images=[[1.0]], labels=None)
    """

    images: Any
    labels: Any = None

    def with_images(self, images):
        """The same labels on other images."""
        return self._replace(images=images)
