"""Noise that dies away."""

import numpy as np
import pytest
import tensorflow as tf

from kgan.augment import InstanceNoise
from kgan.randomness import Draws


@pytest.mark.parametrize(("step", "stddev"), [(0, 0.4), (50, 0.2), (75, 0.1), (100, 0.0), (500, 0.0)])
def test_the_standard_deviation_falls_linearly_to_zero(step, stddev):
    noise = InstanceNoise(0.4, decay_steps=100)
    change = noise(tf.ones([200, 10, 10, 1]), Draws(0, "noise"), tf.constant(step, tf.int64)) - 1
    assert float(tf.math.reduce_std(change)) == pytest.approx(stddev, rel=0.02)
    assert float(tf.reduce_mean(change)) == pytest.approx(0, abs=0.02 * stddev + 1e-9)


def test_the_gradient_is_the_identity():
    images = tf.random.stateless_normal([4, 2], [0, 0])
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(3 * InstanceNoise()(images, Draws(0, "noise"), 0))
    np.testing.assert_array_equal(tape.gradient(total, images), np.full([4, 2], 3.0))


@pytest.mark.parametrize("wrong", [{"stddev": 0.0}, {"decay_steps": 0}])
def test_refusals(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        InstanceNoise(**wrong)
