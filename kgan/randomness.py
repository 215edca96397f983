"""Random numbers without state: each is a function of (seed, purpose, step, update) and of its row.

Because nothing is remembered between draws, a resumed training goes on with the numbers it would have
had, and because every draw is made for the global minibatch, of which a replica takes its rows, several
replicas see together what one device would see.
"""

import copy
import zlib

import tensorflow as tf


class Draws:
    """The random numbers for one purpose at one moment of training.

    Args:
        seed: integer, the run's seed.
        purpose: string, what the numbers are for; different purposes are independent.
        moment: integers or integer tensors that say when: the step, the update within it.
        replica: which of the replicas asks, and `replicas`: of how many.

    Example:
        >>> draws = Draws(0, "latents", moment=[7])
        >>> draws.normal([4, 2]).shape
        TensorShape([4, 2])
        >>> half = Draws(0, "latents", moment=[7], replica=1, replicas=2).normal([2, 2])
        >>> bool(tf.reduce_all(half == draws.normal([4, 2])[2:]))
        True
    """

    def __init__(self, seed, purpose, moment=(), replica=0, replicas=1):
        # Both as int64: the seed of a served generator is a tensor of that type.
        self.key = tf.stack([tf.cast(seed, tf.int64), tf.constant(zlib.crc32(purpose.encode()), tf.int64)])
        for part in moment:
            self.key = tf.random.experimental.stateless_fold_in(self.key, tf.cast(part, tf.int64))
        self.replica, self.replicas = replica, replicas

    def apart(self, purpose):
        """Numbers that are independent of these, for another purpose at the same moment."""
        other = copy.copy(self)
        other.key = tf.random.experimental.stateless_fold_in(
            self.key, tf.constant(zlib.crc32(purpose.encode()), tf.int64)
        )
        return other

    def whole(self):
        """The numbers of the whole minibatch: shape[0] counts the rows of all replicas."""
        other = copy.copy(self)
        other.replica, other.replicas = 0, 1
        return other

    def normal(self, shape):
        """Independent N(0, 1) numbers; shape[0] counts this replica's rows."""
        return self._rows(shape, lambda full: tf.random.stateless_normal(full, self.key))

    def uniform(self, shape, minimum=0.0, maximum=1.0):
        """Independent numbers in [minimum, maximum); shape[0] counts this replica's rows."""
        return self._rows(shape, lambda full: tf.random.stateless_uniform(full, self.key, minimum, maximum))

    def _rows(self, shape, draw):
        count, *rest = shape
        everything = draw(tf.stack([count * self.replicas, *rest]))
        rows = everything[self.replica * count : (self.replica + 1) * count]
        return tf.ensure_shape(rows, [count if isinstance(count, int) else None, *rest])
