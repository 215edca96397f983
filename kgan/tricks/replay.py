"""Past fakes, shown to the discriminator again."""

from typing import Annotated

import keras
import tensorflow as tf

from kgan.configurable import Configurable
from kgan.ranges import Count, Range

__all__ = ["Replay"]


class Replay(Configurable):
    """A share of the fakes that the discriminator sees comes from the generator's past. Shrivastava et al. 2017,
    section 2.3 (https://arxiv.org/abs/1612.07828).

    Each update of the discriminator puts its fresh fakes, with their labels, into a ring, in which they take the place
    of the oldest, and before that takes `share` of its minibatch out of the ring, at random. So the discriminator
    does not forget what the generator did before. The ring belongs to the game's weights: checkpoints hold it.
    `kgan.callbacks.OlderPlayers` brings whole older players back.

    Args:
        capacity: how many fakes the ring holds, at least 1: 50 minibatches of 64 by default. Minibatches cannot be
            counted, since the ring is made, and read from files, before a size of theirs is known.
        share: of each minibatch that is past, above 0 and at most 1, rounded down; 1/2 is the paper's.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> import kgan
        >>> gan = kgan.StandardGAN(
        ...     kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=2),
        ...     kgan.architectures.MLPDiscriminator(data_shape=(2,)),
        ...     replay=Replay(capacity=256),
        ... )
        >>> gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        >>> history = gan.fit(tf.random.normal([64, 2]), batch_size=32, verbose=0)
        >>> int(gan.ring.written.numpy())
        64
    """

    def __init__(self, capacity: Count = 3200, share: Annotated[float, Range("(0, 1]")] = 0.5):
        self.capacity, self.share = capacity, share


class Ring(keras.layers.Layer):
    """The newest `capacity` fakes of one game.

    Args:
        capacity, share: see `Replay`.
        shape: of a fake.
        labels: a Keras tensor like a batch of labels; None if there are none.

    Attributes:
        images, labels: what is held; the n-th fake is at n mod capacity.
        written: how many fakes came in, in all.
    """

    def __init__(self, capacity, share, shape, labels=None):
        super().__init__(name="ring", dtype="float32", autocast=False)
        self.capacity, self.share = capacity, share
        self.images = self._memory("images", shape, "float32")
        self.labels = None if labels is None else self._memory("labels", labels.shape[1:], labels.dtype)
        self.written = self.add_weight(
            shape=(), dtype="int64", initializer="zeros", trainable=False, name="written",
            aggregation="only_first_replica",
        )  # fmt: skip
        self.built = True

    def _memory(self, name, shape, dtype):
        return self.add_weight(
            shape=(self.capacity, *shape), dtype=dtype, initializer="zeros", trainable=False, autocast=False, name=name
        )

    def mixed(self, fresh, draws):
        """The Batch `fresh`, the first rows of which are past ones; then it comes in itself."""
        count = tf.shape(fresh.images)[0]
        filled = tf.minimum(self.written.value, self.capacity)
        u = tf.cast(draws.uniform([count]), tf.float64)
        at = tf.minimum(tf.cast(u * tf.cast(filled, tf.float64), tf.int64), tf.maximum(filled - 1, 0))
        past = tf.range(count) < tf.cast(tf.floor(self.share * tf.cast(count, tf.float32)), tf.int32)
        past &= filled > 0

        shown = fresh.replace(images=_chosen(past, tf.gather(self.images.value, at), fresh.images))
        if self.labels is not None:
            labels = tf.cast(tf.gather(self.labels.value, at), fresh.labels.dtype)
            shown = shown.replace(labels=_chosen(past, labels, fresh.labels))
        self._take(fresh, tf.minimum(tf.cast(count, tf.int64), self.capacity))
        return shown

    def _take(self, fresh, count):
        places = (self.written.value + tf.range(count)) % self.capacity
        memories = [(self.images, fresh.images)]
        if self.labels is not None:
            memories.append((self.labels, fresh.labels))
        for memory, rows in memories:
            rows = tf.cast(tf.stop_gradient(rows)[-self.capacity :], memory.dtype)
            memory.value.scatter_update(tf.IndexedSlices(rows, places))  # in place: the ring may be large
        self.written.assign_add(count)


def _chosen(past, old, new):
    return tf.where(tf.reshape(past, [-1] + [1] * (len(new.shape) - 1)), old, new)
