"""Which ways to change the resolution a penalised critic may use, and what happens if it uses another."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kgan
from kgan.layers.layer import moments

TWICE = {
    "nearest": lambda: layers.UpSampling2D(interpolation="nearest"),
    "average": lambda: layers.AveragePooling2D(2),
    "max": lambda: layers.MaxPooling2D(2),
    "global average": lambda: layers.GlobalAveragePooling2D(keepdims=True),
    "strided": lambda: layers.Conv2D(3, 4, strides=2, padding="same"),
}
BILINEAR = {
    "upsampling": lambda: layers.UpSampling2D(interpolation="bilinear"),
    "resizing": lambda: layers.Resizing(4, 4, interpolation="bilinear"),
}


def critic(layer):
    return keras.Sequential(
        [keras.Input([8, 8, 1]), layers.Conv2D(3, 3, padding="same", activation="softplus"), layer,
         layers.Conv2D(2, 1, activation="softplus"), layers.Flatten(), layers.Dense(1)]
    )  # fmt: skip


def penalty(network, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        scores = network(x)
    return tf.reduce_sum(tape.gradient(scores, x) ** 2)


@pytest.mark.parametrize("name", TWICE)
def test_these_have_second_derivatives(name):
    network, x = critic(TWICE[name]()), tf.random.stateless_normal([2, 8, 8, 1], [1, 2])
    kernels = [weight for weight in network.trainable_weights if len(weight.shape) > 1]
    with tf.GradientTape() as tape:
        value = penalty(network, x)
    gradients = tape.gradient(value, [kernel.value for kernel in kernels])
    for kernel, gradient in zip(kernels, gradients, strict=True):
        before, direction = kernel.numpy(), gradient / tf.norm(gradient)
        ends = []
        for sign in (1, -1):
            kernel.assign(before + sign * 1e-2 * direction)
            ends.append(float(penalty(network, x)))
        kernel.assign(before)
        assert (ends[0] - ends[1]) / 2e-2 == pytest.approx(float(tf.norm(gradient)), rel=0.02)


def second_derivative(normalization, x, direction):
    """Of a weighted sum of |d sum(sin(3 y)) / dx|^2: by TensorFlow, and by differences."""

    def value(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = tf.reduce_sum(tf.sin(3 * normalization(x)))
        return tf.reduce_sum(tf.range(1.0, 13.0, dtype=x.dtype) * tape.gradient(outputs, x) ** 2)

    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = value(x)
    numeric = (value(x + 1e-6 * direction) - value(x - 1e-6 * direction)) / 2e-6
    return float(tf.reduce_sum(tape.gradient(outputs, x) * direction)), float(numeric)


def test_the_moments_of_tensorflow_have_wrong_second_derivatives_and_those_of_the_layers_right_ones():
    """If the first fails, TensorFlow has mended it, and kgan's own moments can go."""
    x, direction = (tf.random.stateless_normal([5, 12], [1, seed], dtype="float64") for seed in range(2))

    def normalized(moments):
        def normalize(x):
            mean, variance = moments(x)
            return (x - mean) / tf.sqrt(variance + 1e-3)

        return normalize

    got, numeric = second_derivative(normalized(lambda x: tf.nn.moments(x, [1], keepdims=True)), x, direction)
    assert abs(got - numeric) > 1e-3 * abs(numeric)
    got, numeric = second_derivative(layers.LayerNormalization(dtype="float64"), x, direction)
    assert abs(got - numeric) > 1e-3 * abs(numeric)
    got, numeric = second_derivative(normalized(lambda x: moments(x, [1])), x, direction)
    assert got == pytest.approx(numeric, rel=1e-6)


@pytest.mark.parametrize("name", BILINEAR)
def test_tensorflow_gives_none_for_bilinear_resizes_without_a_word(name):
    """If this fails, TensorFlow has learnt it, and kgan need not refuse it any longer."""
    network, x = critic(BILINEAR[name]()), tf.random.stateless_normal([2, 8, 8, 1], [1, 2])
    last = network.trainable_weights[-2]
    network.layers[-3].activation = keras.activations.linear
    with tf.GradientTape() as tape:
        value = penalty(network, x)
    assert tape.gradient(value, last.value) is None
    before = last.numpy()
    last.assign(1.1 * before)
    assert float(penalty(network, x)) == pytest.approx(1.21 * float(value), rel=1e-4)  # though it does depend on it


@pytest.mark.parametrize("name", BILINEAR)
def test_a_penalty_that_would_lose_a_part_of_its_gradient_is_refused(name):
    gan = kgan.WGANGP(generator(), critic(BILINEAR[name]()), discriminator_steps=1)
    with pytest.raises(ValueError, match="loses a part of its second derivative in TensorFlow, without a word, and Gr"):
        gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")


@pytest.mark.parametrize("eagerly", [False, True])
def test_without_a_penalty_and_in_the_generator_bilinear_resizes_are_allowed(eagerly):
    for gan in (
        kgan.StandardGAN(generator(), critic(BILINEAR["upsampling"]())),
        kgan.WGANGP(generator(layers.UpSampling2D(interpolation="bilinear")), critic(TWICE["nearest"]()), 1),
    ):
        gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd", run_eagerly=eagerly)
        assert np.isfinite(gan.train_on_batch(np.zeros([2, 8, 8, 1], "float32"))).all()


def generator(*more):
    side = 8 if not more else 4
    return keras.Sequential([keras.Input([3]), layers.Dense(side * side), layers.Reshape([side, side, 1]), *more])
