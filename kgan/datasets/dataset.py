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

    def example(self, count):
        """`count` examples as `fit` takes them, always the same: images, or (images, labels)."""
        images, labels = self.batch(Order(len(self), 0).indices(0, count))
        images = np.asarray(self.encode(images), np.float32)
        return images if labels is None else (images, labels)

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
            Dataset of images float32 [batch_size, *data_shape], or of (images, labels) where there are labels.

        Example:
            >>> from kgan.datasets import RingOfGaussians
            >>> images, labels = next(iter(RingOfGaussians().batches(32)))
            >>> images.shape
            TensorShape([32, 2])
        """
        import tensorflow as tf

        whole("batch_size", batch_size, 1)
        whole("start", start)
        order = Order(len(self), seed)
        example = self.batch(np.zeros([1], np.int64))
        labelled = example.labels is not None
        types = [tf.float32] + ([tf.as_dtype(example.labels.dtype)] if labelled else [])
        shapes = [self.data_shape] + ([example.labels.shape[1:]] if labelled else [])

        failures = []

        def load(step):
            try:
                images, labels = self.batch(order.indices(int(step) * batch_size, batch_size))
                images = np.asarray(self.encode(images), np.float32)
            except Exception as error:  # TensorFlow would pass on its text alone
                failures.append(error)
                raise
            return [images, labels] if labelled else [images]

        def batch(step):
            tensors = tf.numpy_function(load, [step], types, stateful=False)
            for tensor, shape in zip(tensors, shapes, strict=True):
                tensor.set_shape([batch_size, *shape])
            return tuple(tensors) if labelled else tensors[0]

        options = tf.data.Options()
        # There is nothing to tune, and the tuner keeps an iterator that ends waiting for up to a minute.
        options.autotune.enabled = False

        def stream(numbers):
            return numbers.map(batch).prefetch(2).with_options(options)

        def from_step(step):
            """The same stream after `step` batches, without end: one with a length begins anew there."""
            numbers = tf.data.Dataset.counter(step)
            return stream(numbers.map(lambda n: start + n if steps is None else start + n % steps))

        # A counter has no end, and says so: Keras then expects no last step of an epoch.
        numbers = tf.data.Dataset.counter(start) if steps is None else tf.data.Dataset.range(start, start + steps)
        made = stream(numbers)
        # What a training that goes on asks of its data; other data sets do not know it.
        made.from_step = from_step
        made.examined = self.examined
        made.peek = lambda: self.example(min(batch_size, 64))
        made.settings = {"dataset": self, "batch_size": batch_size, "seed": seed, "start": start, "steps": steps}
        made.failure = lambda: failures[-1] if failures else None
        return made


class Order:
    """The permutation of every epoch, as a function of (seed, epoch).

    Example:
        >>> order = Order(4, seed=0)
        >>> sorted(order.indices(4, 4).tolist())
        [0, 1, 2, 3]
    """

    def __init__(self, length, seed):
        if length < 1:
            raise ValueError("A data set without examples has no order.")
        self.length, self.seed = length, whole("seed", seed, 0, 2**64 - 1)
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
            key = np.array([self.seed, epoch], np.uint64)
            permutation = np.random.Generator(np.random.Philox(key=key)).permutation(self.length)
            self._last = (epoch, permutation)
        return permutation
