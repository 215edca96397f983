"""The DCGAN family, for images of any shape."""

import functools
from typing import Annotated

import keras
from keras import layers

from kgan.architectures.conditioning import DISCRIMINATOR, GENERATOR, Conditioning
from kgan.architectures.convolution import Conv2D
from kgan.architectures.network import (
    SPECTRAL,
    Growth,
    Kernel,
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
from kgan.layers import Dropout
from kgan.ranges import Range

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
        conditioning: how labels enter, of which the generator then takes a second input: "concatenation", as numbers
            beside the latents (classes one-hot; Mirza & Osindero 2014, https://arxiv.org/abs/1411.1784);
            "batch_norm", conditional batch normalisation; None for a generator without labels.
        labels: what the labels are: `kgan.labels.Classes` for integers [N], `Conditions` for float vectors [N, d].
        dropout: rate of `kgan.layers.Dropout` behind the ReLU of every hidden layer, in [0, 1); 0 for none.
        dropout_at_inference: whether samples are made with dropout too, as those of pix2pix are (Isola et al. 2017,
            section 3.2, https://arxiv.org/abs/1611.07004).

    Example:
        >>> DCGANGenerator(image_shape=(48, 80, 3), latent_dim=32).output_shape
        (None, 48, 80, 3)
        >>> from kgan.labels import Classes
        >>> DCGANGenerator((28, 28, 1), conditioning="batch_norm", labels=Classes(10)).input_shape
        [(None, 100), (None,)]
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
        dropout: Annotated[float, Range("[0, 1)")] = 0.0,
        dropout_at_inference: bool = False,
    ):
        image_shape = check_image_shape(image_shape)
        check_normalization(normalization)
        if dropout_at_inference and not dropout:
            raise ValueError("dropout_at_inference=True needs a dropout above 0; got 0.")
        condition = Conditioning(GENERATOR, conditioning, labels)
        halvings = num_halvings(image_shape)
        filters = [width * growth**level for level in range(halvings)]
        latents = keras.Input([latent_dim], name="latents")
        grid = first_grid(image_shape, halvings)
        drop = functools.partial(Dropout, dropout, dropout_at_inference) if dropout else None
        x = growing(condition.joined(latents), grid, filters[::-1], kernel_size, condition, normalization, drop)
        init = keras.initializers.RandomNormal(stddev=STDDEV)
        x = layers.Conv2DTranspose(
            image_shape[2], kernel_size, strides=2, padding="same", kernel_initializer=init
        )(x)  # fmt: skip
        images = layers.Activation("tanh", dtype="float32", name="images")(crop(x, image_shape))
        super().__init__(condition.inputs(latents), images, name="generator")
        self.image_shape, self.latent_dim, self.width = image_shape, latent_dim, width
        self.growth, self.kernel_size, self.normalization = growth, kernel_size, normalization
        self.conditioning, self.labels = conditioning, labels
        self.dropout, self.dropout_at_inference = dropout, dropout_at_inference


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
        normalization: "batch", "layer", "none", or "spectral" for `kgan.layers.SpectralNormalization` around
            every layer with a kernel; critics with a gradient penalty take "layer", "none", or "scaled_spectral", which
            has a learned scale.
        conditioning: how labels enter: "concatenation", as feature maps beside the image; "projection", through
            `kgan.layers.Projection`, of the features that the score is a linear function of; both need a second input.
            "auxiliary" (Odena et al. 2017, https://arxiv.org/abs/1610.09585): the discriminator takes images alone and
            returns [scores, guesses]: a logit for each class, or the values of the conditions, or both of
            `kgan.labels.Guesses`, as InfoGAN needs (Chen et al. 2016, https://arxiv.org/abs/1606.03657).
        labels: see `DCGANGenerator`.

    Example:
        >>> DCGANDiscriminator(image_shape=(28, 28, 1)).output_shape
        (None, 1)
        >>> from kgan.labels import Classes
        >>> DCGANDiscriminator((28, 28, 1), conditioning="auxiliary", labels=Classes(10)).output_shape
        [(None, 1), (None, 10)]
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        width: Size = 64,
        growth: Growth = 2,
        kernel_size: Kernel = 4,
        normalization: str = "batch",
        conditioning: str | None = None,
        labels: Labels | None = None,
    ):
        image_shape = check_image_shape(image_shape)
        check_normalization(normalization, also=SPECTRAL)
        condition = Conditioning(DISCRIMINATOR, conditioning, labels)
        init = keras.initializers.RandomNormal(stddev=STDDEV)
        images = keras.Input(image_shape, name="images")
        filters = [width * growth**level for level in range(num_halvings(image_shape))]
        x = shrinking(condition.joined(images), filters, kernel_size, normalization, init)
        outputs = condition.outputs(layers.Flatten()(x), normalization, kernel_initializer=init)
        super().__init__(condition.inputs(images), outputs, name="discriminator")
        self.image_shape, self.width, self.growth = image_shape, width, growth
        self.kernel_size, self.normalization = kernel_size, normalization
        self.conditioning, self.labels = conditioning, labels


def growing(x, grid, filters, kernel_size, condition, normalization, drop=None):
    """From vectors to maps of `grid`, which transposed convolutions of stride 2 double; normalisation and ReLU, and
    what `drop()` makes behind each."""
    # A convolution that normalisation follows needs no bias: its mean is subtracted again.
    options = {
        "use_bias": normalization == "none",
        "kernel_initializer": keras.initializers.RandomNormal(stddev=STDDEV),
    }
    x = layers.Dense(grid[0] * grid[1] * filters[0], **options)(x)
    x = layers.Reshape([*grid, filters[0]])(x)
    x = layers.ReLU()(condition.normalized(x, normalization))
    x = drop()(x) if drop else x
    for count in filters[1:]:
        x = layers.Conv2DTranspose(count, kernel_size, strides=2, padding="same", **options)(x)
        x = layers.ReLU()(condition.normalized(x, normalization))
        x = drop()(x) if drop else x
    return x


def shrinking(x, filters, kernel_size, normalization, init):
    """Maps whose sides convolutions of stride 2 halve; normalisation, but for the first, and LeakyReLU."""
    wrapped = wrapper(normalization)
    for level, count in enumerate(filters):
        normalized = level > 0 and normalization in ("batch", "layer")
        x = wrapped(Conv2D(
            count, kernel_size, strides=2, padding="same", use_bias=not normalized, kernel_initializer=init,
        ))(x)  # fmt: skip
        if normalized:
            x = normalize(x, normalization)
        x = layers.LeakyReLU(0.2)(x)
    return x
