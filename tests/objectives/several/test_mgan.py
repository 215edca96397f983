"""MGAN: its losses on hand-picked outputs, and which generator makes a sample."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.layers import IndexedDense


def game(diversity_weight=0.125, **options):
    gan = kgan.MGAN(
        kgan.architectures.MLPGenerators((2,), generators=3, latent_dim=2, units=(8,)),
        kgan.architectures.MLPDiscriminator(
            (2,), units=(8,), conditioning="auxiliary", labels=kgan.labels.Classes(3)
        ),
        diversity_weight=diversity_weight, **options,
    )  # fmt: skip
    gan.compile(generator_optimizer=keras.optimizers.SGD(0.1), discriminator_optimizer=keras.optimizers.SGD(0.1))
    return gan


def test_a_discriminator_that_knows_nothing_gives_the_logarithms(ring):
    """Scores and logits of 0: log 2 for each side, and log 3 for the generators' numbers."""
    gan = game(0.5)
    for weight in gan.discriminator.weights:
        weight.assign(tf.zeros_like(weight.value))
    found = gan.test_on_batch(ring[:30], return_dict=True)
    assert found["d_loss"] == pytest.approx(2 * np.log(2) + np.log(3), rel=1e-5)
    assert found["g_loss"] == pytest.approx(np.log(2) + 0.5 * np.log(3), rel=1e-5)


def test_without_the_weight_the_generators_do_not_learn_from_the_classifier(ring):
    """The logits' last layer then changes nothing of the generators' gradient."""
    gan = game(0.0)
    before = gan.inspect(ring[:20])["generator_gradient"]
    for weight in gan.discriminator.weights:
        if weight.shape[-1] == 3:
            weight.assign(weight.value + 5.0)
    assert gan.inspect(ring[:20])["generator_gradient"] == pytest.approx(before, rel=1e-5)
    assert game(1.0).inspect(ring[:20])["generator_gradient"] > 0


def test_samples_of_one_generator_are_its_own():
    gan = game()
    latents = gan.latents(6, seed=3)["latents"]
    for index in range(3):
        expected = gan.ema_generator([latents, tf.fill([6], index)])
        np.testing.assert_allclose(gan.sample(6, seed=3, index=index), expected, atol=1e-6)
    mixed = gan.latents(200)["index"].numpy()
    assert set(mixed) == {0, 1, 2}
    with pytest.raises(ValueError, match="index is a number from 0 to 2; got 3"):
        gan.sample(6, index=3)


def test_an_export_draws_from_the_mixture(tmp_path):
    gan = game()
    served = kgan.load(gan.export(tmp_path / "served"))
    np.testing.assert_allclose(served.sample(9, seed=4), gan.sample(9, seed=4), atol=1e-5)


def test_indexed_layers_are_layers_side_by_side():
    layer = IndexedDense(4, count=3)
    x, index = np.random.default_rng(0).normal(size=(7, 5)).astype("float32"), np.array([0, 2, 1, 1, 0, 2, 2])
    made = layer((tf.constant(x), tf.constant(index))).numpy()
    for row, number in enumerate(index):
        np.testing.assert_allclose(
            made[row], x[row] @ layer.kernel.numpy()[number] + layer.bias.numpy()[number], rtol=1e-4, atol=1e-5
        )
    with pytest.raises(tf.errors.InvalidArgumentError, match="not from 0 to 2"):
        layer((tf.constant(x), tf.constant(index + 1)))


def test_as_many_generators_as_are_told_apart():
    generator = kgan.architectures.MLPGenerators((2,), generators=4, latent_dim=2, units=(8,))
    with pytest.raises(ValueError, match="has 4 generators, and the discriminator tells 3 apart"):
        kgan.MGAN(generator, game().discriminator)
