"""Batch normalisation over all replicas, with right second derivatives."""

import keras
import tensorflow as tf
from keras import layers

from kgan.layers.layer import check_at_least, check_momentum


@keras.saving.register_keras_serializable(package="kgan")
class BatchNormalization(layers.BatchNormalization):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, with the mean and variance of each channel over the examples
    and pixels of a minibatch. Ioffe & Szegedy 2015, Algorithm 1 (https://arxiv.org/abs/1502.03167).

    It is Keras' BatchNormalization with other statistics: the mean over all replicas, and then that of (x - mean)^2.
    Keras' own have second derivatives that lack a part or, synchronised, are E x^2 - (E x)^2, of which float32 keeps
    nothing where the mean is a thousand deviations from 0. Inference takes moving averages, which begin at 0 and 1 and
    keep the share `momentum` at each call in training. At least in float32 under every policy; weights and their names
    are Keras'.

    Args:
        momentum: of the moving averages, in [0, 1); 0.9 and the epsilon are those of the DCGAN authors.
        epsilon: added to the variance.
        center: whether there is a beta.
        scale: whether there is a gamma.
        synchronized: take the statistics over all replicas; without it, kgan's games refuse to train on several.
        **kwargs: Keras' other arguments.

    Input: [N, ..., channels].
    Output: the same.

    Raises:
        ValueError: an argument is out of its range.

    Example:
        >>> rows = tf.constant([[1.0], [3.0]])
        >>> BatchNormalization(epsilon=0.0)(rows, training=True).numpy().ravel().tolist()
        [-1.0, 1.0]
    """

    couples_batch = True

    def __init__(
        self,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        center: bool = True,
        scale: bool = True,
        synchronized: bool = True,
        **kwargs,
    ):
        check_at_least(0, epsilon=epsilon)
        check_momentum(momentum)
        super().__init__(
            momentum=momentum, epsilon=epsilon, center=center, scale=scale, synchronized=synchronized, **kwargs
        )

    def _moments(self, inputs, mask):
        """Mean and variance of a minibatch, for Keras' `call`; with a mask, of the rows that it keeps."""
        kept = None if mask is None else tf.cast(mask, inputs.dtype)[..., None]
        mean = self._mean(inputs, kept)
        variance = self._mean(tf.square(inputs - mean), kept)
        return tf.squeeze(mean, self._reduction_axes), tf.squeeze(variance, self._reduction_axes)

    def _mean(self, values, kept):
        """The mean of each channel over the replicas, with the axes kept. Their shares of a minibatch are equal."""
        if kept is None:
            return self._over_replicas("MEAN", tf.reduce_mean(values, self._reduction_axes, keepdims=True))
        total = tf.reduce_sum(values * kept, self._reduction_axes, keepdims=True)
        count = tf.reduce_sum(kept, self._reduction_axes, keepdims=True)
        return tf.math.divide_no_nan(*self._over_replicas("SUM", [total, count]))

    def _over_replicas(self, how, values):
        context = tf.distribute.get_replica_context() if self.synchronized else None
        several = context is not None and context.num_replicas_in_sync > 1
        return context.all_reduce(how, values) if several else values
