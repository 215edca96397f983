"""The layers of table 3, and other shapes."""

import keras
import numpy as np
import pytest

from kgan.architectures import SNDCGANDiscriminator, SNDCGANGenerator
from kgan.layers import SpectralNormalization


def shapes(network, *kinds):
    return [layer.output.shape[1:] for layer in network.layers if isinstance(layer, kinds)]


def test_at_32_pixels_it_is_table_3():
    generator, discriminator = SNDCGANGenerator((32, 32, 3)), SNDCGANDiscriminator((32, 32, 3))
    assert shapes(generator, keras.layers.Reshape) == [(4, 4, 512)]
    assert shapes(generator, keras.layers.Conv2DTranspose, keras.layers.Conv2D) == [
        (8, 8, 256), (16, 16, 128), (32, 32, 64), (32, 32, 3),
    ]  # fmt: skip
    assert shapes(discriminator, SpectralNormalization) == [
        (32, 32, 64), (16, 16, 64), (16, 16, 128), (8, 8, 128), (8, 8, 256), (4, 4, 256), (4, 4, 512), (1,),
    ]  # fmt: skip
    kernels = [
        128 * 8192, 16 * 512 * 256, 16 * 256 * 128, 16 * 128 * 64, 9 * 64 * 3 + 3, 2 * (512 + 256 + 128 + 64),
    ]  # fmt: skip
    assert sum(int(np.prod(weight.shape)) for weight in generator.trainable_weights) == sum(kernels)
    pairs = [(9, 3, 64), (16, 64, 64), (9, 64, 128), (16, 128, 128), (9, 128, 256), (16, 256, 256), (9, 256, 512)]
    expected = sum((size * before + 1) * after for size, before, after in pairs) + 4 * 4 * 512 + 1
    assert sum(int(np.prod(weight.shape)) for weight in discriminator.trainable_weights) == expected


@pytest.mark.parametrize(("side", "grid"), [(28, 7), (48, 6), (64, 4), (128, 4)])
def test_larger_images_begin_with_4_to_7_pixels_and_at_most_8_times_the_width(side, grid):
    generator = SNDCGANGenerator((side, side, 1), latent_dim=2, width=2)
    assert generator.output_shape == (None, side, side, 1)
    assert shapes(generator, keras.layers.Reshape) == [(grid, grid, min(16, 2 * side // grid))]
    assert SNDCGANDiscriminator((side, side, 1), width=2).output_shape == (None, 1)


def test_a_critic_without_spectral_normalisation():
    critic = SNDCGANDiscriminator((8, 8, 1), width=4, normalization="none")
    assert not shapes(critic, SpectralNormalization)
    with pytest.raises(ValueError, match="must be one of batch, layer, none; got 'spectral'"):
        SNDCGANGenerator((8, 8, 1), normalization="spectral")
