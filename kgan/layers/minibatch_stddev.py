"""How much the examples of a minibatch vary."""

import tensorflow as tf

from kgan.layers.layer import Layer, check_at_least, check_rank


class MinibatchStddev(Layer):
    """Appends the standard deviation over the minibatch, averaged over features and pixels, as one more feature map.
    Karras et al. 2018, section 3 (https://arxiv.org/abs/1710.10196).

    The paper takes it over the whole minibatch; its code, over groups of four, and each example gets the number of
    its group. As in that code, group j holds every (N / group_size)-th example from j on, and 1e-8 is added to the
    variances, so that a group of equal examples, or of one, gets 1e-4. A batch of fewer than group_size examples is one
    group. Computed in the precision of the weights.

    The examples of a batch are compared with each other, so kgan's games refuse it on several replicas. Give the
    discriminator real and fake batches apart, as they do.

    Args:
        group_size: examples in a group, at least 1, by which larger batches must divide; None for the whole batch.

    Input: [N, height, width, channels], or [N, features].
    Output: the same with one more channel.

    Raises:
        ValueError: group_size is below 1; inputs of other shapes; the batch does not divide into groups (a
            tf.errors.InvalidArgumentError where its size is known only at run time).

    Example:
        >>> x = tf.constant([[1.0], [3.0]])
        >>> MinibatchStddev()(x).numpy().tolist()
        [[1.0, 1.0], [3.0, 1.0]]
    """

    couples_batch = True

    def __init__(self, group_size: int | None = 4, **kwargs):
        check_at_least(1, group_size=group_size)
        super().__init__(**kwargs)
        self.group_size = group_size

    def build(self, input_shape):
        check_rank(self, input_shape, [2, 4], "[N, height, width, channels] or [N, features]")

    def call(self, inputs):
        count, *sides = [side if side is not None else tf.shape(inputs)[axis] for axis, side in enumerate(inputs.shape)]
        size = self._size(count)
        groups = tf.reshape(tf.cast(inputs, self.variable_dtype), [size, -1, *sides])
        deviations = tf.sqrt(tf.math.reduce_variance(groups, axis=0) + 1e-8)
        means = tf.reduce_mean(deviations, axis=range(1, len(inputs.shape)))
        each = tf.reshape(tf.tile(means, [size]), [-1, *[1] * len(sides)])
        one_map = tf.broadcast_to(tf.cast(each, inputs.dtype), [count, *sides[:-1], 1])
        return tf.concat([inputs, one_map], axis=-1)

    def _size(self, count):
        """How many examples a group has."""
        if self.group_size is None:
            return count
        sentence = f"MinibatchStddev needs a batch that divides into groups of {self.group_size}"
        if isinstance(count, int):
            size = min(self.group_size, count)
            if count % size:
                raise ValueError(f"{sentence}; got {count} examples.")
            return size
        size = tf.minimum(self.group_size, count)
        with tf.control_dependencies([tf.debugging.assert_equal(count % size, 0, message=f"{sentence}.")]):
            return tf.identity(size)
