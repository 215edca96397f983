"""Random numbers without state: each is a function of (seed, purpose, step, update) and of its row.

Because nothing is remembered between draws, a resumed training goes on with the numbers it would have
had, and because every draw is made for the global minibatch, of which a replica takes its rows, several
replicas see together what one device would see.

Noise layers inside networks cannot be handed their draws. Who calls the network enters `noise_from` around the call,
and the layers ask `noise_for`.
"""

import contextlib
import copy
import threading
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
        return self._rows(shape, tf.random.stateless_normal)

    def uniform(self, shape, minimum=0.0, maximum=1.0):
        """Independent numbers in [minimum, maximum); shape[0] counts this replica's rows."""
        return self._rows(shape, lambda full, key: tf.random.stateless_uniform(full, key, minimum, maximum))

    def _rows(self, shape, draw):
        count, *rest = shape
        everything = draw(tf.stack([count * self.replicas, *rest]), self.key)
        rows = everything[self.replica * count : (self.replica + 1) * count]
        return tf.ensure_shape(rows, [count if isinstance(count, int) else None, *rest])


class EndlessDraws(Draws):
    """The random numbers of some rows of an endless sequence: row i is a function of (seed, purpose, i) alone.

    So many samples can be made in parts of any size, and fewer samples are the first of more. It draws at least 64
    rows, where `Draws` draws what is asked for.

    Args:
        seed, purpose: as in `Draws`.
        first: the number of the first row, integer or integer tensor.
        replica: which of several replicas asks; each has as many rows, and they follow each other.

    Example:
        >>> everything = EndlessDraws(0, "noise").normal([200, 3])
        >>> some = EndlessDraws(0, "noise", first=100).normal([70, 3])
        >>> bool(tf.reduce_all(some == everything[100:170]))
        True
    """

    BLOCK = 64

    def __init__(self, seed, purpose, first=0, replica=0):
        super().__init__(seed, purpose, replica=replica)
        self.first = tf.cast(first, tf.int64)

    def _rows(self, shape, draw):
        rows, rest = tf.cast(shape[0], tf.int64), shape[1:]
        first = self.first + tf.cast(self.replica, tf.int64) * rows
        size = tf.stack([self.BLOCK, *rest])
        blocks = tf.range(first // self.BLOCK, (first + rows - 1) // self.BLOCK + 1)

        def block(number):
            return draw(size, tf.random.experimental.stateless_fold_in(self.key, number))

        drawn = tf.reshape(tf.map_fn(block, blocks, fn_output_signature=tf.float32), tf.concat([[-1], size[1:]], 0))
        skipped = first % self.BLOCK
        return tf.ensure_shape(
            drawn[skipped : skipped + rows], [side if isinstance(side, int) else None for side in shape]
        )


class _Source(threading.local):
    """Replicas are traced in threads of their own, and each has its own source."""

    draws_for = None


_source = _Source()


@contextlib.contextmanager
def noise_from(draws_for):
    """While it lasts, kgan's noise layers take their random numbers from `draws_for`.

    Args:
        draws_for: function of a layer that gives `Draws`. It is called whenever a layer is, and must give other numbers
            each time.

    Example:
        >>> from kgan.layers import GaussianNoise
        >>> layer = GaussianNoise(1.0)
        >>> with noise_from(lambda layer: Draws(0, "noise")):
        ...     noisy = layer(tf.zeros([2, 3]), training=True)
        >>> bool(tf.reduce_all(noisy == Draws(0, "noise").normal([2, 3])))
        True
    """
    before, _source.draws_for = _source.draws_for, draws_for
    try:
        yield
    finally:
        _source.draws_for = before


def noise_for(layer):
    """What a noise layer draws from: that of the innermost `noise_from`, and TensorFlow's own where there is none."""
    return StatefulDraws() if _source.draws_for is None else _source.draws_for(layer)


class StatefulDraws:
    """TensorFlow's own random numbers, new ones at each call, which `tf.random.set_seed` seeds."""

    def normal(self, shape):
        return tf.random.normal(shape)

    def uniform(self, shape):
        return tf.random.uniform(shape)
