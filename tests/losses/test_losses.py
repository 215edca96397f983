"""Closed forms of least squares, the hinge and boundary seeking, and what they descend at the best discriminator."""

import numpy as np
import pytest
import tensorflow as tf

from kgan import distances, losses
from kgan.losses import BoundarySeeking, FDivergence, Hinge, LeastSquares, Minimax, NonSaturating
from kgan.losses.f_divergence import DIVERGENCES
from kgan.randomness import Draws

SCORES = np.array([[-2.0], [0.0], [3.0]], np.float32)
P = np.array([0.125, 0.5, 0.25, 0.125])
Q = np.array([0.5, 0.125, 0.125, 0.25])


def samples(scores, masses, count=64):
    """Scores of `count` samples of a discrete distribution, exactly as many of each as it says."""
    return np.repeat(scores, (masses * count).round().astype(int)).astype("float64")


def best_score(loss, p, q):
    """Where the discriminator's loss is least at one point of masses p and q, by a search."""
    grid = np.linspace(-5, 5, 2001)
    one = np.array([0.0])
    real = np.array([float(loss.discriminator(np.array([s]), one)) for s in grid])
    fake = np.array([float(loss.discriminator(one, np.array([s]))) for s in grid])
    return grid[np.argmin(p * real + q * fake)]


def test_least_squares():
    loss = LeastSquares(real_labels=2.0, fake_labels=-1.0, generator_labels=0.5)
    real, fake = SCORES, SCORES[::-1] * 0.5
    expected = 0.5 * ((real - 2) ** 2).mean() + 0.5 * ((fake + 1) ** 2).mean()
    assert float(loss.discriminator(real, fake)) == pytest.approx(expected, rel=1e-6)
    assert float(loss.generator(fake)) == pytest.approx(0.5 * ((fake - 0.5) ** 2).mean(), rel=1e-6)
    assert LeastSquares().perfect == 0


@pytest.mark.few(1)
@pytest.mark.parametrize(("a", "b"), [(-1.0, 1.0), (0.0, 1.0)])
def test_the_best_discriminator_of_least_squares(a, b):
    for p, q in zip(P, Q, strict=True):
        assert best_score(LeastSquares(b, a), p, q) == pytest.approx((b * p + a * q) / (p + q), abs=0.01)


def test_at_that_discriminator_least_squares_are_half_the_pearson_divergence():
    """Mao et al. 2017: with b - c = 1 and b - a = 2 the generator's loss, and its term on the data,
    are half of chi^2(p_r + p_g, 2 p_g) = sum (2 p_g - (p_r + p_g))^2 / (p_r + p_g)."""
    loss = LeastSquares(real_labels=1.0, fake_labels=-1.0, generator_labels=0.0)
    optimal = (P - Q) / (P + Q)
    value = float(loss.generator(samples(optimal, Q))) + float(loss.generator(samples(optimal, P)))
    assert value == pytest.approx(((2 * Q - (P + Q)) ** 2 / (P + Q)).sum() / 2, rel=1e-6)


@pytest.mark.parametrize(
    "loss",
    [
        LeastSquares(), Hinge(), BoundarySeeking(), NonSaturating(), Minimax(), NonSaturating(real_labels=0.9),
        NonSaturating(flip=0.05), *(FDivergence(name) for name in DIVERGENCES),
    ],
    ids=lambda loss: f"{type(loss).__name__}-{'-'.join(map(str, loss.get_config().values()))}",
)  # fmt: skip
def test_a_loss_saturates_if_it_is_flat_at_large_scores_on_the_right_sides(loss):
    real, fake = tf.fill([1000, 1], 15.0), tf.fill([1000, 1], -15.0)
    with tf.GradientTape() as tape:
        tape.watch([real, fake])
        value = loss.discriminator(real, fake, Draws(0, "labels"))
    slopes = [abs(float(tf.reduce_sum(slope))) for slope in tape.gradient(value, [real, fake])]
    assert loss.saturates == (max(slopes) < 1e-6)


def test_hinge():
    real, fake = SCORES, SCORES[::-1] * 0.5
    expected = np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean()
    assert float(Hinge().discriminator(real, fake)) == pytest.approx(expected, rel=1e-6)
    assert float(Hinge().generator(fake)) == pytest.approx(-fake.mean(), rel=1e-6)
    assert float(Hinge().discriminator(np.float32([1.0]), np.float32([-1.0]))) == Hinge().perfect == 0


def test_the_best_hinge_is_2_less_twice_the_total_variation():
    optimal = np.where(P > Q, 1.0, -1.0)
    value = float(Hinge().discriminator(samples(optimal, P), samples(optimal, Q)))
    assert value == pytest.approx(2 - 2 * distances.total_variation(P, Q), rel=1e-6)
    # And no other scores do better.
    for other in np.random.default_rng(0).normal(size=[50, 4]):
        assert float(Hinge().discriminator(samples(other, P), samples(other, Q))) >= value


def test_boundary_seeking_is_the_square_of_the_log_odds():
    d = 1 / (1 + np.exp(-SCORES.astype(np.float64)))
    expected = 0.5 * ((np.log(d) - np.log(1 - d)) ** 2).mean()
    assert float(BoundarySeeking().generator(SCORES)) == pytest.approx(expected, rel=1e-6)
    assert float(BoundarySeeking().discriminator(SCORES, SCORES)) == float(Minimax().discriminator(SCORES, SCORES))
    assert float(BoundarySeeking().generator(SCORES * 0)) == 0


def jsd(p, q):
    m = (p + q) / 2
    return tf.reduce_sum(p * tf.math.log(p / m) + q * tf.math.log(q / m)) / 2


@pytest.mark.parametrize(
    ("loss", "divergence"),
    [
        # Arjovsky & Bottou 2017, theorem 2.5; Goodfellow et al. 2014, theorem 1.
        (NonSaturating(), lambda p_g, p_r: tf.reduce_sum(p_g * tf.math.log(p_g / p_r)) - 2 * jsd(p_g, p_r)),
        (Minimax(), lambda p_g, p_r: 2 * jsd(p_g, p_r)),
        (FDivergence("gan", alternative=True),
         lambda p_g, p_r: tf.reduce_sum(p_g * tf.math.log(p_g / p_r)) - 2 * jsd(p_g, p_r)),
    ],
    ids=["NonSaturating", "Minimax", "alternative"],
)  # fmt: skip
def test_the_generators_gradient_at_the_best_discriminator(loss, divergence):
    """A generator with the masses softmax(theta): E loss(score(x)) at fixed scores against the divergence itself."""
    theta = tf.Variable(np.log(Q))
    scores = np.log(P / Q)
    values = np.array([float(loss.generator(np.array([score]))) for score in scores])
    with tf.GradientTape(persistent=True) as tape:
        p_g = tf.nn.softmax(theta)
        expected_loss = tf.reduce_sum(p_g * values)
        distance = divergence(p_g, tf.constant(P))
    np.testing.assert_allclose(tape.gradient(expected_loss, theta), tape.gradient(distance, theta), atol=1e-7)


def test_the_perfect_loss_is_that_of_scores_without_a_mistake():
    sure = np.full([4], 30.0)
    for loss in (NonSaturating(), Minimax(), BoundarySeeking(), Hinge(), FDivergence("gan")):
        assert float(loss.discriminator(sure, -sure)) == pytest.approx(loss.perfect, abs=1e-9)


def test_every_loss_is_a_scalar_of_scores_of_any_shape():
    for name in losses.__all__:
        if name == "AdversarialLoss" or issubclass(getattr(losses, name), losses.Distance):
            continue
        loss = getattr(losses, name)()
        for shape in ([6], [6, 1], [6, 3, 3, 1]):
            scores = tf.constant(np.random.default_rng(0).normal(size=shape), tf.float32)
            for value in (loss.discriminator(scores, scores[::-1]), loss.generator(scores)):
                assert value.shape == () and value.dtype == tf.float32 and np.isfinite(value)
