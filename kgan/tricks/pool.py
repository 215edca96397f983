"""A pool of past fakes, from which the discriminator is shown some."""

from typing import Annotated

import keras
import tensorflow as tf

from kgan.configurable import Configurable
from kgan.ranges import Count, Range

__all__ = ["Pool"]


class Pool(Configurable):
    """Each fake that the discriminator is shown may be an older one. Shrivastava et al. 2017, section 2.3
    (https://arxiv.org/abs/1612.07828), as Zhu et al. 2017, section 4 (https://arxiv.org/abs/1703.10593) run it.

    Until the pool is full, each fresh fake is stored, and shown. From then on each fresh fake is, with probability
    `share`, put into the place of a random one of the pool, which is shown in its stead; otherwise it is shown itself,
    and not stored. The fakes take their turns one by one, over all replicas. The pool belongs to the game's weights:
    checkpoints hold it.

    Args:
        capacity: how many fakes it holds; 50 is the paper's.
        share: the probability that a fake is exchanged; 1/2 is its authors'.

    Example:
        >>> Pool(capacity=50).get_config()
        {'capacity': 50, 'share': 0.5}
    """

    def __init__(self, capacity: Count = 50, share: Annotated[float, Range("[0, 1]")] = 0.5):
        self.capacity, self.share = capacity, share

    def stored(self, shape, name):
        """A new and empty `Stored` for fakes of this shape."""
        return Stored(self.capacity, self.share, shape, name)


class Stored(keras.layers.Layer):
    """What a pool holds in one game.

    Args:
        capacity, share: see `Pool`.
        shape: of a fake.
        name: of the layer.

    Attributes:
        images: [capacity, ...].
        filled: how many of them there are.

    Example:
        >>> from kgan.randomness import Draws
        >>> pool = Pool(capacity=2, share=1.0).stored([1], "pool")
        >>> [float(pool.exchange(tf.constant([[x]]), Draws(0, "pool", [0]))[0, 0]) for x in (1.0, 2.0)]
        [1.0, 2.0]
        >>> float(pool.exchange(tf.constant([[3.0]]), Draws(0, "pool", [0]))[0, 0]) in (1.0, 2.0)
        True
    """

    def __init__(self, capacity, share, shape, name):
        super().__init__(name=name, dtype="float32", autocast=False)
        self.capacity, self.share = capacity, share
        self.images = self.add_weight(
            shape=(capacity, *shape), dtype="float32", initializer="zeros", trainable=False, autocast=False,
            name="images", aggregation="only_first_replica",
        )  # fmt: skip
        self.filled = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="filled",
            aggregation="only_first_replica",
        )  # fmt: skip
        self.built = True

    def exchange(self, fresh, draws):
        """What is shown in the place of the fakes `fresh`, [N, ...] of this replica."""
        rows = tf.shape(fresh)[0]
        everyone = _gathered(fresh)  # every replica keeps the same pool
        count = tf.shape(everyone)[0]
        turn = tf.range(count)
        stores = turn < self.capacity - self.filled.value
        u = draws.whole().uniform([count, 2])
        exchanged = ~stores & (u[:, 0] < self.share)
        chosen = tf.minimum(tf.cast(u[:, 1] * self.capacity, tf.int32), self.capacity - 1)
        place = tf.where(stores, self.filled.value + turn, chosen)

        # before: the last earlier fake that went into the same place; last: the last fake of each place; or -1.
        written = tf.where(stores | exchanged, place, -1)
        same = (written[None, :] == place[:, None]) & (turn[None, :] < turn[:, None])
        before = tf.reduce_max(tf.where(same, turn[None, :], -1), axis=1)
        last = tf.reduce_max(tf.where(written[None, :] == tf.range(self.capacity)[:, None], turn[None, :], -1), axis=1)

        held = self.images.value
        older = _chosen(before >= 0, tf.gather(everyone, tf.maximum(before, 0)), tf.gather(held, place))
        shown = _chosen(exchanged, older, everyone)
        self.images.assign(_chosen(last >= 0, tf.gather(everyone, tf.maximum(last, 0)), held))
        self.filled.assign(tf.minimum(self.filled.value + count, self.capacity))
        first = tf.distribute.get_replica_context().replica_id_in_sync_group * rows
        return tf.ensure_shape(shown[first : first + rows], fresh.shape)


def _gathered(rows):
    """The rows of all replicas, one replica after the other."""
    context = tf.distribute.get_replica_context()
    return rows if context.num_replicas_in_sync == 1 else context.all_gather(rows, axis=0)


def _chosen(which, these, others):
    return tf.where(tf.reshape(which, [-1] + [1] * (len(others.shape) - 1)), these, others)
