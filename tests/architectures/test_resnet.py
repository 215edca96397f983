"""The tables of the SNGAN paper, as numbers of channels and of weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.architectures import ResNetDiscriminator, ResNetGenerator
from kgan.layers import SelfAttention, SpectralNormalization


def blocks(network):
    return [layer.output.shape[1:] for layer in network.layers if isinstance(layer, keras.layers.Add)]


def num_weights(network):
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)


def test_the_weights_of_table_4_are_those_others_count():
    """4.277 and 1.054 million, as StudioGAN and mimicry say of the networks for CIFAR-10."""
    dense, last = 128 * 4096 + 4096, 9 * 256 * 3 + 3 + 2 * 256
    block = 2 * (9 * 256 * 256 + 256) + (256 * 256 + 256) + 2 * 2 * 256
    assert num_weights(ResNetGenerator((32, 32, 3))) == dense + 3 * block + last == 4_276_739
    convolution = 9 * 128 * 128 + 128
    first = (9 * 3 * 128 + 128) + convolution + (3 * 128 + 128)
    second = 2 * convolution + (128 * 128 + 128)
    assert num_weights(ResNetDiscriminator((32, 32, 3))) == first + second + 4 * convolution + 129 == 1_053_825


@pytest.mark.parametrize(
    ("side", "generator", "discriminator"),
    [
        (28, [(14, 4), (28, 4)], [(14, 2), (7, 2), (7, 2), (7, 2)]),
        (32, [(8, 4), (16, 4), (32, 4)], [(16, 2), (8, 2), (8, 2), (8, 2)]),
        (48, [(12, 4), (24, 2), (48, 1)], [(24, 1), (12, 2), (6, 4), (3, 8), (3, 16)]),
        (64, [(8, 8), (16, 4), (32, 2), (64, 1)], [(32, 1), (16, 2), (8, 4), (4, 8), (4, 16)]),
        (
            128,
            [(8, 16), (16, 8), (32, 4), (64, 2), (128, 1)],
            [(64, 1), (32, 2), (16, 4), (8, 8), (4, 16), (4, 16)],
        ),
    ],
)
def test_pixels_and_channels_of_every_block(side, generator, discriminator):
    made, seen = ResNetGenerator((side, side, 3), latent_dim=2, width=1), ResNetDiscriminator((side, side, 3), width=1)
    assert blocks(made) == [(pixels, pixels, channels) for pixels, channels in generator]
    assert blocks(seen) == [(pixels, pixels, channels) for pixels, channels in discriminator]
    first = next(layer for layer in made.layers if isinstance(layer, keras.layers.Reshape)).output.shape[1:]
    assert first == {28: (7, 7, 4), 32: (4, 4, 4), 48: (6, 6, 8), 64: (4, 4, 16), 128: (4, 4, 16)}[side]
    assert made.output_shape[1:] == seen.input_shape[1:] == (side, side, 3)


def test_the_score_sums_over_the_pixels():
    """An image of four equal quarters, seen by 1x1 fields alone, has four times the score of one."""
    network = ResNetDiscriminator((16, 16, 1), width=2, normalization="none")
    for weight in network.trainable_weights:
        kernel = weight.numpy()
        if kernel.ndim == 4 and kernel.shape[0] == 3:
            kernel *= np.eye(3)[1][:, None, None, None] * np.eye(3)[1][:, None, None]
            weight.assign(kernel)
    x = np.random.default_rng(0).normal(size=[3, 8, 8, 1]).astype("float32")
    tiled = np.tile(x, [1, 2, 2, 1])
    one, four = (network(tf.constant(np.pad(x, [(0, 0), (0, 8), (0, 8), (0, 0)]))), network(tf.constant(tiled)))
    empty = network(tf.zeros([1, 16, 16, 1]))
    np.testing.assert_allclose(four - empty, 4 * (one - empty), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("normalization", "count"), [("spectral", 11), ("scaled_spectral", 11), ("none", 0)])
def test_spectral_normalisation_is_around_every_kernel(normalization, count):
    network = ResNetDiscriminator((16, 16, 1), width=2, normalization=normalization)
    wrapped = [layer for layer in network.layers if isinstance(layer, SpectralNormalization)]
    assert len(wrapped) == count
    assert len([weight for weight in network.trainable_weights if len(weight.shape) > 1]) == (count or 11)


def attentions(network):
    return [
        (layer.output.shape[1:], layer.spectral_norm) for layer in network.layers if isinstance(layer, SelfAttention)
    ]


def test_attention_at_32_of_128_pixels_is_the_papers():
    generator = ResNetGenerator((128, 128, 3), latent_dim=2, width=2, attention=32)
    discriminator = ResNetDiscriminator((128, 128, 3), width=4, attention=32)
    assert attentions(generator) == [((32, 32, 8), False)]
    assert attentions(discriminator) == [((32, 32, 8), True)]
    assert attentions(ResNetDiscriminator((28, 28, 1), width=4, attention=14, normalization="none"))[0][1] is False


def test_attention_follows_the_first_block_of_its_side_and_the_shorter_side_counts():
    network = ResNetDiscriminator((28, 40, 1), width=4, attention=7)
    kinds = [type(layer).__name__ for layer in network.layers if isinstance(layer, keras.layers.Add | SelfAttention)]
    assert kinds == ["Add", "Add", "SelfAttention", "Add", "Add"]
    assert attentions(network) == [((7, 10, 8), True)]


@pytest.mark.parametrize("network", [ResNetGenerator, ResNetDiscriminator])
def test_attention_is_at_first_the_identity_and_in_the_configuration(network):
    plain, attending = (network((16, 16, 1), width=4, attention=side) for side in (None, 8))
    weights = iter(plain.get_weights())
    inside = {id(w) for one in attending.layers if isinstance(one, SelfAttention) for w in one.weights}
    assert inside
    for weight in attending.weights:
        if id(weight) not in inside:
            weight.assign(next(weights))
    x = np.random.default_rng(0).normal(size=[2, *plain.inputs[0].shape[1:]]).astype("float32")
    np.testing.assert_allclose(attending(x), plain(x), rtol=1e-5, atol=1e-5)
    again = network.from_config(attending.get_config())
    assert again.attention == 8 and attentions(again) == attentions(attending)


@pytest.mark.parametrize(("network", "sides"), [(ResNetGenerator, "14, 28"), (ResNetDiscriminator, "14, 7")])
def test_attention_at_maps_that_there_are_not_gets_a_sentence(network, sides):
    with pytest.raises(ValueError, match=f"attention must be the shorter side .* one of {sides}; got 32"):
        network((28, 28, 1), width=4, attention=32)
