"""A convolution that is not slow where Keras' or oneDNN's is."""

import functools

import keras
import tensorflow as tf
from keras import layers

from kgan.precision import cpu_flags


@keras.saving.register_keras_serializable("kgan")
class Conv2D(layers.Conv2D):
    """Keras' convolution ("same" padding), whose filter gradient is a convolution too where that is faster.

    In bfloat16, on CPUs with AVX512-BF16 and without AMX, the kernel that oneDNN 3.7 has for filter gradients
    takes two to three times as long as the same sum by `tf.nn.conv2d`, from 128 input channels on. Convolutions in
    groups, which Keras compiles with XLA, are TensorFlow's own: measured thirty times as fast on a CPU.
    """

    def convolution_op(self, inputs, kernel):
        kernel = tf.convert_to_tensor(kernel)
        if self.groups > 1:
            return tf.nn.conv2d(inputs, kernel, self.strides, self.padding.upper())
        if (
            self.padding == "same"
            and kernel.dtype == tf.bfloat16
            and kernel.shape[2] >= 128
            and _slow_filter_gradients()
        ):
            return _convolve(inputs, kernel, self.strides[0])
        return super().convolution_op(inputs, kernel)


@functools.cache
def _slow_filter_gradients():
    flags = cpu_flags()
    return "avx512_bf16" in flags and "amx_bf16" not in flags and not tf.config.list_physical_devices("GPU")


def _convolve(x, kernel, stride):
    """tf.nn.conv2d(x, kernel, stride, "SAME"), which can be differentiated as often."""
    x_shape = tf.shape(x)

    @tf.custom_gradient
    def forward(x, kernel):
        y = tf.nn.conv2d(x, kernel, stride, "SAME")
        return y, lambda dy: (backward(dy, kernel), _filter_gradient(x, dy, kernel.shape, stride))

    @tf.custom_gradient
    def backward(y, kernel):
        x = tf.nn.conv2d_transpose(y, kernel, x_shape, stride, "SAME")
        return x, lambda dx: (forward(dx, kernel), _filter_gradient(dx, y, kernel.shape, stride))

    return forward(x, kernel)


def _filter_gradient(x, dy, kernel_shape, stride):
    """sum over samples n and pixels p of x[n, stride p + k] dy[n, p], for each k: x convolved with a dilated dy.

    The channels of x are the samples of this convolution, and the samples its channels.
    """
    spans = [stride * (pixels - 1) + size for pixels, size in zip(dy.shape[1:3], kernel_shape[:2], strict=True)]
    pads = [max(span - pixels, 0) for span, pixels in zip(spans, x.shape[1:3], strict=True)]
    x = tf.pad(x, [(0, 0), *((pad // 2, pad - pad // 2) for pad in pads), (0, 0)])[:, : spans[0], : spans[1]]
    x, dy = tf.transpose(x, [3, 1, 2, 0]), tf.transpose(dy, [1, 2, 0, 3])
    return tf.transpose(tf.nn.conv2d(x, dy, 1, "VALID", dilations=stride), [1, 2, 0, 3])
