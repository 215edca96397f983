"""Multilayer perceptrons, for vectors and for images."""

import math

import keras
from keras import layers

from kgan.architectures.network import Network, check_positive, check_weights
from kgan.layers import SpectralNormalization


class MLPGenerator(Network):
    """A ReLU network from latents to vectors or images.

    Four layers of 512 units are the generator with which the WGAN paper still learns bedrooms (Arjovsky et
    al. 2017, figure 7, https://arxiv.org/abs/1701.07875). The last layer is linear for vectors and tanh
    for images. Weights begin as He et al. 2015 give for ReLU.

    Args:
        data_shape: (d,) for vectors, (height, width, channels) for images.
        latent_dim: length of z.
        units: width of each hidden layer.

    Example:
        >>> MLPGenerator(data_shape=(28, 28, 1), latent_dim=64).output_shape
        (None, 28, 28, 1)
    """

    def __init__(
        self, data_shape: tuple[int, ...], latent_dim: int = 100, units: tuple[int, ...] = (512, 512, 512, 512)
    ):
        data_shape, units = check_data_shape(data_shape), tuple(units)
        check_positive(latent_dim=latent_dim, units=units)
        check_weights([latent_dim, *units, math.prod(data_shape)], f"units {units} and data_shape {data_shape}")
        latents = x = keras.Input([latent_dim], name="latents")
        for count in units:
            x = layers.Dense(count, activation="relu", kernel_initializer="he_normal")(x)
        x = layers.Dense(math.prod(data_shape))(x)
        x = layers.Reshape(data_shape)(x)
        last = "tanh" if len(data_shape) == 3 else "linear"
        images = layers.Activation(last, dtype="float32", name="images")(x)
        super().__init__(latents, images, name="generator")
        self.data_shape, self.latent_dim, self.units = data_shape, latent_dim, units


class MLPDiscriminator(Network):
    """A LeakyReLU(0.2) network from vectors or images to one raw score.

    Args:
        data_shape: (d,) for vectors, (height, width, channels) for images.
        units: width of each hidden layer.
        normalization: "none", or "spectral" for `kgan.layers.SpectralNormalization` around every Dense layer.

    Example:
        >>> MLPDiscriminator(data_shape=(2,), units=(128, 128, 128)).output_shape
        (None, 1)
    """

    def __init__(
        self,
        data_shape: tuple[int, ...],
        units: tuple[int, ...] = (512, 512, 512, 512),
        normalization: str = "none",
    ):
        data_shape, units = check_data_shape(data_shape), tuple(units)
        if normalization not in ("none", "spectral"):
            raise ValueError(f"normalization must be none or spectral; got {normalization!r}.")
        check_positive(units=units)
        check_weights([math.prod(data_shape), *units, 1], f"units {units} and data_shape {data_shape}")
        wrapped = SpectralNormalization if normalization == "spectral" else lambda layer: layer
        images = keras.Input(data_shape, name="images")
        x = layers.Flatten()(images)
        for count in units:
            x = wrapped(layers.Dense(count, kernel_initializer="he_normal"))(x)
            x = layers.LeakyReLU(0.2)(x)
        scores = wrapped(layers.Dense(1, dtype="float32", name="scores"))(x)
        super().__init__(images, scores, name="discriminator")
        self.data_shape, self.units, self.normalization = data_shape, units, normalization


def check_data_shape(data_shape):
    data_shape = tuple(data_shape)
    if len(data_shape) not in (1, 3) or any(side < 1 for side in data_shape):
        raise ValueError(f"data_shape must be (d,) or (height, width, channels); got {data_shape}.")
    return data_shape
