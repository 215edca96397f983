"""The DCGAN family, for images of any shape."""

import keras
from keras import layers

from kgan.architectures.convolution import Conv2D
from kgan.architectures.network import Network, check_normalization, check_positive, normalize

# "All weights were initialized from a zero-centered Normal distribution with standard deviation 0.02."
STDDEV = 0.02


class DCGANGenerator(Network):
    """The generator of Radford et al. 2016, section 3 and figure 1 (https://arxiv.org/abs/1511.06434).

    Latents are projected and reshaped to a small image with many channels; transposed convolutions of
    stride 2 double its sides while the channels halve; ReLU inside, tanh at the end, batch normalisation
    everywhere but on the output. 64x64 gives the paper's 4x4x512 to 64x64x3 with width=64. Sides that are
    no multiple of the doublings are made larger and cropped in the middle.

    Args:
        image_shape: (height, width, channels); sides from 8 to 128 pixels, channels 1, 3 or 4.
        latent_dim: length of z.
        width: channels at full resolution's last hidden layer.
        growth: factor of the channels per halving of the resolution; 1 keeps them constant, as in the
            WGAN paper's figure 6.
        kernel_size: of the transposed convolutions. A multiple of the stride covers all pixels equally.
        normalization: "batch", "layer" or "none".

    Example:
        >>> DCGANGenerator(image_shape=(48, 80, 3), latent_dim=32).output_shape
        (None, 48, 80, 3)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int = 100,
        width: int = 64,
        growth: int = 2,
        kernel_size: int = 4,
        normalization: str = "batch",
    ):
        image_shape = check_image_shape(image_shape)
        check_positive(latent_dim=latent_dim, width=width, growth=growth, kernel_size=kernel_size)
        check_normalization(normalization)
        height, width_, channels = image_shape
        halvings = num_halvings(image_shape)
        base = [-(-side // 2**halvings) for side in (height, width_)]
        filters = [width * growth**level for level in range(halvings)]
        init = keras.initializers.RandomNormal(stddev=STDDEV)
        # A convolution that normalisation follows needs no bias: its mean is subtracted again.
        bias = normalization == "none"

        latents = keras.Input([latent_dim], name="latents")
        x = layers.Dense(base[0] * base[1] * filters[-1], use_bias=bias, kernel_initializer=init)(latents)
        x = layers.Reshape([*base, filters[-1]])(x)
        x = layers.ReLU()(normalize(x, normalization))
        for count in reversed(filters[:-1]):
            x = layers.Conv2DTranspose(
                count, kernel_size, strides=2, padding="same", use_bias=bias, kernel_initializer=init
            )(x)
            x = layers.ReLU()(normalize(x, normalization))
        x = layers.Conv2DTranspose(channels, kernel_size, strides=2, padding="same", kernel_initializer=init)(x)
        x = _crop(x, height, width_)
        images = layers.Activation("tanh", dtype="float32", name="images")(x)
        super().__init__(latents, images, name="generator")
        self.image_shape, self.latent_dim, self.width = image_shape, latent_dim, width
        self.growth, self.kernel_size, self.normalization = growth, kernel_size, normalization


class DCGANDiscriminator(Network):
    """The discriminator of Radford et al. 2016, section 3 (https://arxiv.org/abs/1511.06434).

    Convolutions of stride 2 halve the sides while the channels double; LeakyReLU(0.2); batch
    normalisation everywhere but on the input; a linear layer gives the raw score (the losses bring
    the sigmoid where there is one).

    Args:
        image_shape: (height, width, channels); sides from 8 to 128 pixels, channels 1, 3 or 4.
        width: channels of the first convolution.
        growth: factor of the channels per halving of the resolution.
        kernel_size: of the convolutions.
        normalization: "batch", "layer" or "none"; critics with a gradient penalty take "layer" or "none".

    Example:
        >>> DCGANDiscriminator(image_shape=(28, 28, 1)).output_shape
        (None, 1)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        width: int = 64,
        growth: int = 2,
        kernel_size: int = 4,
        normalization: str = "batch",
    ):
        image_shape = check_image_shape(image_shape)
        check_positive(width=width, growth=growth, kernel_size=kernel_size)
        check_normalization(normalization)
        init = keras.initializers.RandomNormal(stddev=STDDEV)
        images = x = keras.Input(image_shape, name="images")
        for level in range(num_halvings(image_shape)):
            normalized = level > 0 and normalization != "none"
            x = Conv2D(
                width * growth**level, kernel_size, strides=2, padding="same",
                use_bias=not normalized, kernel_initializer=init,
            )(x)  # fmt: skip
            if normalized:
                x = normalize(x, normalization)
            x = layers.LeakyReLU(0.2)(x)
        x = layers.Flatten()(x)
        scores = layers.Dense(1, kernel_initializer=init, dtype="float32", name="scores")(x)
        super().__init__(images, scores, name="discriminator")
        self.image_shape, self.width, self.growth = image_shape, width, growth
        self.kernel_size, self.normalization = kernel_size, normalization


def check_image_shape(image_shape):
    image_shape = tuple(image_shape)
    if (
        len(image_shape) != 3
        or not all(8 <= side <= 128 for side in image_shape[:2])
        or image_shape[2] not in (1, 3, 4)
    ):
        raise ValueError(
            f"image_shape must be (height, width, channels) with sides from 8 to 128 and 1, 3 or 4 channels; "
            f"got {image_shape}."
        )
    return image_shape


def num_halvings(image_shape):
    """How often the sides are halved: the shorter one ends between 4 and 7 pixels, 4 at the paper's 64."""
    return (min(image_shape[:2]) // 4).bit_length() - 1


def _crop(x, height, width):
    top, left = x.shape[1] - height, x.shape[2] - width
    if not top and not left:
        return x
    return layers.Cropping2D(((top // 2, top - top // 2), (left // 2, left - left // 2)))(x)
