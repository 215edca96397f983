"""The generator of a Gaussian distribution."""

import math

import keras
from keras import layers

from kgan.architectures.mlp import check_data_shape
from kgan.architectures.network import Network, check_weights


class GaussianGenerator(Network):
    """mean + L z: the generator whose samples are Gaussian, with as many latents as an example has values.

    It begins with N(0, I); `kgan.GaussianSampler` gives it mean and covariance of the data. Computed in float32 under
    every policy.

    Args:
        data_shape: (d,) for vectors, (height, width, channels) for images; of any of them, D values in all.
        covariance: "full", where L is a matrix of D x D, or "diagonal", where each value is independent of the others
            and L is a vector.

    Raises:
        ValueError: the shape is none of those, D is so large that no machine holds L, or there is no such covariance.

    Example:
        >>> generator = GaussianGenerator((8, 8, 1))
        >>> generator.input_shape, generator.output_shape, [tuple(weight.shape) for weight in generator.weights]
        ((None, 64), (None, 8, 8, 1), [(64, 64), (64,)])
    """

    def __init__(self, data_shape: tuple[int, ...], covariance: str = "full"):
        data_shape = check_data_shape(data_shape)
        if covariance not in ("diagonal", "full"):
            raise ValueError(f'covariance must be "diagonal" or "full"; got {covariance!r}.')
        size = math.prod(data_shape)
        latents = keras.Input([size], name="latents")
        if covariance == "full":
            check_weights([size, size], f"covariance full and data_shape {data_shape}")
            x = layers.Dense(size, kernel_initializer="identity", dtype="float32")(latents)
        else:
            check_weights([size, 1], f"data_shape {data_shape}")
            x = layers.EinsumDense(
                "nd,d->nd", [size], bias_axes="d", kernel_initializer="ones", dtype="float32"
            )(latents)  # fmt: skip
        images = layers.Reshape(data_shape, dtype="float32", name="images")(x)
        super().__init__(latents, images, name="generator")
        self.data_shape, self.covariance = data_shape, covariance
