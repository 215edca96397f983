"""Multilayer perceptrons, for vectors and for images."""

import math
from typing import Annotated

import keras
from keras import layers

from kgan import kinds
from kgan.architectures.conditioning import DISCRIMINATOR, Conditioning
from kgan.architectures.network import (
    SPECTRAL,
    Network,
    Size,
    Sizes,
    check_normalization,
    check_weights,
    normalize,
    wrapper,
)
from kgan.labels import Labels
from kgan.layers import IndexedDense
from kgan.ranges import Range

ACTIVATIONS = {"relu": layers.ReLU, "leaky_relu": lambda: layers.LeakyReLU(0.2), "elu": layers.ELU}


class MLPGenerator(Network):
    """A network of dense layers from latents to vectors or images.

    Four layers of 512 units are the generator with which the WGAN paper still learns bedrooms (Arjovsky et
    al. 2017, figure 7, https://arxiv.org/abs/1701.07875). The last layer is linear for vectors and tanh
    for images. Weights begin as He et al. 2015 give for ReLU.

    Args:
        data_shape: (d,) for vectors, (steps, channels) for series, (height, width, channels) for images.
        latent_dim: length of z.
        units: width of each hidden layer.
        activation: "relu", "leaky_relu" (of slope 0.2) or "elu".
        normalization: "none", or "batch" or "layer" before the activation of every hidden layer but the first, as
            BiGAN's have it (Donahue et al. 2016, https://arxiv.org/abs/1605.09782).
        conditioning: "concatenation", with labels beside the latents as the second input, or None.
        labels: see `DCGANGenerator`.

    Example:
        >>> MLPGenerator(data_shape=(28, 28, 1), latent_dim=64).output_shape
        (None, 28, 28, 1)
    """

    def __init__(
        self,
        data_shape: tuple[int, ...],
        latent_dim: Size = 100,
        units: Sizes = (512, 512, 512, 512),
        activation: str = "relu",
        normalization: str = "none",
        conditioning: str | None = None,
        labels: Labels | None = None,
    ):
        data_shape, units = check_data_shape(data_shape), tuple(units)
        check_activation(activation)
        check_normalization(normalization)
        check_weights([latent_dim, *units, math.prod(data_shape)], f"units {units} and data_shape {data_shape}")
        condition = Conditioning(["concatenation"], conditioning, labels)
        latents = keras.Input([latent_dim], name="latents")
        x = hidden(condition.joined(latents), units, activation, normalization)
        x = layers.Dense(math.prod(data_shape))(x)
        x = layers.Reshape(data_shape)(x)
        last = "tanh" if kinds.usual(data_shape).bounded else "linear"
        images = layers.Activation(last, dtype="float32", name="images")(x)
        super().__init__(condition.inputs(latents), images, name="generator")
        self.data_shape, self.latent_dim, self.units = data_shape, latent_dim, units
        self.activation, self.normalization = activation, normalization
        self.conditioning, self.labels = conditioning, labels


class MLPGenerators(Network):
    """Several generators of vectors or images that share all layers but the first. Hoang et al. 2017, section 3
    (https://arxiv.org/abs/1708.02556).

    Args:
        data_shape: see `MLPGenerator`.
        generators: how many there are.
        latent_dim: length of z.
        units: width of each hidden layer, of which each generator has the first for itself.
        activation: "relu", "leaky_relu" (of slope 0.2) or "elu".

    Input: [latents [N, latent_dim], numbers of generators [N]].

    Example:
        >>> MLPGenerators(data_shape=(2,), generators=8, latent_dim=16, units=(128, 128)).input_shape
        [(None, 16), (None,)]
    """

    def __init__(
        self,
        data_shape: tuple[int, ...],
        generators: Annotated[int, Range("[2, 1024]")],
        latent_dim: Size = 100,
        units: Sizes = (128, 128),
        activation: str = "relu",
    ):
        data_shape, units = check_data_shape(data_shape), tuple(units)
        check_activation(activation)
        sizes = [latent_dim * generators, *units, math.prod(data_shape)]
        check_weights(sizes, f"{generators} generators, units {units} and data_shape {data_shape}")
        latents, index = keras.Input([latent_dim], name="latents"), keras.Input([], dtype="int32", name="index")
        x = ACTIVATIONS[activation]()(IndexedDense(units[0], count=generators)([latents, index]))
        x = hidden(x, units[1:], activation)
        x = layers.Reshape(data_shape)(layers.Dense(math.prod(data_shape))(x))
        last = "tanh" if kinds.usual(data_shape).bounded else "linear"
        super().__init__(
            [latents, index], layers.Activation(last, dtype="float32", name="images")(x), name="generator"
        )  # fmt: skip
        self.data_shape, self.generators, self.latent_dim = data_shape, generators, latent_dim
        self.units, self.activation = units, activation


class MLPDiscriminator(Network):
    """A network of dense layers from vectors or images to one raw score.

    The first GAN's discriminator was one too (Goodfellow et al. 2014, section 5, https://arxiv.org/abs/1406.2661);
    unlike there, LeakyReLU takes the place of maxout, and there is no dropout.

    Args:
        data_shape: (d,) for vectors, (height, width, channels) for images.
        units: width of each hidden layer.
        activation: "leaky_relu" (of slope 0.2), "relu" or "elu".
        normalization: "none"; "batch" or "layer", see `MLPGenerator`; "spectral" for
            `kgan.layers.SpectralNormalization` around every Dense layer; "scaled_spectral" gives it a learned scale,
            for use with a gradient penalty.
        conditioning: "concatenation", with labels beside the data, "projection", "auxiliary" or None: see
            `DCGANDiscriminator`.
        labels: see `DCGANGenerator`.

    Example:
        >>> MLPDiscriminator(data_shape=(2,), units=(128, 128, 128)).output_shape
        (None, 1)
    """

    def __init__(
        self,
        data_shape: tuple[int, ...],
        units: Sizes = (512, 512, 512, 512),
        activation: str = "leaky_relu",
        normalization: str = "none",
        conditioning: str | None = None,
        labels: Labels | None = None,
    ):
        data_shape, units = check_data_shape(data_shape), tuple(units)
        check_activation(activation)
        check_normalization(normalization, also=SPECTRAL)
        check_weights([math.prod(data_shape), *units, 1], f"units {units} and data_shape {data_shape}")
        condition = Conditioning(DISCRIMINATOR, conditioning, labels)
        images = keras.Input(data_shape, name="images")
        x = hidden(condition.joined(layers.Flatten()(images)), units, activation, normalization)
        super().__init__(condition.inputs(images), condition.outputs(x, normalization), name="discriminator")
        self.data_shape, self.units = data_shape, units
        self.activation, self.normalization = activation, normalization
        self.conditioning, self.labels = conditioning, labels


class MLPAutoencoder(Network):
    """A ReLU autoencoder of vectors or images: the discriminator of EBGAN for MNIST. Zhao et al. 2016, sections 2.1 and
    3.1 (https://arxiv.org/abs/1609.03126).

    The decoder is the encoder's mirror image; the code and the reconstruction are linear. Unlike the paper's, there is
    no batch normalisation.

    Args:
        data_shape: (d,) for vectors, (height, width, channels) for images.
        units: width of each hidden layer of the encoder.
        code_dim: length of the code.

    Output: [reconstruction, code]: [N, *data_shape] and [N, code_dim].

    Example:
        >>> MLPAutoencoder(data_shape=(2,), units=(128,), code_dim=16).output_shape
        [(None, 2), (None, 16)]
    """

    def __init__(self, data_shape: tuple[int, ...], units: Sizes = (512, 512), code_dim: Size = 64):
        data_shape, units = check_data_shape(data_shape), tuple(units)
        check_weights([math.prod(data_shape), *units, code_dim], f"units {units} and data_shape {data_shape}")
        images = keras.Input(data_shape, name="images")
        x = layers.Flatten()(images)
        for count in units:
            x = layers.Dense(count, activation="relu", kernel_initializer="he_normal")(x)
        x = code = layers.Dense(code_dim, dtype="float32", name="code")(x)
        for count in reversed(units):
            x = layers.Dense(count, activation="relu", kernel_initializer="he_normal")(x)
        x = layers.Dense(math.prod(data_shape), dtype="float32")(x)
        reconstruction = layers.Reshape(data_shape, dtype="float32", name="reconstruction")(x)
        super().__init__(images, [reconstruction, code], name="discriminator")
        self.data_shape, self.units, self.code_dim = data_shape, units, code_dim


def hidden(x, units, activation, normalization="none"):
    """Dense layers with their activations; "batch" and "layer" normalise before each activation but the first."""
    wrapped = wrapper(normalization)
    for number, count in enumerate(units):
        x = wrapped(layers.Dense(count, kernel_initializer="he_normal"))(x)
        x = ACTIVATIONS[activation]()(normalize(x, normalization) if number else x)
    return x


def check_activation(activation):
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}; got {activation!r}.")


def check_data_shape(data_shape):
    data_shape = tuple(data_shape)
    if len(data_shape) not in (1, 2, 3) or any(side < 1 for side in data_shape):
        raise ValueError(f"data_shape must be (d,), (steps, channels) or (height, width, channels); got {data_shape}.")
    return data_shape
