"""Two sets of examples that do not belong together one by one."""

import numpy as np

from kgan.batch import Batch
from kgan.datasets.dataset import Dataset, Order


class Domains(Dataset):
    """Two domains for unpaired translation: sets a and b, each gone through in an order of its own.

    `fit` gets {"a": images, "b": images}. An epoch is as long as the larger set. Labels of the sets are left out.

    Args:
        a, b: data sets of the same kind of example.

    Raises:
        ValueError: their kinds differ.

    Example:
        >>> from kgan.datasets import FashionMNIST, Negative, Part
        >>> clothes = FashionMNIST()
        >>> sets = Domains(a=Part(clothes, count=30_000), b=Negative(Part(clothes, first=30_000)))
        >>> {name: images.shape for name, images in sets.example(4).items()}
        {'a': (4, 28, 28, 1), 'b': (4, 28, 28, 1)}
    """

    def __init__(self, a: Dataset, b: Dataset):
        if type(a.kind) is not type(b.kind):
            raise ValueError(
                f"Both domains must hold the same kind of example; a holds {a.kind.plural.lower()}, b "
                f"{b.kind.plural.lower()}."
            )
        self.a, self.b = a, b
        self.examined = a.examined and b.examined

    @property
    def parts(self):
        """{name: set}."""
        return {"a": self.a, "b": self.b}

    @property
    def references(self):
        return {"ab": self.b, "ba": self.a}

    def __len__(self):
        return max(len(self.a), len(self.b))

    @property
    def kind(self):
        return self.a.kind

    @property
    def described(self):
        return ", ".join(f"{name}: {part.described}" for name, part in self.parts.items())

    def order(self, seed):
        return {name: Order(len(part), seed, part=at) for at, (name, part) in enumerate(self.parts.items())}

    def ready(self, order, position, count):
        found = {}
        for name, part in self.parts.items():
            images, _ = part.batch(order[name].indices(position, count))
            found[name] = np.asarray(part.encode(images), np.float32)
        return found

    def batch(self, indices):
        """Unpaired examples by their numbers in each set: a Batch of `a` and `b`, in stored units."""
        indices = np.asarray(indices)
        images = {name: part.batch(indices % len(part)).images for name, part in self.parts.items()}
        return Batch(images)
