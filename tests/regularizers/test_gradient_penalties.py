"""Penalties of critics whose gradient is known."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.batch import Batch
from kgan.randomness import Draws
from kgan.regularizers import GradientPenalty, LipschitzPenalty
from kgan.regularizers.input_gradient import gradient_norm, interpolate

DRAWS = Draws(0, "penalty")


def batches(shape=(16, 3)):
    generator = np.random.default_rng(0)
    return [Batch(tf.constant(generator.normal(size=shape), tf.float32)) for _ in range(2)]


@pytest.mark.parametrize("w", [[3.0, 4.0, 0.0], [0.3, 0.0, 0.4], [1.0, 0.0, 0.0]])
def test_a_linear_critics_penalties_are_their_closed_forms(w):
    def linear(batch):
        return tf.linalg.matvec(batch.images, w)[:, None]

    real, fake = batches()
    norm = np.linalg.norm(w)
    assert GradientPenalty(10.0)(linear, real, fake, DRAWS).numpy() == pytest.approx(
        10 * (norm - 1) ** 2, rel=1e-6, abs=1e-6
    )
    one_sided = 10 * max(0, norm - 1) ** 2
    assert LipschitzPenalty(10.0)(linear, real, fake, DRAWS).numpy() == pytest.approx(one_sided, rel=1e-6, abs=1e-6)


def test_the_gradient_with_respect_to_the_weights_is_the_closed_forms():
    w = tf.Variable([3.0, 4.0, 0.0])
    real, fake = batches()
    with tf.GradientTape() as tape:
        value = GradientPenalty(10.0)(lambda batch: tf.linalg.matvec(batch.images, w), real, fake, DRAWS)
    expected = 20 * (5 - 1) * np.array([0.6, 0.8, 0.0])  # 2 lambda (|w| - 1) w / |w|
    np.testing.assert_allclose(tape.gradient(value, w), expected, atol=1e-4)


def test_norms_are_each_samples_own():
    def quadratic(batch):
        return tf.reduce_sum(tf.square(batch.images), axis=[1, 2, 3]) / 2

    images = tf.constant(np.random.default_rng(0).normal(size=[5, 4, 4, 2]), tf.float32)
    expected = np.linalg.norm(images.numpy().reshape(5, -1), axis=1)
    np.testing.assert_allclose(gradient_norm(quadratic, Batch(images)), expected, rtol=1e-5)


def test_interpolates_lie_on_the_lines_uniformly_one_u_per_sample():
    real, fake = Batch(tf.ones([2000, 2, 2, 1])), Batch(tf.zeros([2000, 2, 2, 1]))
    u = interpolate(real, fake, DRAWS).images.numpy()
    assert np.ptp(u.reshape(2000, -1), axis=1).max() == 0
    from scipy import stats

    assert stats.kstest(u[:, 0, 0, 0], "uniform").pvalue > 0.01


def test_a_critic_without_gradient_has_a_finite_one_itself():
    w = tf.Variable([0.0, 0.0, 0.0])
    real, fake = batches()
    with tf.GradientTape() as tape:
        value = GradientPenalty(10.0)(lambda batch: tf.linalg.matvec(batch.images, w), real, fake, DRAWS)
    assert value.numpy() == pytest.approx(10.0, rel=1e-5)
    assert np.isfinite(tape.gradient(value, w)).all()


def test_labels_are_those_of_the_data():
    real, fake = Batch(tf.zeros([3, 2]), tf.constant([1, 2, 3])), Batch(tf.zeros([3, 2]), tf.constant([7, 8, 9]))
    np.testing.assert_array_equal(interpolate(real, fake, DRAWS).labels, [1, 2, 3])


def test_half_precision_critics_are_squared_in_float32():
    layer = keras.layers.Dense(1, dtype="mixed_bfloat16")
    layer.build([None, 3])
    layer.kernel.assign([[300.0], [400.0], [0.0]])
    real, fake = batches()
    value = GradientPenalty(1.0)(lambda batch: tf.cast(layer(batch.images), tf.float32), real, fake, DRAWS)
    assert value.dtype == tf.float32
    assert value.numpy() == pytest.approx(499.0**2, rel=1e-2)


@pytest.mark.parametrize("penalty", [GradientPenalty, LipschitzPenalty])
def test_negative_weights_are_refused(penalty):
    with pytest.raises(ValueError, match="weight must be at least 0; got -1"):
        penalty(-1)


@pytest.mark.parametrize("regularizer", [kgan.regularizers.GradientPenalty, kgan.regularizers.R1])
def test_a_weight_of_nothing_is_said_once(toy, regularizer, recwarn):
    toy(kgan.StandardGAN, regularizers=[regularizer(0.0)])
    (said,) = [str(one.message) for one in recwarn if "of weight 0 does nothing" in str(one.message)]
    assert said.startswith(regularizer.__name__)
    toy(kgan.StandardGAN, regularizers=[regularizer(0.1)])
    assert len([one for one in recwarn if "of weight 0" in str(one.message)]) == 1
