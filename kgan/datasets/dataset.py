"""The contract of every data set: random access, and a stream whose order is a function of the position."""

import numpy as np

from kgan import kinds
from kgan.configurable import Configurable
from kgan.datasets.validate import whole
from kgan.labels import Classes, Conditions


class Dataset(Configurable):
    """A data set that hands out any batch by its indices.

    Subclasses set, in their constructor:
        data_shape: shape of one example, (height, width, channels) for images, (d,) for vectors.
        class_names: tuple of strings where labels are classes, else None.
        conditions: {name: (lowest, highest)} where labels are float32 vectors, else None.
        examined: whether the set was told the range of its numbers, or has itself looked whether they lie in it; a
            training then makes no remark on that.
    and define `__len__` and `batch`; those with other stored units than uint8 pixels also define
    `encode` and `decode`.
    """

    data_shape: tuple[int, ...]
    class_names: tuple[str, ...] | None = None
    conditions: dict[str, tuple[float, float]] | None = None
    examined = False

    def __len__(self):
        raise NotImplementedError

    def batch(self, indices):
        """The examples at `indices` (any integer array), in stored units.

        Returns:
            Batch: images uint8 or float32 [n, *data_shape]; labels int32 [n], float32 [n, conditions] or None.
        """
        raise NotImplementedError

    @property
    def kind(self):
        """What an example is, a `kgan.kinds.Kind`: as its shape has it, unless a set says otherwise."""
        return kinds.usual(self.data_shape)

    @property
    def image_shape(self):
        """`data_shape` of an image set; a set of anything else has none."""
        if not isinstance(self.kind, kinds.Pictures):
            raise AttributeError(f"{type(self).__name__} holds {self.kind.plural.lower()} of shape {self.data_shape}.")
        return self.data_shape

    @property
    def labelling(self):
        """What the labels are, a `kgan.labels.Labels`; None where there are none."""
        if self.conditions:
            return Conditions({name: tuple(pair) for name, pair in self.conditions.items()})
        return Classes(self.num_classes) if self.num_classes else None

    @property
    def num_classes(self):
        """How many classes the labels name, or None."""
        return len(self.class_names) if self.class_names else None

    def encode(self, images):
        """Stored units to float32 in [-1, 1], what networks see. uint8 pixels unless a set says otherwise."""
        from kgan.images import to_float

        return to_float(images)

    def decode(self, images):
        """[-1, 1] back to stored units."""
        from kgan.images import to_uint8

        return to_uint8(images)

    def order(self, seed):
        """In which order a training of this seed goes through the set: an `Order`."""
        return Order(len(self), seed)

    def ready(self, order, position, count):
        """What `fit` takes of the examples at the stream positions [position, position + count) of an order: images
        float32 as networks see them, or (images, labels); of a set with several parts {name: images}.
        """
        images, labels = self.batch(order.indices(position, count))
        images = np.asarray(self.encode(images), np.float32)
        return images if labels is None else (images, labels)

    def example(self, count):
        """`count` examples as `fit` takes them, always the same."""
        return self.ready(self.order(0), 0, count)

    @property
    def references(self):
        """What the products of a game are compared with, by their names: {"": the set itself}."""
        return {"": self}

    @property
    def described(self):
        """How many examples of which shape there are, in words."""
        return f"{len(self)} examples of {tuple(self.data_shape)}"

    def batches(self, batch_size, seed=0, start=0, steps=None):
        """A `tf.data.Dataset` of encoded batches for `fit`; without end unless `steps` says how many.

        The example at stream position p is `permutation(seed, p // N)[p % N]` with N = len(self): every
        example comes once in each epoch, batches cross epochs, all are full, and batch number `start`
        can be had without its predecessors. The order does not depend on threads or devices.

        Args:
            batch_size: examples per batch; `fit` wants discriminator_steps times the minibatch.
            seed: of the order.
            start: number of the first batch.
            steps: how many batches; None for an endless stream.

        Returns:
            Dataset of what `ready` gives: images float32 [batch_size, *data_shape], or (images, labels).

        Example:
            >>> from kgan.datasets import RingOfGaussians
            >>> images, labels = next(iter(RingOfGaussians().batches(32)))
            >>> images.shape
            TensorShape([32, 2])
        """
        import tensorflow as tf

        whole("batch_size", batch_size, 1)
        whole("start", start)
        order = self.order(seed)
        example = self.ready(order, 0, 1)
        parts = [np.asarray(part) for part in tf.nest.flatten(example)]

        failures = []

        def load(step):
            try:
                return tf.nest.flatten(self.ready(order, int(step) * batch_size, batch_size))
            except Exception as error:  # TensorFlow would keep only the text of the error
                failures.append(error)
                raise

        def batch(step):
            tensors = tf.numpy_function(load, [step], [tf.as_dtype(part.dtype) for part in parts], stateful=False)
            for tensor, part in zip(tensors, parts, strict=True):
                tensor.set_shape([batch_size, *part.shape[1:]])
            return tf.nest.pack_sequence_as(example, tensors)

        options = tf.data.Options()
        # The pipeline has nothing to tune, and the tuner delays the end of an iterator by up to a minute.
        options.autotune.enabled = False

        def stream(numbers):
            return numbers.map(batch).prefetch(2).with_options(options)

        def from_step(step):
            """The same stream after `step` batches, without end: one with a length begins anew there."""
            numbers = tf.data.Dataset.counter(step)
            return stream(numbers.map(lambda n: start + n if steps is None else start + n % steps))

        # A counter has infinite cardinality, so that Keras does not wait for the data to end within an epoch.
        numbers = tf.data.Dataset.counter(start) if steps is None else tf.data.Dataset.range(start, start + steps)
        made = stream(numbers)
        # A resumed training calls `from_step`, which only kgan's streams have.
        made.from_step = from_step
        made.examined = self.examined
        made.peek = lambda: self.example(min(batch_size, 64))
        made.settings = {"dataset": self, "batch_size": batch_size, "seed": seed, "start": start, "steps": steps}
        made.failure = lambda: failures[-1] if failures else None
        return made


class Order:
    """The permutation of every epoch, as a function of (seed, epoch).

    Args:
        length: number of examples.
        seed: of the order.
        part: which of several sets that are gone through in orders that are independent of each other.

    Example:
        >>> order = Order(4, seed=0)
        >>> sorted(order.indices(4, 4).tolist())
        [0, 1, 2, 3]
    """

    def __init__(self, length, seed, part=0):
        if length < 1:
            raise ValueError("A data set without examples has no order.")
        self.length, self.seed, self.part = length, whole("seed", seed, 0, 2**64 - 1), part
        self._last = (None, None)

    def indices(self, position, count):
        """The examples at stream positions [position, position + count)."""
        parts = []
        while count > 0:
            epoch, offset = divmod(position, self.length)
            parts.append(self.permutation(epoch)[offset : offset + count])
            position, count = position + len(parts[-1]), count - len(parts[-1])
        return np.concatenate(parts)

    def permutation(self, epoch):
        """The order of one epoch; the last one asked for is remembered."""
        # Epoch and permutation are kept together: several iterators may ask from their own threads.
        last, permutation = self._last
        if epoch != last:
            key = np.array([self.seed, epoch + self.part * 2**48], np.uint64)
            permutation = np.random.Generator(np.random.Philox(key=key)).permutation(self.length)
            self._last = (epoch, permutation)
        return permutation
