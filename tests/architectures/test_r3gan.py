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


def halving(length):
    """The matrix that halves a row of an even length: the authors' kernel at every second place, zeros beyond."""
    kernel = np.convolve([1, 2, 1], [1, 1]) / 8
    matrix = np.zeros([length // 2, length + 2])
    for i in range(length // 2):
        matrix[i, 2 * i : 2 * i + 4] = kernel
    return matrix[:, 1:-1]


def test_the_authors_kernel():
    np.testing.assert_array_equal(8 * halving(6), [[3, 3, 1, 0, 0, 0], [0, 1, 3, 3, 1, 0], [0, 0, 0, 1, 3, 3]])


def test_resampling_is_by_the_authors_kernel():
    x = np.random.default_rng(0).normal(size=[2, 6, 8, 3]).astype("float32")
    down, right = halving(6), halving(8)
    expected = np.einsum("ih,jw,nhwc->nijc", down, right, x)
    np.testing.assert_allclose(resampled(halved, x), expected, atol=1e-6)
    # Doubling is four times the transpose, as the gradient of halving is.
    small = x[:, :3, :4]
    expected = 4 * np.einsum("ih,jw,nijc->nhwc", down, right, small)
    np.testing.assert_allclose(resampled(doubled, small), expected, atol=1e-6)


@pytest.mark.parametrize("function", [doubled, halved])
def test_a_mirrored_image_stays_one_and_a_ramp_keeps_its_centre(function):
    x = np.random.default_rng(0).normal(size=[2, 8, 8, 3]).astype("float32")
    for mirror in (np.s_[:, ::-1], np.s_[:, :, ::-1]):
        np.testing.assert_allclose(resampled(function, x[mirror]), resampled(function, x)[mirror], atol=1e-6)
    # The middle of pixel i lies at i + 1/2, so that the middle of the image stays where it is.
    places = np.arange(8.0) + 0.5
    image = np.broadcast_to(places[:, None, None], [1, 8, 8, 1]).astype("float32")
    made = resampled(function, image)[0, :, 2, 0].numpy()
    scale = 8 / len(made)
    np.testing.assert_allclose(made[1:-1], (scale * (np.arange(len(made)) + 0.5))[1:-1], rtol=1e-5)


def test_of_an_odd_side_the_last_pixel_counts_as_a_neighbour():
    x = np.random.default_rng(0).normal(size=[1, 7, 6, 1]).astype("float32")
    expected = np.einsum("ih,jw,nhwc->nijc", halving(8)[:3, :7], halving(6), x)
    np.testing.assert_allclose(resampled(halved, x), expected, atol=1e-6)


@pytest.mark.parametrize("function", [doubled, halved])
def test_resampling_has_second_derivatives(function):
    """Of |d sum(y^3) / dx|^2, along a direction; inside a function, as games train."""
    keras.config.set_dtype_policy("float64")
    try:
        inputs = keras.Input([6, 8, 2], dtype="float64")
        network = keras.Model(inputs, function(inputs))
    finally:
        keras.config.set_dtype_policy("float32")
    x, direction = np.random.default_rng(0).normal(size=[2, 2, 6, 8, 2])

    @tf.function
    def penalty(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = tf.reduce_sum(network(x) ** 3)
        return tf.reduce_sum(tape.gradient(value, x) ** 2)

    @tf.function
    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = penalty(x)
        return tape.gradient(value, x)

    ends = [float(penalty(tf.constant(x + sign * 1e-5 * direction))) for sign in (1, -1)]
    assert float(np.sum(slope(tf.constant(x)) * direction)) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)


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
