"""What the networks of all families share."""

import functools
import itertools
from typing import Annotated

import keras
from keras import layers

from kgan.configurable import Configurable, arguments
from kgan.labels import SEPARATE, joined
from kgan.layers import BatchNormalization, LayerNormalization, SpectralNormalization
from kgan.precision import policy
from kgan.ranges import Range

NORMALIZATIONS = ("batch", "layer", "none")
SPECTRAL = ("spectral", "scaled_spectral")  # of kernels; a discriminator's alone

MOST_WEIGHTS = 2**31

# Larger sizes are taken for typing errors.
Size = Annotated[int, Range("[1, 65536]")]
Sizes = Annotated[tuple[int, ...], Range("[1, 65536]")]
Growth = Annotated[int, Range("[1, 16]")]
Kernel = Annotated[int, Range("[1, 64]")]


class Network(Configurable, keras.Model):
    """A functional Keras model that its constructor's arguments describe.

    The configuration also holds the dtype policy under which it was made, so that a saved network
    computes as the one that was trained.
    """

    @classmethod
    def migrated(cls, options):
        """What format 1 wrote in three arguments is the one `labels`."""
        said = {name: options[name] for name in SEPARATE if name in options}
        if not said or "labels" in options or any(name in arguments(cls) for name in said):
            return options
        rest = {name: value for name, value in options.items() if name not in said}
        return rest | {"labels": joined(**said)}

    def get_config(self):
        return {**super().get_config(), "dtype": self.dtype_policy.name}

    @classmethod
    def from_config(cls, config):
        with policy(config["dtype"]):
            return super().from_config({name: value for name, value in config.items() if name != "dtype"})


def normalize(x, normalization):
    """Adds the named normalisation layer.

    "batch" computes its statistics over all replicas, with the DCGAN authors' settings.
    "layer" takes mean and variance over all of a sample's pixels and channels, with a gain and a bias
    per channel, as the WGAN-GP paper's critics do.
    """
    if normalization == "batch":
        return BatchNormalization()(x)
    if normalization == "layer":
        return LayerNormalization()(x)
    return x


def wrapper(normalization):
    """What is wrapped around each layer with a kernel; normalisations of features leave the layers as they are."""
    if normalization == "scaled_spectral":
        return functools.partial(SpectralNormalization, learned_scale=True)
    return SpectralNormalization if normalization == "spectral" else lambda layer: layer


def check_normalization(normalization, also=()):
    allowed = (*NORMALIZATIONS, *also)
    if normalization not in allowed:
        raise ValueError(f"normalization must be one of {', '.join(allowed)}; got {normalization!r}.")


def check_image_shape(image_shape, most=128):
    image_shape = tuple(image_shape)
    if (
        len(image_shape) != 3
        or not all(8 <= side <= most for side in image_shape[:2])
        or image_shape[2] not in (1, 3, 4)
    ):
        raise ValueError(
            f"image_shape must be (height, width, channels) with sides from 8 to {most} and 1, 3 or 4 channels; "
            f"got {image_shape}."
        )
    return image_shape


def num_halvings(image_shape):
    """How often the sides are halved: the shorter one ends between 4 and 7 pixels, 4 at the DCGAN paper's 64."""
    return (min(image_shape[:2]) // 4).bit_length() - 1


def first_grid(image_shape, halvings):
    """Height and width that `halvings` doublings make as large as the image, or a little larger."""
    return [-(-side // 2**halvings) for side in image_shape[:2]]


def crop(x, image_shape):
    """The middle of x, of the image's sides."""
    top, left = (made - side for made, side in zip(x.shape[1:3], image_shape[:2], strict=True))
    if not top and not left:
        return x
    return layers.Cropping2D(((top // 2, top - top // 2), (left // 2, left - left // 2)))(x)


def check_weights(sizes, what):
    """Refuses a chain of dense layers of these sizes that no machine holds; `what` says what to make smaller."""
    weights = sum(before * after for before, after in itertools.pairwise(sizes))
    if weights > MOST_WEIGHTS:
        raise ValueError(f"{what}: they make {weights:,} weights, and at most {MOST_WEIGHTS:,} may be.")
