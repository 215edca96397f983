"""The bidirectional GAN: whose gradient is whose, and what the encoder is good for."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit

import kgan
from kgan.randomness import Draws
from tests import casts

A, B, U, V = 0.7, -0.4, 1.5, -2.0


def line(slope, name, inputs=1):
    """A network of one weight per input, without a bias."""
    given = [keras.Input([1], name=one) for one in name.split()]
    x = keras.layers.Concatenate()(given) if inputs > 1 else given[0]
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer=keras.initializers.Constant(0.0))
    network = keras.Model(given, layer(x))
    layer.kernel.assign(np.reshape(slope, [inputs, 1]))
    return network


def linear(**rates):
    """G(z) = a z, E(x) = b x, D(x, z) = u x + v z."""
    gan = kgan.BiGAN(line(A, "latents"), line(B, "images"), line([U, V], "images latents", 2), ema=0.0)
    gan.compile(**{f"{player}_optimizer": keras.optimizers.SGD(rates.get(player, 0.0)) for player in gan.players})
    return gan


X = np.random.default_rng(0).normal(size=[64, 1]).astype("float32")


def slopes(gan):
    return {player: getattr(gan, player).weights[0].numpy().ravel() for player in gan.players}


def test_the_encoder_descends_what_the_discriminator_says_of_its_pairs():
    """d/db mean log(1 + exp(D(x, b x))) = mean sigmoid(D) v x."""
    gan = linear(encoder=0.1)
    gan.train_on_batch(X)
    x = X.astype("float64")
    expected = B - 0.1 * np.mean(expit(U * x + V * B * x) * V * x)
    after = slopes(gan)
    np.testing.assert_allclose(after["encoder"], [expected], rtol=1e-5)
    np.testing.assert_allclose([*after["generator"], *after["discriminator"]], [A, U, V], rtol=1e-6)


def test_the_generator_descends_what_it_says_of_the_others():
    """d/da mean log(1 + exp(-D(a z, z))) = -mean sigmoid(-D) u z."""
    gan = linear(generator=0.1)
    gan.train_on_batch(X)
    z = Draws(gan.seed, "latents", [0, 1]).normal([64, 1]).numpy().astype("float64")
    expected = A + 0.1 * np.mean(expit(-(U * A * z + V * z)) * U * z)
    np.testing.assert_allclose(slopes(gan)["generator"], [expected], rtol=1e-5)


def test_the_discriminator_tells_the_two_kinds_of_pairs():
    gan = linear(discriminator=0.1)
    gan.train_on_batch(X)
    z = Draws(gan.seed, "latents", [0, 0]).normal([64, 1]).numpy().astype("float64")
    x = X.astype("float64")
    inferred, made = expit(-(U * x + V * B * x)), expit(U * A * z + V * z)
    gradient = [np.mean(made * A * z) - np.mean(inferred * x), np.mean(made * z) - np.mean(inferred * B * x)]
    np.testing.assert_allclose(slopes(gan)["discriminator"], np.array([U, V]) - 0.1 * np.array(gradient), rtol=1e-5)


def test_both_losses_are_2_log_2_where_nothing_is_told():
    gan = kgan.BiGAN(line(A, "latents"), line(B, "images"), line([0.0, 0.0], "images latents", 2))
    gan.compile(generator_optimizer="sgd", encoder_optimizer="sgd", discriminator_optimizer=keras.optimizers.SGD(0.0))
    logs = gan.evaluate(X, batch_size=64, verbose=0, return_dict=True)
    assert logs["d_loss"] == pytest.approx(2 * np.log(2), rel=1e-6)
    assert logs["g_loss"] == pytest.approx(2 * np.log(2), rel=1e-6)


def test_codes_and_what_is_made_of_them():
    gan = linear()
    np.testing.assert_allclose(gan.encode(X, batch_size=10), B * X, rtol=1e-6)
    np.testing.assert_allclose(gan.reconstruct(X), A * B * X, rtol=1e-6)


def test_a_stochastic_encoder_encodes_to_its_means_and_draws_in_training():
    encoder = keras.Sequential([keras.Input([1], name="images"), keras.layers.Dense(2)])
    encoder.layers[-1].set_weights([np.array([[2.0, 0.0]]), np.array([0.0, np.log(0.25)])])
    gan = kgan.BiGAN(line(A, "latents"), encoder, line([U, V], "images latents", 2))
    np.testing.assert_allclose(gan.encode(X), 2 * X, rtol=1e-6)
    x = np.ones([20_000, 1], "float32")
    drawn = gan.infer(gan.minibatch(x)).numpy()
    assert drawn.mean() == pytest.approx(2, abs=0.02) and drawn.std() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("encoder", "discriminator", "says"),
    [
        (line(B, "images"), line(U, "images"), "The discriminator judges pairs: give it a second input"),
        (keras.Sequential([keras.Input([1]), keras.layers.Dense(3)]), line([U, V], "images latents", 2),
         r"The encoder must return latents, \[N, 1\], or a mean and a log-variance for each, \[N, 2\]"),
        (line(B, "images"), keras.Model(
            (given := [keras.Input([1], name="images"), keras.Input([3], name="latents")]),
            keras.layers.Dense(1)(keras.layers.Concatenate()(given))), r"takes latents of \(3,\); the generator's"),
    ],
)  # fmt: skip
def test_networks_that_do_not_fit_are_refused(encoder, discriminator, says):
    with pytest.raises(ValueError, match=says):
        kgan.BiGAN(line(A, "latents"), encoder, discriminator)


def test_a_discriminator_of_pairs_gets_no_labels_for_latents():
    """In a game of two, an input for latents is none for labels."""
    with pytest.raises(ValueError, match="The discriminator's input 'latents' is for latents, and it is given images"):
        kgan.StandardGAN(line(A, "latents"), line([U, V], "images latents", 2))


def test_an_export_encodes_too(tmp_path):
    gan = linear()
    served = tf.saved_model.load(gan.export(tmp_path / "served"))
    np.testing.assert_allclose(served.encode(tf.constant(X))["latents"].numpy(), B * X, rtol=1e-5)


@pytest.mark.parametrize(("value", "says"), [(np.nan, "hold NaN or infinity"), (200.0, "kgan.images.to_float")])
def test_what_it_was_not_trained_on_is_not_encoded(value, says):
    """A ReLU would make 0 of NaN, and so a code that looks like one."""
    gan = kgan.BiGAN(*casts.of(kgan.BiGAN).networks((4, 4, 1)))
    assert gan.encode(np.zeros([2, 4, 4, 1], "float32")).shape == (2, 3)
    with pytest.raises(ValueError, match=says):
        gan.encode(np.full([2, 4, 4, 1], value, "float32"))
