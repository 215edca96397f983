"""The SNDCGAN family: a deeper DCGAN, for images of any shape."""

import keras
from keras import layers

from kgan.architectures.conditioning import DISCRIMINATOR, GENERATOR, Conditioning
from kgan.architectures.convolution import Conv2D
from kgan.architectures.dcgan import STDDEV, growing
from kgan.architectures.network import (
    SPECTRAL,
    Network,
    Size,
    check_image_shape,
    check_normalization,
    crop,
    first_grid,
    normalize,
    num_halvings,
    wrapper,
)
from kgan.labels import Labels


class SNDCGANGenerator(Network):
    """The generator of Miyato et al. 2018, table 3a (https://arxiv.org/abs/1802.05957).

    Latents are projected to a small image; 4x4 transposed convolutions of stride 2 double its sides while the channels
    halve, with batch normalisation and ReLU; a 3x3 convolution and tanh end it. 32x32 gives the table: 4x4x512, 256,
    128, 64, and 3 channels. Unlike the table, which prints nothing after the dense layer, normalisation and ReLU
    follow it too, without which it and the next one would be one linear map. At 64 and 128 pixels, which are not in
    the table, the smallest maps keep 512 channels.

    Args:
        image_shape: (height, width, channels); sides from 8 to 128 pixels, channels 1, 3 or 4.
        latent_dim: length of z.
        width: channels at full resolution.
        normalization: "batch", "layer" or "none".
        conditioning, labels: see `DCGANGenerator`.

    Example:
        >>> SNDCGANGenerator(image_shape=(32, 32, 3), width=8).output_shape
        (None, 32, 32, 3)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: Size = 128,
        width: Size = 64,
        normalization: str = "batch",
        conditioning: str | None = None,
        labels: Labels | None = None,
    ):
        image_shape = check_image_shape(image_shape)
        check_normalization(normalization)
        condition = Conditioning(GENERATOR, conditioning, labels)
        halvings = num_halvings(image_shape)
        latents = keras.Input([latent_dim], name="latents")
        grid, filters = first_grid(image_shape, halvings), channels(width, halvings)[::-1]
        x = growing(condition.joined(latents), grid, filters, 4, condition, normalization)
        init = keras.initializers.RandomNormal(stddev=STDDEV)
        x = layers.Conv2D(image_shape[2], 3, padding="same", kernel_initializer=init)(x)
        images = layers.Activation("tanh", dtype="float32", name="images")(crop(x, image_shape))
        super().__init__(condition.inputs(latents), images, name="generator")
        self.image_shape, self.latent_dim, self.width = image_shape, latent_dim, width
        self.normalization = normalization
        self.conditioning, self.labels = conditioning, labels


class SNDCGANDiscriminator(Network):
    """The discriminator of Miyato et al. 2018, table 3b (https://arxiv.org/abs/1802.05957).

    A 3x3 convolution of stride 1 and a 4x4 one of stride 2 for each halving of the sides, while the channels double; a
    last 3x3 one, and a linear layer. LeakyReLU(0.1), and spectral normalisation of every layer. 32x32 gives the table's
    64, 64, 128, 128, 256, 256 and 512 channels.

    Args:
        image_shape: (height, width, channels); sides from 8 to 128 pixels, channels 1, 3 or 4.
        width: channels at full resolution.
        normalization: "spectral", "scaled_spectral", "batch", "layer" or "none"; critics with a gradient penalty take
            "layer", "none" or "scaled_spectral", which has a learned scale.
        conditioning: see `DCGANDiscriminator`.
        labels: see `DCGANGenerator`.

    Example:
        >>> SNDCGANDiscriminator(image_shape=(28, 28, 1), width=8).output_shape
        (None, 1)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        width: Size = 64,
        normalization: str = "spectral",
        conditioning: str | None = None,
        labels: Labels | None = None,
    ):
        image_shape = check_image_shape(image_shape)
        check_normalization(normalization, also=SPECTRAL)
        condition = Conditioning(DISCRIMINATOR, conditioning, labels)
        init, wrapped = keras.initializers.RandomNormal(stddev=STDDEV), wrapper(normalization)
        images = keras.Input(image_shape, name="images")
        x = condition.joined(images)
        *filters, last = channels(width, num_halvings(image_shape))
        sizes = [size for count in filters for size in ((count, 3, 1), (count, 4, 2))]
        for level, (count, kernel_size, strides) in enumerate([*sizes, (last, 3, 1)]):
            normalized = level > 0 and normalization in ("batch", "layer")
            convolution = Conv2D(
                count, kernel_size, strides=strides, padding="same", use_bias=not normalized, kernel_initializer=init
            )
            x = wrapped(convolution)(x)
            if normalized:
                x = normalize(x, normalization)
            x = layers.LeakyReLU(0.1)(x)
        outputs = condition.outputs(layers.Flatten()(x), normalization, kernel_initializer=init)
        super().__init__(condition.inputs(images), outputs, name="discriminator")
        self.image_shape, self.width, self.normalization = image_shape, width, normalization
        self.conditioning, self.labels = conditioning, labels


def channels(width, halvings):
    """At each resolution, the full one first."""
    return [width * min(8, 2**level) for level in range(halvings + 1)]
