"""The ResNet family of WGAN-GP, SNGAN and cGANs with projection, for images of any shape."""

import keras
from keras import layers, ops

from kgan.architectures.conditioning import DISCRIMINATOR, GENERATOR, Conditioning
from kgan.architectures.convolution import Conv2D
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
from kgan.layers import SelfAttention


class ResNetGenerator(Network):
    """The generator of Miyato et al. 2018, tables 4 to 6 (https://arxiv.org/abs/1802.05957), whose first is that of
    Gulrajani et al. 2017 (https://arxiv.org/abs/1704.00028).

    A dense layer to a small image, residual blocks that double its sides (nearest neighbours), batch normalisation,
    ReLU, a 3x3 convolution and tanh. Images of up to 32 pixels have table 4's constant 256 channels, 4.28 million
    weights; 48 pixels table 5's 512, 256, 128, 64; 128 pixels table 6's 1024, 1024, 512, 256, 128, 64; 64
    pixels, in between, 1024, 512, 256, 128, 64.

    Args:
        image_shape: (height, width, channels); sides from 8 to 128 pixels, channels 1, 3 or 4.
        latent_dim: length of z.
        width: all channels are multiples of it: 4 times in table 4, the last block's in the others.
        normalization: "batch", "layer" or "none".
        attention: the shorter side of the feature maps that `SelfAttention` follows, or None. Zhang et al. 2018
            (https://arxiv.org/abs/1805.08318) put it at 32 in both networks, for 128 pixels; unlike theirs, the
            generator has no spectral normalisation.
        conditioning, labels: see `DCGANGenerator`; "batch_norm" is that of
            Miyato & Koyama 2018 (https://arxiv.org/abs/1802.05637).

    Raises:
        ValueError: an argument is out of its range, or no block makes maps of the side that `attention` names.

    Example:
        >>> ResNetGenerator(image_shape=(48, 48, 3), width=2).output_shape
        (None, 48, 48, 3)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: Size = 128,
        width: Size = 64,
        normalization: str = "batch",
        attention: int | None = None,
        conditioning: str | None = None,
        labels: Labels | None = None,
    ):
        image_shape = check_image_shape(image_shape)
        check_normalization(normalization)
        condition = Conditioning(GENERATOR, conditioning, labels)
        halvings = num_halvings(image_shape)
        first, *filters = [
            width * (4 if _small(image_shape) else min(16, 2**level)) for level in reversed(range(halvings + 1))
        ]
        latents = keras.Input([latent_dim], name="latents")
        grid = first_grid(image_shape, halvings)
        x = layers.Dense(grid[0] * grid[1] * first)(condition.joined(latents))
        x = layers.Reshape([*grid, first])(x)
        sides: list[int] = []
        for count in filters:
            y = layers.ReLU()(condition.normalized(x, normalization))
            y = convolution(count)(layers.UpSampling2D()(y))
            y = convolution(count)(layers.ReLU()(condition.normalized(y, normalization)))
            # A 1x1 convolution may as well come before the pixels are repeated.
            x = layers.Add()([y, layers.UpSampling2D()(shortcut(count)(x))])
            x = attended(x, attention, sides)
        check_attention(attention, sides)
        x = layers.ReLU()(condition.normalized(x, normalization))
        x = layers.Conv2D(image_shape[2], 3, padding="same")(x)
        images = layers.Activation("tanh", dtype="float32", name="images")(crop(x, image_shape))
        super().__init__(condition.inputs(latents), images, name="generator")
        self.image_shape, self.latent_dim, self.width = image_shape, latent_dim, width
        self.normalization, self.attention = normalization, attention
        self.conditioning, self.labels = conditioning, labels


class ResNetDiscriminator(Network):
    """The discriminator of Miyato et al. 2018, tables 4 to 6 (https://arxiv.org/abs/1802.05957), whose first is that of
    Gulrajani et al. 2017 (https://arxiv.org/abs/1704.00028).

    Residual blocks, of which the first halve the sides (average pooling), ReLU, the sum over the pixels, and a linear
    layer. Images of up to 32 pixels have table 4's four blocks of 128 channels, two of which halve, 1.05 million
    weights; 48 and 64 pixels table 5's 64, 128, 256, 512 and 1024, of which the last does not halve; 128 pixels
    table 6's, with one more of 1024. Gulrajani et al. take the mean over the pixels instead of the sum.

    Args:
        image_shape: (height, width, channels); sides from 8 to 128 pixels, channels 1, 3 or 4.
        width: all channels are multiples of it: 2 times in table 4, the first block's in the others.
        normalization: "spectral", of every layer; "scaled_spectral", "layer", "batch" or "none": critics with a
            gradient penalty take "layer", as Gulrajani et al. do, "none" or "scaled_spectral", with a learned scale.
        attention: the shorter side of the feature maps that `SelfAttention` follows (with spectral normalisation where
            that is "spectral"), or None; see `ResNetGenerator`. Of several blocks with such maps it follows the first.
        conditioning: see `DCGANDiscriminator`; "projection", of the sums over the pixels, is that of Miyato & Koyama
            2018 (https://arxiv.org/abs/1802.05637).
        labels: see `DCGANGenerator`.

    Raises:
        ValueError: see `ResNetGenerator`.

    Example:
        >>> ResNetDiscriminator(image_shape=(64, 64, 3), width=2).output_shape
        (None, 1)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        width: Size = 64,
        normalization: str = "spectral",
        attention: int | None = None,
        conditioning: str | None = None,
        labels: Labels | None = None,
    ):
        image_shape = check_image_shape(image_shape)
        check_normalization(normalization, also=SPECTRAL)
        condition = Conditioning(DISCRIMINATOR, conditioning, labels)
        halvings = num_halvings(image_shape)
        if _small(image_shape):
            blocks = [(2 * width, block < min(halvings, 2)) for block in range(4)]
        else:
            blocks = [(width * 2**block, True) for block in range(max(halvings, 4))] + [(16 * width, False)]
        images = keras.Input(image_shape, name="images")
        x = condition.joined(images)
        sides: list[int] = []
        for index, (count, halve) in enumerate(blocks):
            x = judging(x, count, halve, normalization, first=index == 0)
            x = attended(x, attention, sides, spectral_norm=normalization == "spectral")
        check_attention(attention, sides)
        # Sums in float32: bfloat16 has 8 bits, too few to add many pixels.
        features = ops.sum(ops.cast(layers.ReLU()(x), "float32"), axis=[1, 2])
        super().__init__(condition.inputs(images), condition.outputs(features, normalization), name="discriminator")
        self.image_shape, self.width = image_shape, width
        self.normalization, self.attention = normalization, attention
        self.conditioning, self.labels = conditioning, labels


def judging(x, filters, halve, normalization, first):
    """A discriminator's residual block; the first one of all begins with a convolution, and has no normalisation."""
    wrapped, normalization = wrapper(normalization), "none" if first else normalization

    def activated(x):
        return layers.ReLU()(normalize(x, normalization))

    y = wrapped(convolution(filters if first else x.shape[-1]))(x if first else activated(x))
    y = wrapped(convolution(filters))(activated(y))
    changes = halve or x.shape[-1] != filters
    if halve:  # averaging commutes with the shortcut's 1x1 convolution, and is cheaper before it
        x, y = (layers.AveragePooling2D(2, padding="same")(part) for part in (x, y))
    return layers.Add()([y, wrapped(shortcut(filters))(x) if changes else x])


def attended(x, attention, sides, spectral_norm=False):
    """What follows a block: self-attention if its maps are the first of the side asked for, which `sides` notes."""
    side = min(x.shape[1:3])
    sides.append(side)
    return SelfAttention(spectral_norm)(x) if side == attention and sides.count(side) == 1 else x


def check_attention(attention, sides):
    if attention is not None and attention not in sides:
        raise ValueError(
            f"attention must be the shorter side of the feature maps of a block, one of "
            f"{', '.join(map(str, dict.fromkeys(sides)))}; got {attention}."
        )


def convolution(filters):
    """3x3, with the gain of ReLU, as in the authors' code."""
    init = keras.initializers.VarianceScaling(2.0, "fan_avg", "uniform")
    return Conv2D(filters, 3, padding="same", kernel_initializer=init)


def shortcut(filters):
    return layers.Conv2D(filters, 1)


def _small(image_shape):
    """Whether table 4 is the one for images like these."""
    return min(image_shape[:2]) <= 32
