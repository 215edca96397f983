"""Shapes, guidelines and derivatives of the DCGAN family."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.architectures import DCGANDiscriminator, DCGANGenerator
from kgan.architectures.dcgan import num_halvings
from kgan.layers import LayerNormalization

SHAPES = [
    (8, 8, 1),
    (9, 13, 1),
    (28, 28, 1),
    (31, 64, 3),
    (32, 32, 3),
    (48, 80, 3),
    (64, 64, 4),
    (8, 128, 4),
    (127, 128, 3),
]


def layers(network, kind):
    return [layer for layer in network.layers if isinstance(layer, kind)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_any_shape_from_8_to_128(shape):
    generator, discriminator = DCGANGenerator(shape, latent_dim=5, width=2), DCGANDiscriminator(shape, width=2)
    images = generator(np.random.default_rng(0).normal(size=[2, 5]).astype("float32"), training=True)
    assert images.shape == (2, *shape) and np.abs(images).max() <= 1
    assert discriminator(images).shape == (2, 1)
    assert all(np.asarray(images)[0].std(axis=(0, 1)) > 0)


@pytest.mark.parametrize(("side", "halvings"), [(8, 1), (15, 1), (16, 2), (28, 2), (32, 3), (64, 4), (128, 5)])
def test_the_smallest_resolution_has_4_to_7_pixels(side, halvings):
    assert num_halvings((side, side, 1)) == halvings
    assert 4 <= -(-side // 2**halvings) <= 8


def test_at_64_pixels_it_is_the_papers_figure_1():
    generator = DCGANGenerator((64, 64, 3))
    assert [layer.output.shape[1:] for layer in layers(generator, keras.layers.Conv2DTranspose)] == [
        (8, 8, 256), (16, 16, 128), (32, 32, 64), (64, 64, 3),
    ]  # fmt: skip
    assert layers(generator, keras.layers.Reshape)[0].output.shape[1:] == (4, 4, 512)
    discriminator = DCGANDiscriminator((64, 64, 3))
    assert [layer.filters for layer in layers(discriminator, keras.layers.Conv2D)] == [64, 128, 256, 512]


def test_the_guidelines():
    generator, discriminator = DCGANGenerator((32, 32, 3)), DCGANDiscriminator((32, 32, 3))
    # "Batchnorm ... except the generator output layer and the discriminator input layer."
    assert len(layers(generator, keras.layers.BatchNormalization)) == 3
    assert len(layers(discriminator, keras.layers.BatchNormalization)) == 2
    assert len(layers(generator, keras.layers.Dense)) == len(layers(discriminator, keras.layers.Dense)) == 1
    assert {layer.strides for layer in layers(discriminator, keras.layers.Conv2D)} == {(2, 2)}
    assert {layer.negative_slope for layer in layers(discriminator, keras.layers.LeakyReLU)} == {0.2}
    for network in (generator, discriminator):
        for kernel in (weight.numpy() for weight in network.trainable_weights if weight.name == "kernel"):
            assert kernel.size < 9999 or (abs(kernel.mean()) < 1e-3 and abs(kernel.std() - 0.02) < 1e-3)


def test_without_normalisation_and_with_constant_filters():
    generator = DCGANGenerator((64, 64, 3), growth=1, width=32, normalization="none")
    assert not layers(generator, keras.layers.BatchNormalization)
    assert {layer.filters for layer in layers(generator, keras.layers.Conv2DTranspose)[:-1]} == {32}
    assert all(layer.use_bias for layer in layers(generator, keras.layers.Conv2DTranspose))


def test_layer_normalisation_is_over_all_of_a_sample():
    critic = DCGANDiscriminator((16, 16, 1), width=4, normalization="layer")
    (norm,) = layers(critic, LayerNormalization)
    x = np.random.default_rng(0).normal(3, 2, [2, 4, 4, 8]).astype("float32")
    expected = (x - x.mean(axis=(1, 2, 3), keepdims=True)) / np.sqrt(x.var(axis=(1, 2, 3), keepdims=True) + 1e-5)
    np.testing.assert_allclose(norm(x), expected, atol=1e-4)


@pytest.mark.parametrize("normalization", ["layer", "none"])
def test_every_weight_of_a_critic_has_a_second_derivative(normalization):
    critic = DCGANDiscriminator((16, 16, 1), width=4, normalization=normalization)
    x = tf.random.normal([3, 16, 16, 1], seed=0)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(x)
            score = critic(x)
        penalty = tf.reduce_sum(tf.square(inner.gradient(score, x)))
    kernels = [weight for weight in critic.trainable_weights if weight.name == "kernel"]
    for weight, slope in zip(kernels, outer.gradient(penalty, [w.value for w in kernels]), strict=True):
        assert slope is not None and np.abs(slope).max() > 0, weight.path


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"image_shape": (7, 8, 1)}, "sides from 8 to 128"),
        ({"image_shape": (8, 129, 1)}, "sides from 8 to 128"),
        ({"image_shape": (8, 8, 2)}, "1, 3 or 4 channels"),
        ({"image_shape": (8, 8)}, "image_shape must be"),
        ({"image_shape": (8, 8, 1), "width": 0}, "width must be from 1 to 65536; got 0"),
        ({"image_shape": (8, 8, 1), "normalization": "instance"}, "normalization must be one of batch, layer, none"),
    ],
)
@pytest.mark.parametrize("network", [DCGANGenerator, DCGANDiscriminator])
def test_wrong_arguments_get_a_sentence(network, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        network(**arguments)
