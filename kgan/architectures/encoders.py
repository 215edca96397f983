"""Encoders: from images to the Gaussians of latents from which they may have come."""

import math

import keras
from keras import layers

from kgan.architectures.conditioning import Conditioning
from kgan.architectures.dcgan import STDDEV, shrinking
from kgan.architectures.mlp import check_activation, check_data_shape, hidden
from kgan.architectures.network import (
    Growth,
    Kernel,
    Network,
    Size,
    Sizes,
    check_image_shape,
    check_normalization,
    check_weights,
    num_halvings,
)
from kgan.labels import Labels


class MLPEncoder(Network):
    """A network of dense layers from vectors or images to a Gaussian of latents: means and log-variances, the encoder
    of Kingma & Welling 2014, appendix C.2 (https://arxiv.org/abs/1312.6114).

    Args:
        data_shape: (d,) for vectors, (height, width, channels) for images.
        latent_dim: of the generator; in a recipe it is known.
        units: width of each hidden layer.
        activation: "relu", "leaky_relu" (of slope 0.2) or "elu".
        normalization: "none", "batch" or "layer", see `MLPGenerator`.
        conditioning: "concatenation", with labels beside the data as the second input, or None.
        labels: see `DCGANGenerator`.
        stochastic: whether the output is a Gaussian of latents; False for latents alone, [N, latent_dim].

    Output: [N, 2 latent_dim], first the means, then the logarithms of the variances.

    Example:
        >>> MLPEncoder(data_shape=(2,), latent_dim=3, units=(128, 128)).output_shape
        (None, 6)
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
        stochastic: bool = True,
    ):
        data_shape, units = check_data_shape(data_shape), tuple(units)
        check_activation(activation)
        check_normalization(normalization)
        sizes = [math.prod(data_shape), *units, 2 * latent_dim]
        check_weights(sizes, f"units {units} and data_shape {data_shape}")
        condition = Conditioning(["concatenation"], conditioning, labels)
        images = keras.Input(data_shape, name="images")
        x = hidden(condition.joined(layers.Flatten()(images)), units, activation, normalization)
        posterior = layers.Dense((1 + stochastic) * latent_dim, dtype="float32", name="posterior")(x)
        super().__init__(condition.inputs(images), posterior, name="encoder")
        self.data_shape, self.latent_dim, self.units = data_shape, latent_dim, units
        self.activation, self.normalization = activation, normalization
        self.conditioning, self.labels, self.stochastic = conditioning, labels, stochastic


class DCGANEncoder(Network):
    """The body of `DCGANDiscriminator` with another last layer: from images to a Gaussian of latents. Radford et al.
    2016, section 3 (https://arxiv.org/abs/1511.06434), is where the body is from.

    Args:
        image_shape: (height, width, channels); sides from 8 to 128 pixels, channels 1, 3 or 4.
        latent_dim: of the generator; in a recipe it is known.
        width: channels of the first convolution.
        growth: factor of the channels per halving of the resolution.
        kernel_size: of the convolutions.
        normalization: "batch", "layer" or "none".
        conditioning: "concatenation", with labels as feature maps beside the image, or None.
        labels: see `DCGANGenerator`.
        stochastic: whether the output is a Gaussian of latents; False for latents alone, [N, latent_dim].

    Output: [N, 2 latent_dim], first the means, then the logarithms of the variances.

    Example:
        >>> DCGANEncoder(image_shape=(28, 28, 1), latent_dim=64).output_shape
        (None, 128)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: Size = 100,
        width: Size = 64,
        growth: Growth = 2,
        kernel_size: Kernel = 4,
        normalization: str = "batch",
        conditioning: str | None = None,
        labels: Labels | None = None,
        stochastic: bool = True,
    ):
        image_shape = check_image_shape(image_shape)
        check_normalization(normalization)
        condition = Conditioning(["concatenation"], conditioning, labels)
        init = keras.initializers.RandomNormal(stddev=STDDEV)
        images = keras.Input(image_shape, name="images")
        filters = [width * growth**level for level in range(num_halvings(image_shape))]
        x = layers.Flatten()(shrinking(condition.joined(images), filters, kernel_size, normalization, init))
        posterior = layers.Dense(
            (1 + stochastic) * latent_dim, kernel_initializer=init, dtype="float32", name="posterior"
        )(x)
        super().__init__(condition.inputs(images), posterior, name="encoder")
        self.image_shape, self.latent_dim, self.width = image_shape, latent_dim, width
        self.growth, self.kernel_size, self.normalization = growth, kernel_size, normalization
        self.conditioning, self.labels, self.stochastic = conditioning, labels, stochastic
