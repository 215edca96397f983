"""Several dense layers, one of which each example goes through."""

import keras
import tensorflow as tf

from kgan.layers.layer import Layer, check_at_least


class IndexedDense(Layer):
    """`count` dense layers in one: an example x with the number i becomes W_i x + b_i. Hoang et al. 2017, section 3
    (https://arxiv.org/abs/1708.02556), whose generators differ in their first layers alone.

    Args:
        units: width of the output.
        count: how many layers there are.
        kernel_initializer: of each of them, a Keras initializer or its name; of one with a seed the layers take that
            seed and those after it, so that they begin differently.

    Input: (x [N, d], numbers [N], integers from 0 to count - 1).
    Output: [N, units].

    Raises:
        ValueError: units or count is below 1. A number that is out of range is tf.errors.InvalidArgumentError.

    Example:
        >>> layer = IndexedDense(3, count=2)
        >>> layer((tf.ones([4, 5]), tf.constant([0, 1, 1, 0]))).shape, tuple(layer.kernel.shape)
        (TensorShape([4, 3]), (2, 5, 3))
    """

    def __init__(
        self, units: int, count: int, kernel_initializer: str | keras.initializers.Initializer = "he_normal", **kwargs
    ):
        check_at_least(1, units=units, count=count)
        super().__init__(**kwargs)
        self.units, self.count, self.kernel_initializer = units, count, kernel_initializer

    def build(self, input_shape):
        x, _ = input_shape
        self.kernel = self.add_weight(
            shape=(self.count, x[-1], self.units), initializer=self._each, name="kernel",
        )  # fmt: skip
        self.bias = self.add_weight(shape=(self.count, self.units), initializer="zeros", name="bias")

    def _each(self, shape, dtype=None):
        """The kernels of all layers, each as if it were alone."""
        return keras.ops.stack([self._initializer(number)(shape[1:], dtype) for number in range(shape[0])])

    def _initializer(self, number):
        # An object of Keras gives the same numbers at every call, which would make all layers alike.
        if not isinstance(self.kernel_initializer, keras.initializers.Initializer):
            return keras.initializers.get(self.kernel_initializer)
        config = self.kernel_initializer.get_config()
        if isinstance(config.get("seed"), int):
            config["seed"] += number
        return type(self.kernel_initializer).from_config(config)

    def call(self, inputs):
        x, index = inputs
        index = tf.cast(index, tf.int32)
        known = tf.debugging.Assert(
            tf.reduce_all((index >= 0) & (index < self.count)),
            [f"index: expected numbers from 0 to {self.count - 1}, got", index],
        )
        with tf.control_dependencies([] if known is None else [known]):
            index = tf.identity(index)
        # All of them in one product: a kernel for each example would take far more memory.
        count, width = self.count, self.units
        kernel = tf.reshape(tf.transpose(tf.convert_to_tensor(self.kernel), [1, 0, 2]), [-1, count * width])
        everything = tf.reshape(tf.matmul(x, kernel), [-1, count, width]) + self.bias
        return tf.gather(everything, index, batch_dims=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0][0], self.units)
