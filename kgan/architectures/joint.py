"""Discriminators of pairs."""

import math

import keras
from keras import layers

from kgan.architectures.mlp import check_activation, check_data_shape, hidden
from kgan.architectures.network import SPECTRAL, Network, Size, Sizes, check_normalization, check_weights, wrapper


class MLPJointDiscriminator(Network):
    """A network of dense layers from pairs of examples and latents to raw scores: that of BiGAN's experiment on digits.
    Donahue et al. 2016, section 4.2 (https://arxiv.org/abs/1605.09782), which has two hidden layers of 1,024.

    Args:
        data_shape: (d,) for vectors, (height, width, channels) for images.
        latent_dim: of the generator; in a recipe it is known.
        units: width of each hidden layer.
        activation: "leaky_relu" (of slope 0.2), "relu" or "elu".
        normalization: "none", "batch", "layer" or "spectral", see `MLPDiscriminator`.

    Input: [images, latents].

    Example:
        >>> MLPJointDiscriminator(data_shape=(2,), latent_dim=3, units=(16,)).input_shape
        [(None, 2), (None, 3)]
    """

    def __init__(
        self,
        data_shape: tuple[int, ...],
        latent_dim: Size = 100,
        units: Sizes = (1024, 1024),
        activation: str = "leaky_relu",
        normalization: str = "none",
    ):
        data_shape, units = check_data_shape(data_shape), tuple(units)
        check_activation(activation)
        check_normalization(normalization, also=SPECTRAL)
        size = math.prod(data_shape) + latent_dim
        check_weights([size, *units, 1], f"units {units} and data_shape {data_shape}")
        images = keras.Input(data_shape, name="images")
        latents = keras.Input([latent_dim], name="latents")
        x = layers.Concatenate()([layers.Flatten()(images), latents])
        x = hidden(x, units, activation, normalization)
        scores = wrapper(normalization)(layers.Dense(1, dtype="float32", name="scores"))(x)
        super().__init__([images, latents], scores, name="discriminator")
        self.data_shape, self.latent_dim, self.units = data_shape, latent_dim, units
        self.activation, self.normalization = activation, normalization
