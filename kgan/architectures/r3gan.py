"""The R3GAN family: a modern network without normalisation, for images of any shape."""

import keras
import tensorflow as tf
from keras import initializers, layers

from kgan.architectures.conditioning import DISCRIMINATOR, Conditioning
from kgan.architectures.convolution import Conv2D
from kgan.architectures.network import Network, Size, check_image_shape, crop, first_grid, num_halvings
from kgan.labels import Labels
from kgan.layers.layer import Layer

EXPANSION = 2
GROUP = 16  # channels of a group: 96 groups of the 2 * 768 channels on CIFAR-10
SLOPE = 0.2


class R3GANGenerator(Network):
    """The generator of Huang et al. 2024, section 4, Config E (https://arxiv.org/abs/2501.05441).

    Latents weigh the channels of a small learned image, whose sides are doubled until they are the image's; at each
    resolution stand residual blocks, and a 1x1 convolution ends it. A block x + W3 a(W2 a(W1 x)) is an inverted
    bottleneck: W1 doubles the channels, W2 is a 3x3 convolution in groups of 16 channels, and W3, 0 at first,
    goes back; a is LeakyReLU(0.2). There is no normalisation: W1 and W2 begin with He et al.'s variance divided by
    the square root of the number of blocks (Fixup).

    The sides are doubled by linear interpolation between the pixels' centres, with zeros beyond the edges: what the
    paper calls the filter [1, 2, 1] is convolved with [1, 1] in its code, which makes the kernel [1, 3, 3, 1] / 4. Its
    images, as these, have no tanh.

    Args:
        image_shape: (height, width, channels); sides from 8 to 128 pixels, channels 1, 3 or 4.
        latent_dim: length of z.
        width: channels up to the fourth resolution, 32 pixels; above, half of them with each. 768 is the paper's
            for CIFAR-10.
        num_blocks: residual blocks at each resolution.
        conditioning: "concatenation", with labels beside the latents as the second input, or None.
        labels: see `DCGANGenerator`.

    Example:
        >>> R3GANGenerator(image_shape=(28, 28, 1), width=32).output_shape
        (None, 28, 28, 1)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: Size = 64,
        width: Size = 768,
        num_blocks: Size = 2,
        conditioning: str | None = None,
        labels: Labels | None = None,
    ):
        image_shape = check_image_shape(image_shape)
        condition = Conditioning(["concatenation"], conditioning, labels)
        filters = stages(image_shape, width)
        latents = keras.Input([latent_dim], name="latents")
        grid = first_grid(image_shape, len(filters) - 1)
        x = layers.Dense(filters[0], use_bias=False, kernel_initializer=scaled(1.0))(condition.joined(latents))
        x = Basis(grid)(x)
        for stage, count in enumerate(filters):
            if stage:
                x = doubled(mapped(x, count))
            for _ in range(num_blocks):
                x = residual(x, num_blocks * len(filters))
        x = layers.Conv2D(image_shape[2], 1, use_bias=False, kernel_initializer=scaled(1.0))(crop(x, image_shape))
        images = layers.Activation("linear", dtype="float32", name="images")(x)
        super().__init__(condition.inputs(latents), images, name="generator")
        self.image_shape, self.latent_dim, self.width = image_shape, latent_dim, width
        self.num_blocks = num_blocks
        self.conditioning, self.labels = conditioning, labels


class R3GANDiscriminator(Network):
    """The discriminator of Huang et al. 2024, section 4, Config E (https://arxiv.org/abs/2501.05441).

    The generator's mirror image: a 1x1 convolution, residual blocks (see `R3GANGenerator`) before each halving of the
    sides by the kernel [1, 3, 3, 1] / 8, and at last one weight for each pixel of each channel and a linear layer. The
    halving, three means of 2 pixels, has the second derivatives that the penalties R1 and R2 need, unlike
    TensorFlow's bilinear resizing.

    Args:
        image_shape: (height, width, channels); sides from 8 to 128 pixels, channels 1, 3 or 4.
        width, num_blocks: see `R3GANGenerator`.
        conditioning: see `DCGANDiscriminator`. Unlike the paper's code, whose conditional score is the projection
            alone, "projection" adds it to the unconditional score.
        labels: see `DCGANGenerator`.

    Example:
        >>> R3GANDiscriminator(image_shape=(28, 28, 1), width=32).output_shape
        (None, 1)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        width: Size = 768,
        num_blocks: Size = 2,
        conditioning: str | None = None,
        labels: Labels | None = None,
    ):
        image_shape = check_image_shape(image_shape)
        condition = Conditioning(DISCRIMINATOR, conditioning, labels)
        filters = stages(image_shape, width)[::-1]
        images = keras.Input(image_shape, name="images")
        x = condition.joined(images)
        x = layers.Conv2D(filters[0], 1, use_bias=False, kernel_initializer=scaled(1.0))(x)
        for stage, count in enumerate(filters):
            if stage:
                x = mapped(halved(x), count)
            for _ in range(num_blocks):
                x = residual(x, num_blocks * len(filters))
        sides = x.shape[1:3]
        init = initializers.RandomNormal(stddev=(sides[0] * sides[1]) ** -0.5)
        x = layers.DepthwiseConv2D(sides, use_bias=False, depthwise_initializer=init)(x)
        outputs = condition.outputs(layers.Flatten()(x), use_bias=False, kernel_initializer=scaled(1.0))
        super().__init__(condition.inputs(images), outputs, name="discriminator")
        self.image_shape, self.width, self.num_blocks = image_shape, width, num_blocks
        self.conditioning, self.labels = conditioning, labels


class Basis(Layer):
    """A learned small image, whose channels the inputs [N, channels] weigh: [N, *grid, channels]."""

    def __init__(self, grid: tuple[int, int], **kwargs):
        super().__init__(**kwargs)
        self.grid = tuple(grid)

    def build(self, input_shape):
        init = initializers.RandomNormal(stddev=1.0)
        self.basis = self.add_weight(shape=[*self.grid, input_shape[-1]], initializer=init, name="basis")

    def call(self, inputs):
        return inputs[:, None, None] * tf.convert_to_tensor(self.basis)


def stages(image_shape, width):
    """Channels at each resolution, the smallest first."""
    return [max(1, width // 2 ** max(0, stage - 3)) for stage in range(num_halvings(image_shape) + 1)]


def residual(x, total):
    """One of `total` residual blocks."""
    filters = x.shape[-1]
    inside = EXPANSION * filters
    groups = max(count for count in range(1, max(1, inside // GROUP) + 1) if inside % count == 0)
    init = scaled(2 / (1 + SLOPE**2) * total**-0.5)
    y = layers.LeakyReLU(SLOPE)(layers.Conv2D(inside, 1, kernel_initializer=init)(x))
    y = Conv2D(inside, 3, padding="same", groups=groups, kernel_initializer=init)(y)
    y = layers.Conv2D(filters, 1, use_bias=False, kernel_initializer="zeros")(layers.LeakyReLU(SLOPE)(y))
    return layers.Add()([x, y])


def mapped(x, filters):
    """x with other channels, where they are others."""
    if x.shape[-1] == filters:
        return x
    return layers.Conv2D(filters, 1, use_bias=False, kernel_initializer=scaled(1.0))(x)


def doubled(x):
    """Sides twice as long: pixel 2i is (x_{i-1} + 3 x_i) / 4, pixel 2i + 1 is (3 x_i + x_{i+1}) / 4; beyond the edge
    is 0.
    """
    height, width, channels = x.shape[1:]
    # Every pixel twice in each direction. UpSampling2D does the same, but its gradients take ten times as long.
    x = layers.Reshape([height, 1, 2 * width * channels])(layers.Concatenate()([x, x]))
    x = layers.Reshape([2 * height, 2 * width, channels])(layers.Concatenate(axis=2)([x, x]))
    x = layers.AveragePooling2D(2, strides=1)(layers.ZeroPadding2D(1)(x))
    return layers.AveragePooling2D(2, strides=1)(x)


def halved(x):
    """Sides half as long: (x_{2i-1} + 3 x_{2i} + 3 x_{2i+1} + x_{2i+2}) / 8; beyond the edge is 0."""
    x = layers.AveragePooling2D(2, strides=1)(layers.ZeroPadding2D(1)(x))
    return layers.AveragePooling2D(2)(layers.AveragePooling2D(2, strides=1)(x))


def scaled(gain):
    """Normal weights of variance gain / fan_in."""
    return initializers.VarianceScaling(gain, "fan_in", "untruncated_normal")
