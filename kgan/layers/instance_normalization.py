"""Normalisation of each channel of each image."""

import math

import tensorflow as tf

from kgan.layers.layer import Layer, check_at_least, check_rank, moments


class InstanceNormalization(Layer):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, with the mean and variance over the pixels of one channel of
    one image. Ulyanov et al. 2016, equation 2 (https://arxiv.org/abs/1607.08022).

    Batch normalisation of a batch of one, in training and in inference alike; examples do not influence each other, so
    that gradient penalties may be used with it. gamma and beta, one for each channel, are 1 and 0 at first. Computed in
    the precision of the weights.

    Args:
        epsilon: added to the variance.

    Input: [N, ..., channels] with one to three axes of pixels.
    Output: the same.

    Raises:
        ValueError: epsilon is below 0; inputs without pixels, or with one, which would be zero.

    Example:
        >>> image = tf.constant([[[[1.0], [3.0]]]])  # mean 2, standard deviation 1
        >>> InstanceNormalization(epsilon=0.0)(image).numpy().ravel().tolist()
        [-1.0, 1.0]
    """

    def __init__(self, epsilon: float = 1e-5, **kwargs):
        check_at_least(0, epsilon=epsilon)
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape):
        check_rank(self, input_shape, [3, 4, 5], "[N, ..., channels] with pixels")
        if None not in input_shape[1:-1] and math.prod(input_shape[1:-1]) == 1:
            raise ValueError(
                f"InstanceNormalization of one pixel is zero, whatever it was; got the shape {input_shape}."
            )
        shape = [input_shape[-1]]
        self.gamma = self.add_weight(shape=shape, initializer="ones", autocast=False, name="gamma")
        self.beta = self.add_weight(shape=shape, initializer="zeros", autocast=False, name="beta")

    def call(self, inputs):
        x = tf.cast(inputs, self.variable_dtype)
        mean, variance = moments(x, range(1, len(x.shape) - 1))
        normalized = (x - mean) * tf.math.rsqrt(variance + self.epsilon)
        return tf.cast(self.gamma * normalized + self.beta, self.compute_dtype)
