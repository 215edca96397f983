"""Networks that map images to images, and discriminators of patches."""

from typing import Annotated

import keras
from keras import layers

from kgan.architectures.convolution import Conv2D
from kgan.architectures.network import Network, Size, check_image_shape
from kgan.layers import InstanceNormalization, ReflectionPadding
from kgan.ranges import Range

STDDEV = 0.02


class ResidualTranslator(Network):
    """CycleGAN's generator, from images to images of the same sides. Zhu et al. 2017, appendix 7.2
    (https://arxiv.org/abs/1703.10593), after Johnson et al. 2016 (https://arxiv.org/abs/1603.08155).

    A convolution of 7x7, convolutions of stride 2 that double the channels, residual blocks of two 3x3 convolutions
    with nothing after the sum, transposed convolutions back, and a convolution of 7x7 with tanh. Reflection padding
    outside and in the blocks; instance normalisation and ReLU. The paper has 6 blocks for
    128x128 images, 9 for 256x256.

    Args:
        image_shape: (height, width, channels) of the images it takes.
        channels: of the images it makes; None for as many.
        width: channels of the first convolution.
        halvings: how often the sides are halved, and doubled again; the sides must be multiples of 2^halvings.
        blocks: residual blocks in between.

    Raises:
        ValueError: sides that cannot be halved so often.

    Example:
        >>> ResidualTranslator((32, 32, 3), channels=1, width=8, blocks=2).output_shape
        (None, 32, 32, 1)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        channels: Annotated[int, Range("[1, 4]")] | None = None,
        width: Size = 64,
        halvings: Annotated[int, Range("[0, 5]")] = 2,
        blocks: Annotated[int, Range("[0, 64]")] = 6,
    ):
        image_shape = check_image_shape(image_shape, most=1024)
        if any(side % 2**halvings for side in image_shape[:2]):
            raise ValueError(
                f"{halvings} halvings need sides that are multiples of {2**halvings}; the images are "
                f"{image_shape[0]}x{image_shape[1]}. Take fewer halvings, or other images."
            )
        images = keras.Input(image_shape, name="images")
        x = _active(_convolved(ReflectionPadding(3)(images), width, 7))
        for level in range(1, halvings + 1):
            x = _active(_convolved(x, width * 2**level, 3, strides=2, padding="same"))
        for _ in range(blocks):
            x = layers.Add()([x, _block(x, width * 2**halvings)])
        for level in reversed(range(halvings)):
            x = layers.Conv2DTranspose(
                width * 2**level, 3, strides=2, padding="same", kernel_initializer=_normal()
            )(x)  # fmt: skip
            x = _active(x)
        x = _convolved(ReflectionPadding(3)(x), channels or image_shape[2], 7)
        super().__init__(images, layers.Activation("tanh", dtype="float32")(x), name="generator")
        self.image_shape, self.channels = image_shape, channels
        self.width, self.halvings, self.blocks = width, halvings, blocks


class PatchDiscriminator(Network):
    """PatchGAN, which judges each patch of an image: raw scores [N, h, w, 1]. Isola et al. 2017, section 3.2.2
    (https://arxiv.org/abs/1611.07004); with instance normalisation as in Zhu et al. 2017, appendix 7.2.

    Convolutions of 4x4 and LeakyReLU(0.2): `halvings` of stride 2, of which the first is not normalised, one of stride
    1, and one of stride 1 to a score. With 0, 1, 2, 3, 4, 5 halvings a score sees a patch of 1, 16, 34, 70, 142, 286
    pixels a side; 0 are convolutions of 1x1.

    Args:
        image_shape: (height, width, channels) of the images.
        width: channels of the first convolution; they double up to 8 times as many.
        halvings: see above; 3 is the paper's, 70x70.

    Raises:
        ValueError: the images are too small for so many.

    Example:
        >>> PatchDiscriminator((28, 28, 1), width=8, halvings=1).output_shape
        (None, 12, 12, 1)
    """

    def __init__(
        self, image_shape: tuple[int, int, int], width: Size = 64, halvings: Annotated[int, Range("[0, 5]")] = 3
    ):
        image_shape = check_image_shape(image_shape, most=1024)
        if min(image_shape[:2]) // 2**halvings < 4:
            raise ValueError(
                f"Images of {image_shape[0]}x{image_shape[1]} are too small for {halvings} halvings, after which 4 "
                f"pixels must be left; take fewer."
            )
        kernel = 4 if halvings else 1
        images = keras.Input(image_shape, name="images")
        x = images
        for level in range(max(halvings, 1)):
            x = _padded(x, width * min(2**level, 8), kernel, strides=2 if halvings else 1)
            x = layers.LeakyReLU(0.2)(InstanceNormalization()(x) if level else x)
        x = _padded(x, width * min(2 ** max(halvings, 1), 8), kernel)
        x = layers.LeakyReLU(0.2)(InstanceNormalization()(x))
        x = _padded(x, 1, kernel)
        super().__init__(images, layers.Activation("linear", dtype="float32", name="scores")(x), name="discriminator")
        self.image_shape, self.width, self.halvings = image_shape, width, halvings


def _normal():
    return keras.initializers.RandomNormal(stddev=STDDEV)


def _convolved(x, filters, kernel_size, **options):
    return Conv2D(filters, kernel_size, kernel_initializer=_normal(), **options)(x)


def _padded(x, filters, kernel_size, strides=1):
    """A convolution of an image with a border of one zero, as the authors' code has it; none around 1x1 kernels."""
    x = layers.ZeroPadding2D(1)(x) if kernel_size > 1 else x
    return _convolved(x, filters, kernel_size, strides=strides)


def _active(x):
    return layers.ReLU()(InstanceNormalization()(x))


def _block(x, filters):
    x = _active(_convolved(ReflectionPadding(1)(x), filters, 3))
    return InstanceNormalization()(_convolved(ReflectionPadding(1)(x), filters, 3))
