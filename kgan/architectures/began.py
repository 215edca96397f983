"""The BEGAN family: a convolutional autoencoder, whose decoder is the generator, for images of any shape."""

import keras
from keras import layers

from kgan.architectures.convolution import Conv2D
from kgan.architectures.network import Network, Size, check_image_shape, crop, first_grid, num_halvings


class BEGANGenerator(Network):
    """The generator of Berthelot et al. 2017, figure 1 (https://arxiv.org/abs/1703.10717).

    Latents are mapped to 8x8 pixels (8 to 15 of the shorter side); at each resolution stand two 3x3 convolutions with
    ELU, and nearest neighbours double the sides. The last convolution is linear.

    Args:
        image_shape: (height, width, channels); sides from 8 to 128 pixels, channels 1, 3 or 4.
        latent_dim: length of z, which the paper draws from U[-1, 1]: `prior="uniform"` of the game.
        width: the paper's n, the channels of every convolution.

    Example:
        >>> BEGANGenerator(image_shape=(32, 32, 3), width=8).output_shape
        (None, 32, 32, 3)
    """

    def __init__(self, image_shape: tuple[int, int, int], latent_dim: Size = 64, width: Size = 64):
        image_shape = check_image_shape(image_shape)
        latents = keras.Input([latent_dim], name="latents")
        images = decoded(latents, image_shape, width, "images")
        super().__init__(latents, images, name="generator")
        self.image_shape, self.latent_dim, self.width = image_shape, latent_dim, width


class BEGANDiscriminator(Network):
    """The autoencoder of Berthelot et al. 2017, figure 1 (https://arxiv.org/abs/1703.10717), for `BEGAN` and, with the
    energy |x - D(x)| of Zhao et al. 2016, section 2.1 (https://arxiv.org/abs/1609.03126), for `EBGAN`.

    Two 3x3 convolutions with ELU at each resolution, n channels at the first, 2n at the second and so on; one of stride
    2 goes to the next; a linear layer gives the code. The decoder has the shape of `BEGANGenerator`, and weights of its
    own. Unlike EBGAN's paper, there is no batch normalisation.

    Args:
        image_shape: (height, width, channels); sides from 8 to 128 pixels, channels 1, 3 or 4.
        width: the paper's n.
        code_dim: the paper's N_h, length of the code.

    Output: [reconstruction, code]: [N, *image_shape] and [N, code_dim].

    Example:
        >>> BEGANDiscriminator(image_shape=(32, 32, 3), width=8).output_shape
        [(None, 32, 32, 3), (None, 64)]
    """

    def __init__(self, image_shape: tuple[int, int, int], width: Size = 64, code_dim: Size = 64):
        image_shape = check_image_shape(image_shape)
        images = keras.Input(image_shape, name="images")
        x = convolved(images, width)
        doublings = num_doublings(image_shape)
        for level in range(doublings + 1):
            x = convolved(convolved(x, width * (level + 1)), width * (level + 1))
            if level < doublings:
                x = convolved(x, width * (level + 2), strides=2)
        code = layers.Dense(code_dim, dtype="float32", name="code")(layers.Flatten()(x))
        super().__init__(images, [decoded(code, image_shape, width, "reconstruction"), code], name="discriminator")
        self.image_shape, self.width, self.code_dim = image_shape, width, code_dim


def decoded(code, image_shape, width, name):
    """From a code to an image."""
    doublings = num_doublings(image_shape)
    grid = first_grid(image_shape, doublings)
    x = layers.Reshape([*grid, width])(layers.Dense(grid[0] * grid[1] * width)(code))
    for level in range(doublings + 1):
        if level:
            x = layers.UpSampling2D()(x)
        x = convolved(convolved(x, width), width)
    x = layers.Conv2D(image_shape[2], 3, padding="same")(x)
    return layers.Activation("linear", dtype="float32", name=name)(crop(x, image_shape))


def convolved(x, filters, strides=1):
    return layers.ELU()(Conv2D(filters, 3, strides=strides, padding="same")(x))


def num_doublings(image_shape):
    """How often the decoder doubles the sides: the shorter one begins with 8 to 15 pixels."""
    return num_halvings(image_shape) - 1
