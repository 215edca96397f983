"""Layer normalisation, and the gradient of a penalty through it."""

import keras
import numpy as np
import tensorflow as tf

from kgan.layers import LayerNormalization


def test_mean_and_deviation_of_each_example():
    x = np.random.default_rng(0).normal(3, 5, [4, 6, 6, 3]).astype(np.float32)
    layer = LayerNormalization()
    y = layer(x).numpy()
    np.testing.assert_allclose(y.mean(axis=(1, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(y.std(axis=(1, 2, 3)), 1, atol=1e-5)
    np.testing.assert_allclose(y, keras.layers.GroupNormalization(groups=1, epsilon=1e-5)(x), atol=2e-6)
    layer.gamma.assign([1.0, 2.0, 3.0])
    layer.beta.assign([0.0, 1.0, 2.0])
    np.testing.assert_allclose(layer(x), y * [1, 2, 3] + [0, 1, 2], rtol=1e-5, atol=1e-5)


def penalty_gradient(normalization, x, kernels):
    """The gradient of the WGAN-GP penalty in the first kernel, and by central differences."""
    before, after = (tf.Variable(kernel) for kernel in kernels)

    def penalty():
        with tf.GradientTape() as tape:
            tape.watch(x)
            hidden = tf.nn.leaky_relu(normalization(tf.nn.conv2d(x, before, 1, "SAME")))
            scores = tf.reduce_sum(tf.nn.conv2d(hidden, after, 1, "VALID"), axis=[1, 2, 3])
        norms = tf.norm(tf.reshape(tape.gradient(scores, x), [len(x), -1]), axis=1)
        return tf.reduce_mean(tf.square(norms - 1))

    with tf.GradientTape() as tape:
        value = penalty()
    analytic = tape.gradient(value, before).numpy()
    numeric, step = np.zeros_like(analytic), 1e-6
    for place in np.ndindex(*numeric.shape):
        for sign in (1, -1):
            moved = kernels[0].copy()
            moved[place] += sign * step
            before.assign(moved)
            numeric[place] += sign * penalty().numpy() / (2 * step)
    return analytic, numeric


def test_the_gradient_of_a_penalty_is_whole():
    random = np.random.default_rng(1)
    x = tf.constant(random.normal(size=[2, 4, 4, 2]))
    kernels = random.normal(size=[3, 3, 2, 3]), random.normal(size=[4, 4, 3, 1])
    analytic, numeric = penalty_gradient(LayerNormalization(dtype="float64"), x, kernels)
    np.testing.assert_allclose(analytic, numeric, rtol=1e-5, atol=1e-6 * np.abs(numeric).max())
    # What Keras computes instead: without a part, and without a word.
    stock = keras.layers.GroupNormalization(groups=1, epsilon=1e-5, dtype="float64")
    analytic, numeric = penalty_gradient(stock, x, kernels)
    assert np.abs(analytic - numeric).max() > 1e-4 * np.abs(numeric).max()
