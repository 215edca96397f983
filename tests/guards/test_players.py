"""Who learns is what the user meant: frozen players, frozen parts, before and after compile."""

import keras
import numpy as np
import pytest

import kgan

L = keras.layers
X = np.random.default_rng(0).normal(size=(32, 2)).astype("float32")


def networks():
    generator = keras.Sequential([keras.Input([3]), L.Dense(8), L.BatchNormalization(), L.Dense(2)])
    return generator, keras.Sequential([keras.Input([2]), L.Dense(8), L.LeakyReLU(), L.Dense(1)])


def compiled(gan):
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    return gan


def fit(gan):
    """Trains one step; which layers of which player moved."""
    before = {name: [layer.get_weights() for layer in getattr(gan, name).layers] for name in gan.players}
    gan.fit(X, batch_size=32, verbose=0)
    return {
        name: [
            any((old != new).any() for old, new in zip(olds, layer.get_weights(), strict=True))
            for olds, layer in zip(before[name], getattr(gan, name).layers, strict=True)
        ]
        for name in gan.players
    }


@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize("when", ["before", "after", "between"])
@pytest.mark.parametrize("how", ["network", "layers"])
def test_a_player_that_could_never_learn_is_refused(player, when, how):
    gan = kgan.StandardGAN(*networks())

    def freeze():
        for part in [getattr(gan, player)] if how == "network" else getattr(gan, player).layers:
            part.trainable = False

    if when == "before":
        freeze()
    compiled(gan)
    if when == "between":
        fit(gan)
    freeze()
    for action in (lambda: gan.fit(X, verbose=0), lambda: gan.train_on_batch(X)):
        with pytest.raises(ValueError, match=f"The {player} has no trainable weight.*set {player}.trainable = True"):
            action()


@pytest.mark.parametrize("when", ["before", "after", "between"])
def test_a_frozen_part_stays_and_the_rest_learns(when):
    """Transfer: the first layer of the discriminator and the last of the generator are somebody else's."""
    gan = kgan.StandardGAN(*networks())

    def freeze():
        gan.discriminator.layers[0].trainable = False
        gan.generator.layers[2].trainable = False

    if when == "before":
        freeze()
    compiled(gan)
    if when == "between":
        assert fit(gan)["discriminator"] == [True, False, True]
    freeze()
    for _ in range(2):
        assert fit(gan) == {"generator": [True, True, False], "discriminator": [False, False, True]}
    frozen = gan.generator.layers[2].get_weights()
    for weight, average in zip(frozen, gan.ema_generator.layers[2].get_weights(), strict=True):
        np.testing.assert_allclose(weight, average, atol=0 if when != "between" else 1e-4)


def test_what_is_freed_after_compile_wants_another_compile():
    gan = kgan.StandardGAN(*networks())
    gan.discriminator.layers[0].trainable = False
    compiled(gan)
    fit(gan)
    gan.discriminator.layers[0].trainable = True
    with pytest.raises(ValueError, match="made trainable after compile.*call compile"):
        gan.fit(X, verbose=0)
    assert fit(compiled(gan))["discriminator"] == [True, False, True]


def test_frozen_and_freed_again_goes_on():
    gan = compiled(kgan.StandardGAN(*networks()))
    gan.discriminator.layers[0].trainable = False
    assert fit(gan)["discriminator"] == [False, False, True]
    gan.discriminator.layers[0].trainable = True
    assert fit(gan)["discriminator"] == [True, False, True]


def test_who_does_not_play_may_be_frozen():
    gan = compiled(kgan.StandardGAN(*networks()))
    gan.discriminator.trainable = False
    gan.active = ["generator"]
    assert fit(gan) == {"generator": [True] * 3, "discriminator": [False] * 3}


@pytest.mark.parametrize("objective", [kgan.WGANGP, kgan.WGANLP, kgan.R3GAN])
def test_a_critic_without_a_penalty_is_said(objective):
    with pytest.warns(UserWarning, match=rf"{objective.__name__} without .* \(regularizers is empty\)"):
        objective(*networks(), regularizers=[])


@pytest.mark.filterwarnings("error")
def test_the_usual_ways_train_without_a_remark():
    fit(compiled(kgan.WGANGP(*networks(), discriminator_steps=1)))
