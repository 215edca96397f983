"""Normalisation of each example."""

import tensorflow as tf

from kgan.layers.layer import Layer, check_at_least, moments


class LayerNormalization(Layer):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, with the mean and variance over all of an example's pixels
    and channels. Ba et al. 2016 (https://arxiv.org/abs/1607.06450), as the critics of WGAN-GP have it.

    Examples do not influence each other, so that gradient penalties may be used with it; and unlike Keras'
    LayerNormalization and GroupNormalization its second derivatives are right, which a penalty's gradient is made of:
    theirs lack a part (1 to 4% of the gradient of the penalty in a small critic). gamma and beta, one for each channel,
    are 1 and 0 at first. Computed in the precision of the weights.

    Args:
        epsilon: added to the variance.

    Input: [N, ..., channels].
    Output: the same.

    Raises:
        ValueError: epsilon is below 0.

    Example:
        >>> rows = tf.constant([[1.0, 3.0], [10.0, 30.0]])
        >>> LayerNormalization(epsilon=0.0)(rows).numpy().round(6).tolist()
        [[-1.0, 1.0], [-1.0, 1.0]]
    """

    def __init__(self, epsilon: float = 1e-5, **kwargs):
        check_at_least(0, epsilon=epsilon)
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape):
        shape = [input_shape[-1]]
        self.gamma = self.add_weight(shape=shape, initializer="ones", autocast=False, name="gamma")
        self.beta = self.add_weight(shape=shape, initializer="zeros", autocast=False, name="beta")

    def call(self, inputs):
        x = tf.cast(inputs, self.variable_dtype)
        mean, variance = moments(x, range(1, len(x.shape)))
        normalized = (x - mean) * tf.math.rsqrt(variance + self.epsilon)
        return tf.cast(self.gamma * normalized + self.beta, self.compute_dtype)
