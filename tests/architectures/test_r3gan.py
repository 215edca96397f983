"""Blocks, resampling and initial values of R3GAN's networks."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.architectures import R3GANDiscriminator, R3GANGenerator
from kgan.architectures.r3gan import doubled, halved, scaled, stages


def resampled(function, x):
    inputs = keras.Input(x.shape[1:])
    return keras.Model(inputs, function(inputs))(x)


def test_resampling_is_by_the_kernel_1_2_1():
    x = np.random.default_rng(0).normal(size=[2, 6, 8, 3]).astype("float32")
    down = np.zeros([3, 6])
    for i in range(3):
        for offset, weight in ((-1, 0.25), (0, 0.5), (1, 0.25)):
            if 0 <= 2 * i + offset < 6:
                down[i, 2 * i + offset] = weight
    right = np.zeros([4, 8])
    for i in range(4):
        for offset, weight in ((-1, 0.25), (0, 0.5), (1, 0.25)):
            if 0 <= 2 * i + offset < 8:
                right[i, 2 * i + offset] = weight
    np.testing.assert_allclose(resampled(halved, x), np.einsum("ih,jw,nhwc->nijc", down, right, x), atol=1e-5)
    # Doubling is four times the transpose, as the gradient of halving is.
    small = x[:, :3, :4]
    expected = 4 * np.einsum("ih,jw,nijc->nhwc", down, right, small)
    np.testing.assert_allclose(resampled(doubled, small), expected, atol=1e-5)


@pytest.mark.parametrize(("side", "expected"), [(28, [96] * 3), (32, [96] * 4), (64, [96] * 4 + [48]),
                                                (128, [96] * 4 + [48, 24])])  # fmt: skip
def test_channels_at_each_resolution(side, expected):
    assert stages((side, side, 3), 96) == expected


@pytest.mark.parametrize("shape", [(28, 28, 1), (31, 40, 3), (64, 64, 3), (128, 128, 1)])
def test_shapes(shape):
    assert R3GANGenerator(shape, latent_dim=2, width=8, num_blocks=1).output_shape[1:] == shape
    assert R3GANDiscriminator(shape, width=8, num_blocks=1).output_shape == (None, 1)


def test_the_weights_of_the_cifar_network():
    width, inside = 768, 2 * 768
    block = (width * inside + inside) + (9 * 16 * inside + inside) + inside * width
    generator = 64 * width + 4 * 4 * width + 8 * block + width * 3
    discriminator = 3 * width + 8 * block + 4 * 4 * width + width
    for network, expected in (
        (R3GANGenerator((32, 32, 3)), generator),
        (R3GANDiscriminator((32, 32, 3)), discriminator),
    ):
        assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == expected
    groups = {layer.groups for layer in network.layers if getattr(layer, "kernel_size", None) == (3, 3)}
    assert groups == {96}


def test_every_block_begins_as_the_identity():
    """Then the discriminator is linear in the image."""
    network = R3GANDiscriminator((8, 8, 1), width=8)
    x, y = np.random.default_rng(0).normal(size=[2, 4, 8, 8, 1]).astype("float32")
    np.testing.assert_allclose(network(2 * x - 3 * y), 2 * network(x) - 3 * network(y), atol=1e-4)
    assert np.abs(network(x)).max() > 0.01


def test_the_variance_of_a_grouped_convolution_counts_its_group():
    kernel = scaled(2.0)([3, 3, 16, 512]).numpy()
    assert kernel.var() == pytest.approx(2 / (9 * 16), rel=0.03)


def test_a_step_moves_every_weight_in_the_end():
    """The last convolutions first, since they are zero; the others once those are not."""
    network = R3GANDiscriminator((8, 8, 1), width=8, num_blocks=1)
    before = [weight.numpy() for weight in network.trainable_weights]
    optimizer = keras.optimizers.Adam(1e-2)
    x = np.random.default_rng(0).normal(size=[4, 8, 8, 1]).astype("float32")
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.math.softplus(network(x)))
        optimizer.apply(tape.gradient(loss, network.trainable_weights), network.trainable_weights)
    for weight, start in zip(network.trainable_weights, before, strict=True):
        assert np.abs(weight - start).max() > 0, weight.path
