"""Noise layers of kgan's own: what they draw, where, and that a game's numbers are keyed by position."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.callbacks import Checkpoint
from kgan.layers import Dropout, GaussianNoise
from kgan.randomness import Draws, EndlessDraws, noise_from
from tests.conftest import numbers


def fixed(layer):
    return Draws(0, "test")


def test_dropout_keeps_the_mean_and_scales_what_is_left():
    x = tf.ones([1000, 100])
    for rate in (0.01, 0.3, 0.75):
        y = Dropout(rate)(x, training=True).numpy()
        assert set(np.unique(y)) == {0.0, np.float32(1 / (1 - rate))}
        share = np.mean(y == 0)
        assert abs(share - rate) < 4 * np.sqrt(rate * (1 - rate) / y.size)


def test_gaussian_noise_has_its_deviation():
    y = GaussianNoise(0.25)(tf.ones([1000, 100]), training=True).numpy()
    assert abs(y.mean() - 1) < 4 * 0.25 / np.sqrt(y.size)
    assert y.std() == pytest.approx(0.25, rel=0.01)


@pytest.mark.parametrize("layer", [Dropout(0.5), GaussianNoise(0.5)])
def test_outside_games_every_call_draws_anew(layer):
    x = tf.ones([8, 8])
    one, other = (layer(x, training=True).numpy() for _ in range(2))
    assert (one != other).any()
    np.testing.assert_array_equal(layer(x), x)
    tf.random.set_seed(3)
    again = layer(x, training=True).numpy()
    tf.random.set_seed(3)
    np.testing.assert_array_equal(layer(x, training=True), again)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_draws_the_same_mask(policy):
    x = tf.ones([1000, 100])
    with noise_from(fixed):
        whole, half = Dropout(0.01)(x, training=True), Dropout(0.01, dtype=policy)(x, training=True)
    assert half.dtype.name == policy.removeprefix("mixed_")
    np.testing.assert_array_equal(whole == 0, half == 0)


def test_gradients_flow_through_what_is_left():
    x = tf.ones([50, 4])
    with noise_from(fixed), tf.GradientTape() as tape:
        tape.watch(x)
        y = Dropout(0.5)(x, training=True)
    np.testing.assert_array_equal(tape.gradient(y, x), y)


@pytest.mark.slow
def test_rematerialisation_draws_no_other_mask_for_the_gradient():
    with keras.RematScope(mode="full"):
        layer = Dropout(0.5)
    x = tf.ones([50, 4])
    counted = iter(range(10))
    with noise_from(lambda layer: Draws(next(counted), "test")), tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True)
    np.testing.assert_array_equal(tape.gradient(y, x), y)


@pytest.mark.parametrize("wrong", [lambda: Dropout(1.0), lambda: Dropout(-0.1), lambda: GaussianNoise(-1.0)])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        wrong()


def test_endless_rows_do_not_depend_on_the_parts():
    whole = EndlessDraws(5, "x").normal([300, 2, 3]).numpy()
    assert abs(whole.mean()) < 0.1 and len(np.unique(whole)) == whole.size
    for first, count in ((0, 1), (63, 2), (64, 64), (100, 200)):
        part = EndlessDraws(5, "x", first).normal([count, 2, 3])
        np.testing.assert_array_equal(part, whole[first : first + count])
    second = EndlessDraws(5, "x", 10, replica=1).normal([20, 2, 3])
    np.testing.assert_array_equal(second, whole[30:50])


# --- in games ---


class Recorded(GaussianNoise):
    """Keeps what it returned, in eager steps."""

    kept: list = []

    def call(self, inputs, training=None):
        outputs = super().call(inputs, training)
        if training:
            self.kept.append((self.name, (outputs - inputs).numpy()))
        return outputs


def perceptrons(noise, at_inference=False):
    """A generator and a discriminator with noise layers in them."""
    z, x = keras.Input([3], name="latents"), keras.Input([2], name="images")
    h = noise(0.3, at_inference)(keras.layers.Dense(8, activation="relu")(z))
    h = noise(0.3, at_inference)(keras.layers.Dense(8, activation="relu")(h))
    generator = keras.Model(z, keras.layers.Dense(2)(h))
    h = noise(0.3, False)(keras.layers.Dense(8, activation="relu")(x))
    return generator, keras.Model(x, keras.layers.Dense(1)(h))


def game(noise=Dropout, objective=kgan.WGANGP, at_inference=False, compiled=None, **options):
    keras.utils.set_random_seed(0)
    gan = objective(*perceptrons(noise, at_inference), discriminator_steps=2, **options)
    optimizers = {f"{player}_optimizer": keras.optimizers.Adam(1e-2) for player in gan.players}
    gan.compile(**optimizers, **(compiled or {}))
    return gan


def stream(x, size=40):
    return tf.data.Dataset.from_tensor_slices(x).repeat().batch(size, drop_remainder=True)


def same(one, other):
    for a, b in zip(numbers(one), numbers(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_every_call_of_every_update_and_step_has_numbers_of_its_own(ring):
    gan = game(Recorded, kgan.StandardGAN, compiled={"run_eagerly": True})
    Recorded.kept.clear()
    gan.fit(stream(ring), steps_per_epoch=2, verbose=0)
    # In a step: 3 generated batches of two layers each; real and fake twice, and fake once more.
    assert len(Recorded.kept) == 2 * (3 * 2 + 2 * 2 + 1)
    rows = np.concatenate([noise.ravel()[:4][None] for _, noise in Recorded.kept])
    assert len(np.unique(rows.round(5), axis=0)) == len(rows)


@pytest.mark.few(1)
@pytest.mark.parametrize("noise", [Dropout, GaussianNoise])
def test_the_same_bits_again_and_in_executions_of_several_steps(ring, noise):
    one, again, several = game(noise), game(noise), game(noise, compiled={"steps_per_execution": 3})
    for gan in (one, again, several):
        gan.fit(stream(ring), epochs=2, steps_per_epoch=3, verbose=0, shuffle=False)
    same(one, again)
    same(one, several)


@pytest.mark.parametrize("objective", [kgan.WGANGP, pytest.param(kgan.StandardGAN, marks=pytest.mark.slow)])
def test_replicas_equal_one_device(replicas, ring, objective):
    one = game(objective=objective)
    with replicas.scope():
        two = game(objective=objective)
    two.set_weights(one.get_weights())
    for gan in (one, two):
        data = tf.data.Dataset.from_tensor_slices(ring).batch(40)
        gan.fit(data, epochs=2, verbose=0)
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-5)


def test_a_resumed_training_goes_on_with_the_same_bits(tmp_path):
    def trained(folder, epochs):
        gan = game(regularizers=[kgan.regularizers.R1(every=2)], objective=kgan.StandardGAN)
        gan.run_dir = tmp_path / folder
        data = kgan.datasets.RingOfGaussians().batches(40)
        gan.fit(data, epochs=epochs, steps_per_epoch=3, callbacks=[Checkpoint(every=2)], verbose=0)
        return gan

    whole = trained("whole", 3)
    trained("parts", 1)
    same(whole, trained("parts", 3))


def test_layers_in_no_network_of_the_game_are_refused(ring):
    strange = GaussianNoise(0.1)

    class Odd(kgan.StandardGAN):
        def score(self, batch):
            return super().score(batch.replace(images=strange(batch.images, training=True)))

    with pytest.raises(ValueError, match="is in none of the game's networks .generator, discriminator, ema_generator."):
        game(Dropout, Odd).fit(stream(ring), steps_per_epoch=1, verbose=0)


def test_what_observes_and_samples_has_no_noise_unless_asked(ring):
    gan = game(objective=kgan.StandardGAN)
    assert gan.inspect(ring[:40])["d_loss"] == gan.inspect(ring[:40])["d_loss"]
    np.testing.assert_array_equal(gan.sample(5), gan.ema_generator(gan.latents(5), training=False))
    noisy = game(objective=kgan.StandardGAN, at_inference=True)
    assert noisy.inspect(ring[:40])["d_loss"] != gan.inspect(ring[:40])["d_loss"]
    assert (noisy.sample(5) != gan.sample(5)).any()


def test_samples_with_noise_are_a_function_of_the_seed_and_the_row():
    gan = game(GaussianNoise, kgan.StandardGAN, at_inference=True)
    samples = gan.sample(150, seed=3)
    np.testing.assert_array_equal(samples, gan.sample(150, seed=3, batch_size=32))
    np.testing.assert_array_equal(samples[:10], gan.sample(10, seed=3))
    latents = gan.latents(20, seed=3)
    np.testing.assert_array_equal(gan.predict(latents, verbose=0), gan.predict(latents, verbose=0))
    equal = np.repeat(latents[:1], 20, axis=0)
    assert len(np.unique(gan.predict(equal, verbose=0).round(5), axis=0)) == 20


@pytest.mark.slow
def test_an_export_with_noise_is_the_live_game(tmp_path):
    gan = game(objective=kgan.StandardGAN, at_inference=True)
    gan.export(tmp_path / "served")
    served = kgan.load(tmp_path / "served")
    samples = gan.sample(100, seed=3)
    np.testing.assert_allclose(served.sample(100, seed=3), samples, atol=1e-5)
    blocks = np.concatenate(list(served.sample_blocks(100, seed=3, batch_size=30)))
    np.testing.assert_allclose(blocks, samples, atol=1e-5)


@pytest.mark.slow
def test_a_dcgan_with_dropout_survives_files(tmp_path):
    make = kgan.architectures.DCGANGenerator
    generator = make((8, 8, 1), latent_dim=4, width=4, dropout=0.5, dropout_at_inference=True)
    assert sum(isinstance(layer, Dropout) for layer in generator.layers) == 1
    assert not any(isinstance(layer, Dropout) for layer in make((8, 8, 1), latent_dim=4, width=4).layers)
    gan = kgan.StandardGAN(generator, kgan.architectures.DCGANDiscriminator((8, 8, 1), width=4))
    samples = gan.sample(3)
    gan.save(tmp_path / "gan.keras")
    loaded = kgan.load(tmp_path / "gan.keras")
    np.testing.assert_array_equal(loaded.sample(3), samples)
    assert loaded.generator.get_config() == generator.get_config()
    with pytest.raises(ValueError, match="dropout must be"):
        make((8, 8, 1), dropout=1.0)
    with pytest.raises(ValueError, match="needs a dropout above 0"):
        make((8, 8, 1), dropout_at_inference=True)
