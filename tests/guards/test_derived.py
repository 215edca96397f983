"""Weights that a user sets: the average, spectral norms, bounds follow; what cannot follow is said."""

import keras
import numpy as np
import pytest

import kgan
from kgan.layers import SpectralNormalization

L = keras.layers


def networks(spectral=False):
    wrap = SpectralNormalization if spectral else lambda layer: layer
    generator = keras.Sequential([keras.Input([3]), wrap(L.Dense(8)), L.BatchNormalization(), wrap(L.Dense(2))])
    return generator, keras.Sequential([keras.Input([2]), wrap(L.Dense(8)), L.LeakyReLU(), wrap(L.Dense(1))])


def game(objective=kgan.StandardGAN, optimizer="adam", spectral=False, **options):
    gan = objective(*networks(spectral), **options)
    gan.compile(generator_optimizer=optimizer, discriminator_optimizer=optimizer)
    return gan


def others(gan, player="generator", scale=2.0):
    return [scale * weight + 0.1 for weight in getattr(gan, player).get_weights()]


def live(gan, n=5):
    return np.asarray(gan.generator(gan.latents(n, seed=0), training=False))


X = np.random.default_rng(0).normal(size=(32, 2)).astype("float32")

READERS = {
    "sample": lambda gan, tmp_path: gan.sample(5),
    "call": lambda gan, tmp_path: np.asarray(gan(gan.latents(5, seed=0))),
    "predict": lambda gan, tmp_path: gan.predict(gan.latents(5, seed=0), verbose=0),
    "file": lambda gan, tmp_path: (gan.save(tmp_path / "g.keras"), kgan.load(tmp_path / "g.keras").sample(5))[1],
    "weights": lambda gan, tmp_path: (gan.save_weights(tmp_path / "g.weights.h5"), loaded(tmp_path).sample(5))[1],
    "export": lambda gan, tmp_path: kgan.load(gan.export(tmp_path / "served")).sample(5),
}


def loaded(tmp_path):
    gan = game()
    gan.load_weights(tmp_path / "g.weights.h5")
    return gan


@pytest.mark.parametrize(
    ("reader", "way"),
    [
        pytest.param(reader, way, marks=() if way == "set_weights" or reader == "sample" else pytest.mark.slow)
        for reader in READERS
        for way in ("set_weights", "assign", "load_weights")
    ],
)
def test_the_average_is_what_the_generator_was_set_to(reader, way, tmp_path):
    gan, source = game(), game()
    source.generator.set_weights(others(gan))
    if way == "set_weights":
        gan.generator.set_weights(source.generator.get_weights())
    elif way == "assign":
        for mine, its in zip(gan.generator.weights, source.generator.weights, strict=True):
            mine.assign(its)
    else:
        source.generator.save_weights(tmp_path / "only.weights.h5")
        gan.generator.load_weights(tmp_path / "only.weights.h5")
    np.testing.assert_allclose(READERS[reader](gan, tmp_path), live(source), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:The weights of the generator were set after")
def test_in_the_middle_of_a_training_too():
    gan = game()
    gan.fit(X, batch_size=8, epochs=2, verbose=0)
    assert np.abs(gan.sample(5) - live(gan)).max() > 1e-4  # an average
    gan.generator.set_weights(others(gan))
    np.testing.assert_allclose(gan.sample(5), live(gan), rtol=1e-6)
    gan.train_on_batch(X)
    gan.generator.set_weights(others(gan))
    np.testing.assert_allclose(gan.sample(5), live(gan), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:The weights of the generator were set after")
def test_a_callback_that_sets_weights_between_epochs_is_followed():
    wanted, seen = others(game()), []

    class Set(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0:
                self.model.generator.set_weights(wanted)

        def on_train_batch_begin(self, batch, logs=None):
            seen.append([weight.numpy() for weight in self.model.ema_generator.weights])

    gan = game()
    gan.fit(X, batch_size=32, epochs=2, verbose=0, callbacks=[Set()])
    for weight, want in zip(seen[1], wanted, strict=True):
        np.testing.assert_array_equal(weight, want)


def test_training_alone_changes_nothing_that_it_did_not():
    """The guards leave the bits of a training as they are, with callbacks that swap weights too."""

    def trained(fit, callbacks=()):
        keras.utils.set_random_seed(0)
        gan = game(kgan.StandardGAN, keras.optimizers.Adam(1e-3, use_ema=True) if callbacks else "adam")
        fit(gan)(X, batch_size=8, epochs=3, verbose=0, shuffle=False, callbacks=list(callbacks))
        return [weight.numpy() for weight in gan.weights]

    import functools

    for one, other in zip(
        trained(lambda gan: gan.fit), trained(lambda gan: functools.partial(keras.Model.fit, gan)), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_swapped_averages_of_keras_are_no_change(recwarn):
    keras.utils.set_random_seed(0)
    gan = kgan.StandardGAN(*networks())
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(1e-3, use_ema=True),
        discriminator_optimizer=keras.optimizers.Adam(1e-3, use_ema=True),
    )
    gan.fit(X, batch_size=8, epochs=3, verbose=0, callbacks=[keras.callbacks.SwapEMAWeights(swap_on_epoch=True)])
    assert not [warning for warning in recwarn if "were set" in str(warning.message)]
    assert np.abs(gan.ema_generator.get_weights()[0] - gan.generator.get_weights()[0]).max() > 1e-5


def test_a_file_of_the_whole_game_is_taken_as_it_is(tmp_path, recwarn):
    first = game(spectral=True)
    first.fit(X, batch_size=8, epochs=2, verbose=0)
    first.save_weights(tmp_path / "g.weights.h5")
    second = game(spectral=True)
    second.load_weights(tmp_path / "g.weights.h5")
    second.sample(3)
    for one, other in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert not [warning for warning in recwarn if "were set" in str(warning.message)]


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_spectral_norms_are_those_of_the_new_kernels(player):
    gan = game(kgan.SNGAN, spectral=True)
    network = getattr(gan, player)
    for layer in network.layers:
        if isinstance(layer, SpectralNormalization):
            kernel = np.random.default_rng(1).normal(size=layer.kernel.shape)
            layer.layer.set_weights([kernel, *layer.layer.get_weights()[1:]])
    gan.compile(generator_optimizer=keras.optimizers.SGD(0.0), discriminator_optimizer=keras.optimizers.SGD(0.0))
    gan.fit(X, batch_size=32, verbose=0)
    for layer in [layer for layer in network.layers if isinstance(layer, SpectralNormalization)]:
        assert float(layer.sigma) == pytest.approx(np.linalg.norm(layer.kernel.numpy(), 2), rel=1e-3)
        assert np.linalg.norm(layer.normalized_kernel.numpy(), 2) == pytest.approx(1, rel=1e-3)


def test_a_critic_that_is_given_larger_weights_is_clipped_before_it_plays():
    gan = game(kgan.WGAN, "sgd", discriminator_steps=1)
    gan.discriminator.set_weights(others(gan, "discriminator"))
    seen = []
    gan.fit(
        X, batch_size=32, verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: seen.append(largest(gan)))],
    )  # fmt: skip
    assert seen == [pytest.approx(0.01)]


def largest(gan):
    return max(np.abs(weight.numpy()).max() for weight in gan.discriminator.trainable_weights)


def test_what_a_frozen_critic_gets_when_it_is_freed_is_clipped():
    generator, critic = networks()
    critic.layers[0].trainable = False
    critic.layers[0].set_weights([5.0 + weight for weight in critic.layers[0].get_weights()])
    gan = kgan.WGAN(generator, critic, discriminator_steps=1)
    critic.layers[0].trainable = True
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")
    assert largest(gan) == pytest.approx(0.01)


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_the_old_moments_of_an_optimizer_are_said(player):
    gan = game()
    gan.fit(X, batch_size=32, verbose=0)
    getattr(gan, player).set_weights(others(gan, player))
    says = f"The weights of the {player} were set after 1 updates, and its optimizer still has the moments"
    with pytest.warns(UserWarning, match=says):
        gan.fit(X, batch_size=32, verbose=0)


def test_before_the_first_update_there_is_nothing_to_say(recwarn):
    gan = game()
    gan.discriminator.set_weights(others(gan, "discriminator"))
    gan.fit(X, batch_size=32, verbose=0)
    assert not [warning for warning in recwarn if "were set" in str(warning.message)]
