"""What flows between the verbs of a game: named parts, tensors of as many rows each."""

from typing import Any


class Batch:
    """A minibatch: `images` [N, ...], `labels` ([N] class numbers, [N, C] conditions, or None), and what else a game
    names, such as the `latents` that the images were made from.

    It unpacks as a pair, so `images, labels = dataset.batch(indices)` reads well, and TensorFlow treats it as a
    structure of tensors. A game with several domains has a dictionary of them.

    Args:
        images, labels: the parts that every game knows.
        **others: more parts by name, [N, ...] each.

    Example:
        >>> batch = Batch([[0.0]], latents=[[2.0]])
        >>> batch.latents, batch.labels
        ([[2.0]], None)
        >>> batch.replace(images=[[1.0]])
        Batch(images=[[1.0]], labels=None, latents=[[2.0]])
    """

    def __init__(self, images, labels=None, **others):
        self.parts: dict[str, Any] = {"images": images, "labels": labels, **others}

    def __getattr__(self, name):
        parts = vars(self).get("parts", {})
        if name not in parts:
            raise AttributeError(f"This batch has no {name!r}; it has {', '.join(parts)}.")
        return parts[name]

    def __iter__(self):
        yield self.images
        yield self.labels

    def replace(self, **parts):
        """The same with other parts, or with more of them."""
        return Batch(**{**self.parts, **parts})

    def map(self, function):
        """A Batch of `function(part)` for each part that there is."""
        return Batch(**{name: part if part is None else function(part) for name, part in self.parts.items()})

    def __repr__(self):
        return f"Batch({', '.join(f'{name}={part!r}' for name, part in self.parts.items())})"

    # tf.nest calls these to take the batch apart into tensors, and to put it together again.

    def __tf_flatten__(self):
        return tuple(self.parts), tuple(self.parts.values())

    @classmethod
    def __tf_unflatten__(cls, names, values):
        return cls(**dict(zip(names, values, strict=True)))
