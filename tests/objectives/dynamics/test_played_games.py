"""Who moves when, on games whose course is known in closed form."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.losses import AdversarialLoss, Minimax, NonSaturating
from tests.conftest import networks, numbers

RATE = 0.2


class Bilinear(AdversarialLoss):
    """With D(x) = w x, G = t and data of zeros: the discriminator descends w t, and the generator -w t."""

    def discriminator(self, real_scores, fake_scores, draws=None):
        return tf.reduce_mean(fake_scores) - tf.reduce_mean(real_scores)

    def generator(self, fake_scores):
        return -tf.reduce_mean(fake_scores)


class Shift(keras.layers.Layer):
    """x + w."""

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=[1, 1], initializer="ones")

    def call(self, x):
        return x + self.kernel


class Hilltop(AdversarialLoss):
    """With D(x) = x + w, G = t and data of zeros: -w^2 / 2 and -(w + t)^2 / 2, which nobody wants to be at 0."""

    def discriminator(self, real_scores, fake_scores, draws=None):
        return -tf.square(tf.reduce_mean(real_scores)) / 2

    def generator(self, fake_scores):
        return -tf.square(tf.reduce_mean(fake_scores)) / 2


def times():
    """w x."""
    return keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")


def play(objective, loss, steps=20, rate=RATE, layer=times, **options):
    """The course of (w, t) from (1, 1), [steps + 1, 2]; data are zeros, and the generator multiplies 1 by t."""
    generator, discriminator = (keras.Sequential([keras.Input([1]), make()]) for make in (times, layer))
    gan = objective(generator, discriminator, adversarial_loss=loss, **options)
    gan._latents = lambda draws, count: tf.ones([count, 1])
    gan.compile(
        generator_optimizer=keras.optimizers.SGD(rate), discriminator_optimizer=keras.optimizers.SGD(rate),
        run_eagerly=True,
    )  # fmt: skip
    course = []
    for _ in range(steps + 1):
        course.append([float(network.layers[0].kernel.numpy()[0, 0]) for network in (discriminator, generator)])
        gan.train_on_batch(np.zeros([2, 1], "float32"))
    return np.array(course)


def factors(course):
    lengths = np.linalg.norm(course, axis=1)
    return lengths[1:] / lengths[:-1]


def test_simultaneous_steps_spiral_outwards():
    np.testing.assert_allclose(factors(play(kgan.SimultaneousGAN, Bilinear())), np.sqrt(1 + RATE**2), rtol=1e-5)


def test_players_who_take_turns_go_round():
    """(w, t) -> (w - h t, t + h w') has the determinant 1, and keeps w^2 + t^2 - h w t."""
    w, t = play(kgan.StandardGAN, Bilinear(), steps=60).T
    np.testing.assert_allclose(w * w + t * t - RATE * w * t, 2 - RATE, rtol=1e-4)
    assert min(w) < -1 and max(t) > 1  # it does go round


@pytest.mark.parametrize("weight", [0.0, 0.05, 0.2, 1.0, 5.0, 9.8, 9.95])
def test_consensus_on_the_bilinear_game(weight):
    """As w + i t each step is a factor 1 - h gamma + i h: below 1 for gamma between (1 -+ sqrt(1 - h^2)) / h."""
    course = play(kgan.ConsensusGAN, Bilinear(), consensus_weight=weight)
    np.testing.assert_allclose(factors(course), abs(1 - RATE * weight + 1j * RATE), rtol=1e-4)
    low, high = ((1 + sign * np.sqrt(1 - RATE**2)) / RATE for sign in (-1, 1))
    assert (factors(course)[0] < 1) == (low < weight < high)


@pytest.mark.parametrize("weight", [0.5, 3.0])
def test_consensus_alone_also_goes_where_nobody_wants_to_be(weight):
    """v = A (w, t), so that a step is I - h (A + gamma A^T A): with a large gamma both are led to where v is 0."""
    a = np.array([[-1.0, 0.0], [-1.0, -1.0]])
    step = np.eye(2) - RATE * (a + weight * a.T @ a)
    course = play(kgan.ConsensusGAN, Hilltop(), consensus_weight=weight, layer=Shift)
    np.testing.assert_allclose(course[1:], course[:-1] @ step.T, atol=1e-4 * abs(course).max())
    assert (max(abs(np.linalg.eigvals(step))) < 1) == (weight == 3.0) == (abs(course[-1]).max() < 0.5)


def test_without_weight_consensus_is_simultaneous(toy, ring):
    one = toy(kgan.SimultaneousGAN, lambda: keras.optimizers.SGD(0.1))
    other = toy(kgan.ConsensusGAN, lambda: keras.optimizers.SGD(0.1), consensus_weight=0.0)
    other.set_weights(one.get_weights())
    for gan in (one, other):
        gan.fit(ring, batch_size=40, verbose=0)
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)


def test_consensus_counts_what_both_want(toy, ring):
    """L is half the sum of the squared norms of both gradients."""
    found = toy(kgan.ConsensusGAN, consensus_weight=0.0).inspect(ring[:20])
    norms = found["discriminator_gradient"] ** 2 + found["generator_gradient"] ** 2
    assert found["consensus"] == pytest.approx(norms / 2, rel=1e-5)


def test_both_gradients_are_taken_at_the_same_point(toy, ring):
    """With the generator's rate at 0 and with it at 0.5 the discriminator takes the same first step."""
    moved = []
    for rate in (0.0, 0.5):
        keras.utils.set_random_seed(1)
        gan = kgan.SimultaneousGAN(*networks(kgan.SimultaneousGAN))
        gan.compile(generator_optimizer=keras.optimizers.SGD(0.5), discriminator_optimizer=keras.optimizers.SGD(rate))
        gan.train_on_batch(tf.constant(ring[:20]))
        moved.append([weight.numpy() for weight in gan.generator.weights])
    for a, b in zip(*moved, strict=True):
        np.testing.assert_array_equal(a, b)


# --- unrolling ---


def test_without_unrolled_steps_it_is_the_standard_game(toy, ring):
    make = lambda: keras.optimizers.SGD(0.1)  # noqa: E731
    one = toy(kgan.StandardGAN, make, adversarial_loss=Minimax())
    other = toy(kgan.UnrolledGAN, make, unroll_steps=0)
    other.set_weights(one.get_weights())
    for gan in (one, other):
        gan.fit(ring, batch_size=40, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)


def test_the_generator_differentiates_the_discriminators_answer():
    """A discriminator D(x) = w x + b, its two answers written out, and numerical slopes of the value they lead to."""
    rate, z = 0.3, np.float32([[0.5], [-1.0], [2.0]])
    x = np.float32([[1.0], [0.2], [-0.7]])
    generator = keras.Sequential([keras.Input([1]), keras.layers.Dense(1)])
    discriminator = keras.Sequential([keras.Input([1]), keras.layers.Dense(1)])
    discriminator.set_weights([np.float32([[0.8]]), np.float32([-0.1])])
    generator.set_weights([np.float32([[0.6]]), np.float32([0.3])])

    def value(theta):
        """f after two answers, in float64."""
        fake = theta[0] * z.astype(float) + theta[1]
        w, b = np.float64(np.float32(0.8)), np.float64(np.float32(-0.1))
        for _ in range(2):
            real_slope = -1 / (1 + np.exp(w * x + b))  # d softplus(-s) / ds
            fake_slope = 1 / (1 + np.exp(-(w * fake + b)))  # d softplus(s) / ds
            w, b = (
                w - rate * (np.mean(real_slope * x) + np.mean(fake_slope * fake)),
                b - rate * (np.mean(real_slope) + np.mean(fake_slope)),
            )
        return -np.mean(np.log1p(np.exp(-(w * x + b)))) - np.mean(np.log1p(np.exp(w * fake + b)))

    theta = np.array([np.float32(0.6), np.float32(0.3)], float)
    nudges = np.eye(2) * 1e-5
    slopes = np.array([(value(theta + nudge) - value(theta - nudge)) / 2e-5 for nudge in nudges])

    gan = kgan.UnrolledGAN(generator, discriminator, unroll_steps=2, unroll_learning_rate=rate)
    gan._latents = lambda draws, count: tf.constant(z)
    gan.compile(generator_optimizer=keras.optimizers.SGD(1.0), discriminator_optimizer=keras.optimizers.SGD(0.0))
    found = gan.inspect(x)
    assert found["g_loss"] == pytest.approx(value(theta), rel=1e-6)
    assert found["generator_gradient"] == pytest.approx(np.linalg.norm(slopes), rel=1e-5)
    gan.train_on_batch(x)
    after = np.concatenate([weight.numpy().ravel() for weight in generator.weights])
    np.testing.assert_allclose(theta - after, slopes, atol=1e-6)
    np.testing.assert_array_equal(discriminator.layers[0].kernel, np.float32([[0.8]]))  # what it would do, it did not


def test_statistics_of_a_discriminator_that_looks_ahead_stay():
    """Batch normalisation counts the data and the fakes of the discriminator's own step, not those of its answers."""
    moving = []
    for steps in (0, 3):
        keras.utils.set_random_seed(0)
        discriminator = keras.Sequential(
            [keras.Input([2]), keras.layers.Dense(4), kgan.layers.BatchNormalization(), keras.layers.Dense(1)]
        )
        gan = kgan.UnrolledGAN(kgan.architectures.MLPGenerator((2,), 3, (4,)), discriminator, unroll_steps=steps)
        gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd", run_eagerly=True)
        gan.train_on_batch(tf.ones([4, 2]))
        moving.append(discriminator.layers[1].moving_mean.numpy())
    np.testing.assert_array_equal(*moving)


def test_spectral_normalisation_is_part_of_the_answer(ring):
    """A wrapped layer computes with the substituted kernel and bias: one answer by hand equals the game's."""
    discriminator = kgan.architectures.MLPDiscriminator((2,), (4,), normalization="spectral")
    gan = kgan.UnrolledGAN(kgan.architectures.MLPGenerator((2,), 3, (4,)), discriminator, unroll_steps=1)
    weights = [variable.numpy() + 0.5 for variable in discriminator.trainable_variables]
    with gan.substituted([tf.constant(weight) for weight in weights]):
        inside = discriminator(ring[:5]).numpy()
    before = discriminator(ring[:5]).numpy()
    for variable, weight in zip(discriminator.trainable_variables, weights, strict=True):
        variable.assign(weight)
    np.testing.assert_allclose(inside, discriminator(ring[:5]).numpy(), rtol=1e-5)
    assert not np.allclose(inside, before)


# --- historical averaging ---


def test_the_history_is_the_mean_of_all_that_the_weights_have_been(toy, ring):
    gan = toy(kgan.HistoricalAveragingGAN, discriminator_steps=2, adversarial_loss=NonSaturating())
    seen = {player: [] for player in gan.players}
    original = gan.remember

    def remember(player, updates):
        seen[player].append([weight.numpy() for weight in getattr(gan, player).trainable_variables])
        original(player, updates)

    for player in gan.players:
        seen[player].append([weight.numpy() for weight in getattr(gan, player).trainable_variables])
    gan.run_eagerly = True
    gan.remember = remember
    for _ in range(3):
        gan.train_on_batch(tf.constant(ring[:20]))
    for player, count in (("discriminator", 7), ("generator", 4)):
        assert len(seen[player]) == count
        for mean, *values in zip(gan._means[player], *seen[player], strict=True):
            np.testing.assert_allclose(mean.numpy(), np.mean(values, axis=0), atol=1e-6)
    before = numbers(gan)
    gan.test_on_batch(tf.constant(ring[:20]))
    for a, b in zip(before, numbers(gan), strict=True):
        np.testing.assert_array_equal(a, b)


def test_history_draws_the_orbit_inwards():
    """From (1, 1), with turns: the term's slope is 2 (theta - mean), and the orbit shrinks where it was closed."""
    course = play(kgan.HistoricalAveragingGAN, Bilinear(), steps=60, history_weight=0.5)
    w, t, mean_w, mean_t = 1.0, 1.0, 1.0, 1.0
    for step, found in enumerate(course[1:]):
        w -= RATE * (t + 0.5 * 2 * (w - mean_w))
        t -= RATE * (-w + 0.5 * 2 * (t - mean_t))
        mean_w, mean_t = mean_w + (w - mean_w) / (step + 2), mean_t + (t - mean_t) / (step + 2)
        np.testing.assert_allclose(found, [w, t], atol=1e-5)
    assert np.linalg.norm(course[-1]) < 0.5 < np.linalg.norm(play(kgan.StandardGAN, Bilinear(), steps=60)[-1])
