"""Where the images of an evaluation come from: a generator, or a data set."""

import numpy as np

from kgan.datasets.dataset import Order

BLOCK = 256  # images at a time; fixed, because a network rounds otherwise in batches of another size
SEED = 0  # of the order in which a data set is read, so that a part of it is a fair sample


class Real:
    """The examples of a data set in a fixed order of their own, so that the first n are a sample of all.

    Args:
        dataset: `kgan.datasets.Dataset`.
    """

    def __init__(self, dataset):
        self.dataset = dataset
        self._order = Order(len(dataset), SEED)

    def __len__(self):
        return len(self.dataset)

    @property
    def shape(self):
        return tuple(self.dataset.data_shape)

    def places(self, indices):
        """Where in the data set the examples at these positions of the order are."""
        return self._order.indices(0, len(self))[indices]

    def describe(self):
        """What a record says of the set, beside the digest of its content."""
        split = getattr(self.dataset, "split", None)
        name = type(self.dataset).__name__
        return {"dataset": name, "split": split or "all", "resolution": list(self.shape), "crop": None, "xflip": False}

    def images(self, count):
        """Blocks of uint8 images [n, H, W, C], the first `count`."""
        for _, examples in self._blocks(count):
            stored = examples.dtype == np.uint8
            yield examples if stored else self.dataset.kind.stored(self.dataset.encode(examples))

    def values(self, count):
        """Blocks of examples in the set's own units, the first `count`."""
        for _, examples in self._blocks(count):
            yield examples

    def labels(self, count):
        """Labels of the first `count`, or None."""
        labels = self.dataset.batch(self._order.indices(0, count)).labels
        return None if labels is None else np.asarray(labels)

    def _blocks(self, count):
        for start in range(0, count, BLOCK):
            indices = self._order.indices(start, min(BLOCK, count - start))
            yield indices, np.asarray(self.dataset.batch(indices).images)


class Generated:
    """The samples of a trained model: of its averaged generator, with latents drawn by index from one seed.

    Args:
        model: what `kgan.load` gives, or a game in training.
        dataset: the data set whose units the samples have, and whose labels a conditional generator is given, drawn
            from them at random: one for each sample, whatever the number of samples.
        seed: of the latents and labels.
        checkpoint: name of the weights' file, for the records.

    Raises:
        ValueError: a conditional generator, and no labels to draw from.
    """

    def __init__(self, model, dataset=None, seed=0, checkpoint=None):
        self.checkpoint = checkpoint
        self.model, self.dataset, self.seed = model, dataset, seed
        labels = None
        if model.conditional:
            example = None if dataset is None else dataset.batch(np.zeros([1], np.int64))
            if example is None or example.labels is None:
                raise ValueError("This generator takes labels; name a data set that has them, so that they are drawn.")
            labels = dataset
        self._labelled = labels

    def describe(self):
        """What a record says of the generator."""
        step = getattr(self.model, "step", None)
        return {
            "checkpoint": self.checkpoint,
            "step": None if step is None else int(step.numpy()),
            "ema": getattr(self.model, "ema", None),
            "truncation": None,
            "class_sampling": "from the data set's labels" if self._labelled is not None else None,
            "seed": self.seed,
        }

    def labels(self, count):
        """The labels of the first `count` samples, or None."""
        if self._labelled is None:
            return None
        drawn = np.random.Generator(np.random.Philox(key=[self.seed, 0])).random(count)
        return np.asarray(self._labelled.batch((drawn * len(self._labelled)).astype(np.int64)).labels)

    def images(self, count):
        """Blocks of uint8 images [n, H, W, C], the first `count`."""
        yield from self.model.sample_blocks(count, self.seed, self.labels(count), BLOCK)

    def values(self, count):
        """Blocks of samples in the data set's own units, the first `count`."""
        for values in self.model.blocks_of_values(count, self.seed, self.labels(count), batch_size=BLOCK):
            yield self.dataset.decode(values)


class Translated:
    """The examples of one domain as a trained model maps them to the other, always the same ones.

    Args:
        model: what `kgan.load` gives, or a game in training.
        product: `kgan.products.Mapped`.
        dataset: `kgan.datasets.Domains`.
        checkpoint: see `Generated`.
    """

    def __init__(self, model, product, dataset, checkpoint=None):
        self.model, self.product, self.checkpoint = model, product, checkpoint
        self._target = dataset.parts[product.target]
        self.inputs = Real(dataset.parts[product.source])

    def __len__(self):
        return len(self.inputs)

    def describe(self):
        """What a record says of the generator."""
        step = getattr(self.model, "step", None)
        return {
            "checkpoint": self.checkpoint,
            "step": None if step is None else int(step.numpy()),
            "ema": getattr(self.model, "ema", None),
            "maps": self.product.name,
            "inputs": self.inputs.describe()["dataset"],
        }

    def labels(self, count):
        """The labels of the first `count` inputs, or None."""
        return self.inputs.labels(count)

    def images(self, count):
        """Blocks of uint8 images [n, H, W, C], the first `count`."""
        for block in self.inputs.images(count):
            yield self.model.map(block, to=self.product.target)

    def values(self, count):
        """Blocks of mapped examples in the target's own units, the first `count`."""
        for block in self.inputs.values(count):
            mapped = self.model.map(np.asarray(self.inputs.dataset.encode(block), np.float32), to=self.product.target)
            yield self._target.decode(self._target.kind.seen(mapped))


def made_by(model, dataset, seed=0, checkpoint=None):
    """What a trained model makes that can be compared with data: {name of the product: source}.

    The names are those of `dataset.references`.
    """
    found = {}
    for product in model.products:
        if product.verb == "map" and not hasattr(dataset, "parts"):
            raise ValueError(
                f"What maps {product.source} to {product.target} is compared with two sets, as "
                f"Domains: {{a: ..., b: ...}}; got {type(dataset).__name__}."
            )
        if product.verb == "sample":
            found[product.name] = Generated(model, dataset, seed, checkpoint)
        elif product.verb == "map":
            found[product.name] = Translated(model, product, dataset, checkpoint)
    return found
