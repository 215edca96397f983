"""Batch normalisation whose gain and bias depend on a condition."""

import tensorflow as tf
from keras import layers

from kgan.layers.batch_normalization import BatchNormalization
from kgan.layers.layer import Layer, check_at_least, check_condition, check_momentum, check_rank, two_shapes


class ConditionalBatchNormalization(Layer):
    """gamma(y) (x - mean) / sqrt(variance + epsilon) + beta(y), per channel. De Vries et al. 2017, section 3.1
    (https://arxiv.org/abs/1707.00683); with classes, Dumoulin et al. 2017, equation 5
    (https://arxiv.org/abs/1610.07629).

    The statistics, and their moving averages for inference, are those of all classes together. Of classes, each has
    its own gamma, 1 at first, and beta, 0 at first; of vectors, both are linear functions, which begin as the
    constants 1 and 0. All of it is computed in the precision of the weights.

    Args:
        num_classes: of integer conditions; None for conditions that are vectors, such as energies.
        momentum: of the moving averages, in [0, 1).
        epsilon: added to the variance.
        synchronized: take the statistics over all replicas, as `BatchNormalization` does; without it, kgan's games
            refuse to train on several.

    Input: [x, y]: x [N, channels] or [N, ..., channels]; y int [N] in [0, num_classes), or float [N, d].
    Output: as x.

    Raises:
        ValueError: an argument is out of its range; inputs of other shapes.

    Example:
        >>> layer = ConditionalBatchNormalization(num_classes=10)
        >>> layer([tf.random.normal([4, 8, 8, 3]), tf.constant([0, 1, 2, 9])]).shape
        TensorShape([4, 8, 8, 3])
        >>> vectors = ConditionalBatchNormalization()
        >>> vectors([tf.random.normal([4, 8, 8, 3]), tf.constant([[0.1], [0.2], [0.3], [0.4]])]).shape
        TensorShape([4, 8, 8, 3])
    """

    couples_batch = True

    def __init__(
        self,
        num_classes: int | None = None,
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        synchronized: bool = True,
        **kwargs,
    ):
        check_at_least(1, num_classes=num_classes)
        check_at_least(0, epsilon=epsilon)
        check_momentum(momentum)
        super().__init__(**{**kwargs, "autocast": False})  # conditions are not rounded
        self.num_classes, self.momentum = num_classes, momentum
        self.epsilon, self.synchronized = epsilon, synchronized

    def build(self, input_shape):
        x, y = two_shapes(self, input_shape, "[x, y]")
        check_rank(self, x, range(2, 6), "features as [N, ..., channels]")
        check_condition(self, y)
        self.normalization = BatchNormalization(
            momentum=self.momentum, epsilon=self.epsilon, center=False, scale=False, synchronized=self.synchronized,
            dtype=self.variable_dtype, name="normalization",
        )  # fmt: skip
        self.gamma, self.beta = self._function(x[-1], "ones", "gamma"), self._function(x[-1], "zeros", "beta")
        self.normalization.build(x)
        self.gamma.build(y)
        self.beta.build(y)

    def _function(self, channels, start, name):
        if self.num_classes is not None:
            return layers.Embedding(
                self.num_classes, channels, embeddings_initializer=start, dtype=self.variable_dtype, name=name
            )
        return layers.Dense(
            channels, kernel_initializer="zeros", bias_initializer=start, dtype=self.variable_dtype, name=name
        )

    def call(self, inputs, training=None):
        x, y = inputs
        shape = [-1, *[1] * (len(x.shape) - 2), x.shape[-1]]
        gamma, beta = (tf.reshape(function(y), shape) for function in (self.gamma, self.beta))
        return tf.cast(gamma * self.normalization(x, training=training) + beta, self.compute_dtype)
