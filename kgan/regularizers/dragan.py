"""The gradient penalty near the data."""

import math

import tensorflow as tf

from kgan.ranges import Weight
from kgan.regularizers.input_gradient import gradient_norm
from kgan.regularizers.regularizer import Regularizer


class DRAGAN(Regularizer):
    """weight * mean((|grad D(x + noise)| - 1)^2) around the data. Kodali et al. 2017, algorithm 1
    (https://arxiv.org/abs/1705.07215), there called lambda, with k = 1.

    The paper writes the noise as N(0, c I); here it is what its authors run: a point between x and its neighbour
    x + 0.5 std(x) u, that is alpha 0.5 std(x) u, with alpha ~ U[0, 1] for every example, u ~ U[0, 1] for every value
    and std(x) over all values of the minibatch (of all replicas together). For a linear critic D(x) = w.x it is
    weight * (|w| - 1)^2. The paper says nothing of discriminators that couple the examples of a minibatch, and they
    are allowed; the gradient is then that of the sum of all scores.

    Args:
        weight: lambda, at least 0; 10 in the paper.

    Raises:
        ValueError: weight is below 0.

    Example:
        >>> from kgan.batch import Batch
        >>> from kgan.randomness import Draws
        >>> real, fake = Batch(tf.zeros([4, 2])), Batch(tf.ones([4, 2]))
        >>> linear = lambda batch: tf.linalg.matvec(batch.images, [3.0, 4.0])
        >>> float(DRAGAN(10.0)(linear, real, fake, Draws(0, "penalty")))  # 10 (5 - 1)^2
        160.0
    """

    second_derivatives = True

    def __init__(self, weight: Weight = 10.0):
        self.weight = weight

    def __call__(self, score, real, fake, draws):
        shape = real.images.shape[1:]
        # All numbers of an example are one row: two draws at one moment would be the same numbers.
        numbers = draws.uniform([tf.shape(real.images)[0], 1 + math.prod(shape)])
        alpha = tf.reshape(numbers[:, 0], [-1, *[1] * len(shape)])
        u = tf.reshape(numbers[:, 1:], [-1, *shape])
        norm = gradient_norm(score, real.replace(images=real.images + alpha * 0.5 * _deviation(real.images) * u))
        return self.weight * tf.reduce_mean(tf.square(norm - 1))


def _deviation(images):
    """The standard deviation of all values, over all replicas."""
    return tf.sqrt(_mean(tf.square(images - _mean(images))))


def _mean(values):
    replicas = tf.distribute.get_replica_context()
    mean = tf.reduce_mean(values)
    return replicas.all_reduce("MEAN", mean) if replicas.num_replicas_in_sync > 1 else mean
