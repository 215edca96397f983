"""Normalisation of groups of channels of each example."""

import tensorflow as tf

from kgan.layers.layer import Layer, check_at_least, moments


class GroupNormalization(Layer):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, with the mean and variance over all pixels of an example's
    channels in one group. Wu & He 2018, equations 1, 2 and 7 (https://arxiv.org/abs/1803.08494).

    Neighbouring channels form a group. One group is `LayerNormalization`, groups of one channel are
    `InstanceNormalization`. Examples do not influence each other, so that gradient penalties may be used with it; and
    unlike Keras' GroupNormalization its second derivatives are right. gamma and beta, one for each channel, are 1 and 0
    at first. Computed in the precision of the weights.

    Args:
        groups: how many; they must divide the channels. 32 is the paper's.
        epsilon: added to the variance.

    Input: [N, ..., channels].
    Output: the same.

    Raises:
        ValueError: an argument is out of its range, or the channels do not divide into groups.

    Example:
        >>> rows = tf.constant([[1.0, 3.0, 10.0, 30.0]])
        >>> GroupNormalization(groups=2, epsilon=0.0)(rows).numpy().round(6).tolist()
        [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(self, groups: int = 32, epsilon: float = 1e-5, **kwargs):
        check_at_least(1, groups=groups)
        check_at_least(0, epsilon=epsilon)
        super().__init__(**kwargs)
        self.groups, self.epsilon = groups, epsilon

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels % self.groups:
            raise ValueError(f"GroupNormalization: {channels} channels do not divide into {self.groups} groups.")
        self.gamma = self.add_weight(shape=[channels], initializer="ones", autocast=False, name="gamma")
        self.beta = self.add_weight(shape=[channels], initializer="zeros", autocast=False, name="beta")

    def call(self, inputs):
        x = tf.cast(inputs, self.variable_dtype)
        grouped = tf.reshape(x, [tf.shape(x)[0], -1, self.groups, x.shape[-1] // self.groups])
        mean, variance = moments(grouped, [1, 3])
        normalized = (grouped - mean) * tf.math.rsqrt(variance + self.epsilon)
        normalized = tf.ensure_shape(tf.reshape(normalized, tf.shape(x)), x.shape)
        return tf.cast(self.gamma * normalized + self.beta, self.compute_dtype)
