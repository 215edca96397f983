"""How well an image's features fit its condition."""

import tensorflow as tf
from keras import layers

from kgan.layers.layer import Layer, check_at_least, check_condition, check_rank, two_shapes
from kgan.layers.spectral_normalization import SpectralNormalization


class Projection(Layer):
    """<V y, phi(x)>, the conditional part of a discriminator's score. Miyato & Koyama 2018, equation 4 and figure 1d
    (https://arxiv.org/abs/1802.05637).

    The score is psi(phi(x)) + <V y, phi(x)>: this layer's output is added to that of a Dense(1) on the same features.
    For classes, V y is a row of an embedding; for vectors, V is linear, without bias. Both begin as Glorot & Bengio
    2010 give. The product is computed in the precision of the weights.

    Args:
        num_classes: of integer conditions; None for conditions that are vectors, such as energies.
        spectral_norm: divide V by its spectral norm, as the paper's discriminators do.

    Input: [phi, y]: features [N, units]; y int [N] in [0, num_classes), or float [N, d].
    Output: [N, 1].

    Raises:
        ValueError: num_classes is below 1; inputs of other shapes.

    Example:
        >>> phi, y = tf.random.normal([4, 64]), tf.constant([0, 1, 2, 9])
        >>> scores = layers.Dense(1)(phi) + Projection(num_classes=10, spectral_norm=True)([phi, y])
        >>> scores.shape
        TensorShape([4, 1])
    """

    def __init__(self, num_classes: int | None = None, spectral_norm: bool = False, **kwargs):
        check_at_least(1, num_classes=num_classes)
        super().__init__(**{**kwargs, "autocast": False})  # conditions are not rounded
        self.num_classes, self.spectral_norm = num_classes, spectral_norm

    def build(self, input_shape):
        phi, y = two_shapes(self, input_shape, "[phi, y]")
        check_rank(self, phi, [2], "features as [N, units]; sum or average the pixels first")
        check_condition(self, y)
        if self.num_classes is not None:
            embedding = layers.Embedding(
                self.num_classes, phi[-1], embeddings_initializer="glorot_uniform", dtype=self.variable_dtype,
                name="embedding",
            )  # fmt: skip
        else:
            embedding = layers.Dense(phi[-1], use_bias=False, dtype=self.variable_dtype, name="embedding")
        self.embedding = SpectralNormalization(embedding) if self.spectral_norm else embedding
        self.embedding.build(y)

    def call(self, inputs):
        phi, y = inputs
        product = self.embedding(y) * tf.cast(phi, self.variable_dtype)
        return tf.cast(tf.reduce_sum(product, axis=-1, keepdims=True), self.compute_dtype)
