"""Closed forms of the adversarial losses."""

import numpy as np
import pytest
import tensorflow as tf

from kgan.losses import Minimax, NonSaturating

LOG2 = np.log(2)
SCORES = np.array([[-2.0], [0.0], [3.0]], np.float32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("loss", [NonSaturating(), Minimax()])
def test_the_discriminator_descends_the_cross_entropy(loss):
    real, fake = SCORES, SCORES[::-1] * 0.5
    expected = -np.log(sigmoid(real)).mean() - np.log(1 - sigmoid(fake)).mean()
    assert loss.discriminator(real, fake).numpy() == pytest.approx(expected, rel=1e-6)
    assert loss.discriminator(SCORES * 0, SCORES * 0).numpy() == pytest.approx(2 * LOG2)


def test_the_generators_two_losses():
    assert NonSaturating().generator(SCORES).numpy() == pytest.approx(-np.log(sigmoid(SCORES)).mean(), rel=1e-6)
    assert Minimax().generator(SCORES).numpy() == pytest.approx(np.log(1 - sigmoid(SCORES)).mean(), rel=1e-5)


def test_one_saturates_where_the_discriminator_is_sure_and_the_other_does_not():
    scores = tf.constant([-20.0])
    slopes = {}
    for loss in (NonSaturating(), Minimax()):
        with tf.GradientTape() as tape:
            tape.watch(scores)
            value = loss.generator(scores)
        slopes[type(loss).__name__] = float(tape.gradient(value, scores)[0])
    assert slopes["NonSaturating"] == pytest.approx(-1.0, abs=1e-6)
    assert slopes["Minimax"] == pytest.approx(0.0, abs=1e-6)


def test_scores_of_any_size_stay_finite():
    for loss in (NonSaturating(), Minimax()):
        assert np.isfinite(loss.discriminator(np.float32([1e4]), np.float32([-1e4])))
        assert np.isfinite(loss.discriminator(np.float32([-1e4]), np.float32([1e4])))
        assert np.isfinite(loss.generator(np.float32([1e4])))


def test_at_the_optimal_discriminator_the_value_is_2_jsd_minus_2_log_2():
    p, q = np.array([0.1, 0.2, 0.7]), np.array([0.5, 0.25, 0.25])
    optimal = np.log(p / q)  # D* = p / (p + q) is the sigmoid of this
    counts = 1000
    real = np.repeat(optimal, (p * counts).round().astype(int)).astype("float32")
    fake = np.repeat(optimal, (q * counts).round().astype(int)).astype("float32")
    m = (p + q) / 2
    jsd = 0.5 * (p * np.log(p / m)).sum() + 0.5 * (q * np.log(q / m)).sum()
    value = -float(Minimax().discriminator(real, fake))
    assert value == pytest.approx(2 * jsd - 2 * LOG2, abs=1e-6)
