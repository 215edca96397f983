"""Normalisation by a batch that is chosen once."""

import keras
import tensorflow as tf

from kgan.layers.layer import Layer, check_at_least, check_rank, moments, two_shapes


class VirtualBatchNormalization(Layer):
    """Normalises each example by the statistics of a fixed reference batch and of the example itself. Salimans et al.
    2016, section 3.4 (https://arxiv.org/abs/1606.03498).

    For R reference examples, an example x gets gamma (x - mean) / sqrt(variance + epsilon) + beta with the mean and
    variance of a batch of R + 1: the reference examples and x (per channel, over their pixels). The reference batch is
    normalised by its own statistics. So the examples of a minibatch do not influence each other, and training and
    inference compute the same. gamma and beta, one for each channel, are 1 and 0 at first. Computed in the precision of
    the weights.

    The reference activations of a layer change with the weights before it, so the reference batch takes part in the
    forward pass from the input on: every layer is applied to it as well (see the example).

    Args:
        epsilon: added to the variance.

    Input: [x, reference]: [N, ..., channels] and [R, ..., channels].
    Output: both, normalised.

    Raises:
        ValueError: epsilon is below 0; inputs of other shapes.

    Example:
        >>> latents = keras.Input([4])
        >>> reference = ReferenceBatch(size=64)(latents)
        >>> dense = keras.layers.Dense(8)
        >>> x, reference = VirtualBatchNormalization()([dense(latents), dense(reference)])
        >>> generator = keras.Model(latents, keras.layers.Dense(2)(keras.layers.ReLU()(x)))
        >>> generator(tf.zeros([3, 4])).shape
        TensorShape([3, 2])
    """

    def __init__(self, epsilon: float = 1e-5, **kwargs):
        check_at_least(0, epsilon=epsilon)
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape):
        x, reference = two_shapes(self, input_shape, "[x, reference]")
        check_rank(self, x, range(2, 6), "[N, ..., channels]")
        if tuple(x[1:]) != tuple(reference[1:]):
            raise ValueError(
                f"VirtualBatchNormalization takes a reference batch of examples like x; got {input_shape}."
            )
        self.gamma = self.add_weight(shape=[x[-1]], initializer="ones", autocast=False, name="gamma")
        self.beta = self.add_weight(shape=[x[-1]], initializer="zeros", autocast=False, name="beta")

    def call(self, inputs):
        x, reference = (tf.cast(part, self.variable_dtype) for part in inputs)
        axes = list(range(len(x.shape) - 1))
        count = tf.cast(tf.shape(reference)[0], x.dtype)
        fixed_mean, fixed_variance = moments(reference, axes)
        own_mean, own_variance = moments(x, axes[1:])
        mean = (count * fixed_mean + own_mean) / (count + 1)
        variance = count * (fixed_variance + tf.square(fixed_mean - mean)) + own_variance + tf.square(own_mean - mean)
        return [
            self._normalized(x, mean, variance / (count + 1)),
            self._normalized(reference, fixed_mean, fixed_variance),
        ]

    def _normalized(self, x, mean, variance):
        normalized = (x - mean) * tf.math.rsqrt(variance + self.epsilon)
        return tf.cast(self.gamma * normalized + self.beta, self.compute_dtype)


class ReferenceBatch(Layer):
    """The reference batch of virtual batch normalisation: "chosen once and fixed at the start of training". Salimans et
    al. 2016, section 3.4 (https://arxiv.org/abs/1606.03498).

    A weight that is saved and never trained. It begins as N(0, 1), the reference latents of a generator, where the
    paper uses it; a discriminator's reference images are given once with `hold`.

    Args:
        size: how many examples, at least 2.

    Input: [N, ...], of which only the shape of an example is used.
    Output: the reference batch, [size, ...].

    Raises:
        ValueError: size is below 2; examples of unknown shape; `hold` gets a batch of another shape.

    Example:
        >>> layer = ReferenceBatch(size=2)
        >>> layer(tf.zeros([5, 1])).shape
        TensorShape([2, 1])
        >>> layer.hold([[1.0], [2.0]])
        >>> layer(tf.zeros([5, 1])).numpy().ravel().tolist()
        [1.0, 2.0]
    """

    def __init__(self, size: int = 64, **kwargs):
        check_at_least(2, size=size)
        super().__init__(**kwargs)
        self.size = size

    def build(self, input_shape):
        if None in input_shape[1:]:
            raise ValueError(f"ReferenceBatch needs to know the shape of an example; got {input_shape}.")
        self.reference = self.add_weight(
            shape=[self.size, *input_shape[1:]], trainable=False, name="reference",
            initializer=keras.initializers.RandomNormal(stddev=1.0),
        )  # fmt: skip

    def hold(self, examples):
        """Makes `examples`, [size, ...], the reference batch."""
        shape = tuple(tf.shape(examples).numpy().tolist())
        if shape != tuple(self.reference.shape):
            raise ValueError(f"hold takes examples of the shape {tuple(self.reference.shape)}; got {shape}.")
        self.reference.assign(examples)

    def call(self, inputs):
        return tf.convert_to_tensor(self.reference)
