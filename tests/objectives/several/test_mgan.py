"""MGAN: its losses on hand-picked outputs, and which generator makes a sample."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml

import kgan
from kgan import recipe
from kgan.layers import IndexedDense
from kgan.running import experiment


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
    with pytest.raises(ValueError, match=r"index is one number for all samples, or 6 of them; got the shape \[2\]"):
        gan.sample(6, index=[0, 1])


def test_an_export_draws_from_the_mixture(tmp_path):
    gan = game()
    served = kgan.load(gan.export(tmp_path / "served"))
    np.testing.assert_allclose(served.sample(9, seed=4), gan.sample(9, seed=4), atol=1e-5)
    np.testing.assert_allclose(served.sample(9, seed=4, index=1), gan.sample(9, seed=4, index=1), atol=1e-5)
    with pytest.raises(ValueError, match="index is a number from 0 to 2; got 3"):
        served.sample(9, index=3)


def test_a_call_takes_latents_and_numbers_in_a_list_or_by_name():
    gan = game()
    latents, index = gan.latents(4)["latents"], np.array([0, 2, 1, 1])
    made = gan([latents, index]).numpy()
    np.testing.assert_array_equal(gan({"latents": latents, "index": index}), made)
    np.testing.assert_array_equal(gan.predict([latents, index], verbose=0), made)
    with pytest.raises(ValueError, match="This game is called on latents and index; got 1 of these"):
        gan(latents)
    with pytest.raises(ValueError, match="index is a number from 0 to 2, an integer; got float32"):
        gan([latents, tf.constant([0.0, 1.7, 2.0, 0.0])])
    with pytest.raises(ValueError, match="index: expected numbers from 0 to 2, got"):
        gan.predict([latents, index + 1], verbose=0)


def test_without_the_weight_the_generators_descend_the_loss_of_the_first_gan(ring):
    """beta = 0: shared weights move as StandardGAN's, and those of the first layers do so together."""
    gan = game(0.0)
    (indexed,) = [layer for layer in gan.generator.layers if isinstance(layer, IndexedDense)]
    for weight in indexed.weights:  # all generators alike
        weight.assign(tf.repeat(weight.value[:1], 3, axis=0))
    latents = gan.generator.inputs[0]
    only = keras.Model(latents, gan.generator([latents, keras.ops.cast(latents[:, 0] * 0, "int32")]))
    alone = kgan.StandardGAN(only, keras.Model(gan.discriminator.inputs, gan.discriminator.outputs[gan._heads[0]]))
    alone.compile(generator_optimizer=keras.optimizers.SGD(0.1), discriminator_optimizer=keras.optimizers.SGD(0.1))
    begun, moved = gan.generator.get_weights(), []
    for one in (gan, alone):
        gan.generator.set_weights(begun)
        one.active = ["generator"]
        one.train_on_batch(ring[:20])
        moved.append([weight - before for weight, before in zip(gan.generator.get_weights(), begun, strict=True)])
    for weight, mixture, single in zip(gan.generator.weights, *moved, strict=True):
        if any(weight is one for one in indexed.weights):
            mixture, single = mixture.sum(axis=0), single.sum(axis=0)
        assert np.abs(single).max() > 1e-5
        np.testing.assert_allclose(mixture, single, atol=1e-6)


def test_a_recipe_with_a_single_generator_gets_one_line(tmp_path):
    document = yaml.safe_load((Path(__file__).parents[3] / "recipes/mgan_ring.yaml").read_text())
    document["generator"] = {"MLPGenerator": {"latent_dim": 2}}
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(recipe.RecipeError, match="MGAN needs several generators, as MLPGenerators has them") as raised:
        experiment.build(recipe.load(path))
    assert "\n" not in str(raised.value)


def test_indexed_layers_are_layers_side_by_side():
    layer = IndexedDense(4, count=3)
    x, index = np.random.default_rng(0).normal(size=(7, 5)).astype("float32"), np.array([0, 2, 1, 1, 0, 2, 2])
    made = layer((tf.constant(x), tf.constant(index))).numpy()
    for row, number in enumerate(index):
        np.testing.assert_allclose(
            made[row], x[row] @ layer.kernel.numpy()[number] + layer.bias.numpy()[number], rtol=1e-4, atol=1e-5
        )
    with pytest.raises(tf.errors.InvalidArgumentError, match="index: expected numbers from 0 to 2"):
        layer((tf.constant(x), tf.constant(index + 1)))


@pytest.mark.parametrize(
    "initializer", ["glorot_uniform", keras.initializers.HeNormal(), keras.initializers.HeNormal(seed=3)]
)
def test_indexed_layers_begin_differently(initializer):
    layer = IndexedDense(4, count=3, kernel_initializer=initializer)
    layer((tf.zeros([1, 5]), tf.constant([0])))
    kernels = layer.kernel.numpy()
    assert np.abs(kernels[0] - kernels[1]).max() > 0.01 < np.abs(kernels[1] - kernels[2]).max()
    again = IndexedDense.from_config(layer.get_config())
    again((tf.zeros([1, 5]), tf.constant([0])))
    if getattr(initializer, "_init_seed", None) is not None:
        np.testing.assert_array_equal(again.kernel, kernels)


def test_as_many_generators_as_are_told_apart():
    generator = kgan.architectures.MLPGenerators((2,), generators=4, latent_dim=2, units=(8,))
    with pytest.raises(ValueError, match="has 4 generators, and the discriminator tells 3 apart"):
        kgan.MGAN(generator, game().discriminator)
