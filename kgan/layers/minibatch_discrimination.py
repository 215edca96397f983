"""How close an example is to the others of its minibatch."""

import tensorflow as tf

from kgan.layers.layer import Layer, check_at_least, check_rank


class MinibatchDiscrimination(Layer):
    """Appends o(x_i)_b = sum_j exp(-|M_ib - M_jb|_1) to the features of a minibatch. Salimans et al. 2016, section 3.2
    (https://arxiv.org/abs/1606.03498).

    M_i = f(x_i) T is a matrix of num_kernels rows of kernel_dim numbers. As in the paper, the sum runs over all
    examples j, i itself among them, which adds 1: each new feature is from 1, for an example like no other, to N, where
    all are alike. The distances are computed in the precision of the weights; they take N^2 num_kernels kernel_dim
    numbers of memory.

    The examples of a batch are compared with each other, so kgan's games refuse it on several replicas. Give the
    discriminator real and fake batches apart, as they do.

    Args:
        num_kernels: the paper's B, how many features are appended.
        kernel_dim: the paper's C, in how many numbers examples are compared for each.

    Input: f [N, A].
    Output: [N, A + num_kernels].

    Raises:
        ValueError: an argument is below 1; features of another shape.

    Example:
        >>> alike = MinibatchDiscrimination(num_kernels=2)(tf.ones([5, 3]))
        >>> alike[0].numpy().tolist()
        [1.0, 1.0, 1.0, 5.0, 5.0]
    """

    couples_batch = True

    def __init__(self, num_kernels: int = 100, kernel_dim: int = 5, **kwargs):
        check_at_least(1, num_kernels=num_kernels, kernel_dim=kernel_dim)
        super().__init__(**kwargs)
        self.num_kernels, self.kernel_dim = num_kernels, kernel_dim

    def build(self, input_shape):
        check_rank(self, input_shape, [2], "features as [N, A]; flatten first")
        self.kernel = self.add_weight(shape=[input_shape[-1], self.num_kernels * self.kernel_dim], name="kernel")

    def call(self, inputs):
        rows = tf.reshape(tf.matmul(inputs, self.kernel), [-1, self.num_kernels, self.kernel_dim])
        rows = tf.cast(rows, self.variable_dtype)
        distances = tf.reduce_sum(tf.abs(rows[:, None] - rows[None, :]), axis=-1)
        closeness = tf.reduce_sum(tf.exp(-distances), axis=1)
        return tf.concat([inputs, tf.cast(closeness, inputs.dtype)], axis=-1)
