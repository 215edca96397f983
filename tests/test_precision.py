"""Weights are float32 under every policy, and a network that has others is refused."""

import h5py
import keras
import numpy as np
import pytest

import kgan
from kgan import precision


def players():
    return (
        kgan.architectures.MLPGenerator((2,), latent_dim=2, units=(4,)),
        kgan.architectures.MLPDiscriminator((2,), units=(4,)),
    )


@pytest.mark.parametrize("policy", ["bfloat16", "float16", "float64"])
@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_player_with_other_weights_is_refused(policy, player):
    networks = dict(zip(("generator", "discriminator"), players(), strict=True))
    with precision.policy(policy):
        networks[player] = players()[0 if player == "generator" else 1]
    instead = "float32" if policy == "float64" else f"mixed_{policy}"
    with pytest.raises(ValueError, match=f"The {player}'s weight '.*' is {policy}, but kgan .* policy '{instead}'"):
        kgan.StandardGAN(**networks)


def test_one_layer_is_enough_to_be_refused():
    x = keras.Input((2,))
    hidden = keras.Sequential([keras.layers.Dense(3), keras.layers.BatchNormalization(dtype="float16", name="norm")])
    with pytest.raises(ValueError, match="The discriminator's weight '.*norm/gamma' is float16"):
        kgan.StandardGAN(players()[0], keras.Model(x, keras.layers.Dense(1)(hidden(x))))
    with precision.policy("bfloat16"):
        generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="The generator's weight"):
        kgan.GaussianSampler(generator)


def test_bfloat16_weights_would_lose_the_steps_of_an_optimizer():
    """Why they are refused: of a hundred steps of 1e-3 nothing is left."""
    for dtype, left in (("float32", 0.1), ("bfloat16", 0.0)):
        weight, optimizer = keras.Variable([1.0], dtype=dtype), keras.optimizers.SGD(1e-3)
        for _ in range(100):
            optimizer.apply([np.ones([1], "float32").astype(dtype)], [weight])
        assert 1.0 - float(keras.ops.convert_to_numpy(weight.value)[0]) == pytest.approx(left, abs=1e-4)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_files_of_weights_hold_plain_numbers(ring, tmp_path, policy):
    with precision.policy(policy):
        gan = kgan.StandardGAN(*players())
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    gan.fit(ring, batch_size=40, verbose=0)
    gan.save_weights(tmp_path / "game.weights.h5")
    kinds = set()
    with h5py.File(tmp_path / "game.weights.h5") as file:
        file.visititems(lambda name, found: kinds.add(found.dtype.str) if hasattr(found, "dtype") else None)
    assert "<f4" in kinds and kinds <= {"<f4", "<i4", "<i8", "|b1"}
