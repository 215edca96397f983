"""Pixels that look at each other over any distance."""

import tensorflow as tf
from keras import layers

from kgan.layers.layer import Layer, check_rank
from kgan.layers.spectral_normalization import SpectralNormalization


class SelfAttention(Layer):
    """x + gamma o(x), o the attention of every pixel to all others. Zhang et al. 2018, section 3, equations 1 to 3
    (https://arxiv.org/abs/1805.08318).

    o_j = v(sum_i beta_ji h(x_i)) with beta_ji = softmax_i(f(x_i) . g(x_j)), and 1x1 convolutions f, g to an eighth of
    the channels, h to a half, v back to all, without biases. gamma is one number, 0 at first, so that the layer begins
    as the identity. Unlike the paper, and as in its authors' code, f and h are max-pooled by 2 (the last row and column
    of odd sides alone): a pixel looks at a quarter as many. h has, as there, half of the channels rather than an
    eighth. The softmax is computed in the precision of the weights.

    Memory grows with the fourth power of the sides: use it at 32x32 or 64x64.

    Args:
        spectral_norm: divide the four convolutions' kernels by their spectral norms, as the paper does in both
            networks.

    Input: [N, height, width, channels], at least 8 channels.
    Output: the same.

    Raises:
        ValueError: inputs of other shapes, or of fewer channels.

    Example:
        >>> x = tf.random.normal([2, 8, 8, 16])
        >>> bool(tf.reduce_all(SelfAttention()(x) == x))  # at first
        True
    """

    def __init__(self, spectral_norm: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.spectral_norm = spectral_norm

    def build(self, input_shape):
        check_rank(self, input_shape, [4], "images, [N, height, width, channels]")
        *pixels, channels = input_shape
        if channels < 8:
            raise ValueError(
                f"SelfAttention needs at least 8 channels, of which f and g take an eighth; got {channels}."
            )
        self.f = self._convolution(channels // 8, "f")
        self.g = self._convolution(channels // 8, "g")
        self.h = self._convolution(channels // 2, "h")
        self.v = self._convolution(channels, "v")
        for convolution in (self.f, self.g, self.h):
            convolution.build(input_shape)
        self.v.build((*pixels, channels // 2))
        self.gamma = self.add_weight(shape=[], initializer="zeros", name="gamma")

    def _convolution(self, filters, name):
        convolution = layers.Conv2D(filters, 1, use_bias=False, dtype=self.dtype_policy, name=name)
        return SpectralNormalization(convolution) if self.spectral_norm else convolution

    def call(self, inputs):
        keys, values = (_flat(tf.nn.max_pool2d(part(inputs), 2, 2, "SAME")) for part in (self.f, self.h))
        scores = tf.matmul(_flat(self.g(inputs)), keys, transpose_b=True)  # [N, j, i]
        beta = tf.cast(tf.nn.softmax(tf.cast(scores, self.variable_dtype)), values.dtype)
        seen = tf.reshape(tf.matmul(beta, values), [-1, *_sides(inputs), values.shape[-1]])
        return inputs + self.gamma * self.v(seen)


def _flat(x):
    height, width = _sides(x)
    return tf.reshape(x, [-1, height * width, x.shape[-1]])


def _sides(x):
    return [side if side is not None else tf.shape(x)[axis] for axis, side in enumerate(x.shape)][1:-1]
