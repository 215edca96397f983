"""Only who plays moves: weights, slots and the average."""

import keras
import numpy as np
import pytest

import kgan
from tests.conftest import numbers

PLAYERS = ("generator", "discriminator")


def state(gan):
    """What each player owns: the average belongs to the generator."""
    return {
        player: [
            variable.numpy()
            for variable in [
                *getattr(gan, player).weights,
                *getattr(gan, f"{player}_optimizer").variables,
                *(gan.ema_generator.weights if player == "generator" else []),
            ]
        ]
        for player in PLAYERS
    }


def moved(before, after):
    return [
        player
        for player in PLAYERS
        if any(not np.array_equal(a, b) for a, b in zip(before[player], after[player], strict=True))
    ]


@pytest.mark.few(2)
@pytest.mark.parametrize("objective", [kgan.WGANGP, kgan.ConsensusGAN])
@pytest.mark.parametrize("active", [["generator"], ["discriminator"], ["discriminator", "generator"]])
def test_only_the_active_players_move(toy, ring, objective, active):
    gan = toy(objective)
    gan.active = active
    before = state(gan)
    gan.fit(ring, batch_size=80, verbose=0)
    assert moved(before, state(gan)) == sorted(active, key=PLAYERS.index)
    assert gan.step.numpy() == 2
    for player in PLAYERS:
        assert gan.optimizer_of(getattr(gan, player)).iterations.numpy() > 0 or player not in active


def test_spectral_norms_of_who_does_not_play_stay(toy, ring):
    networks = [
        kgan.architectures.MLPGenerator((2,), 3, (4,)),
        kgan.architectures.MLPDiscriminator((2,), (4,), normalization="spectral"),
    ]
    gan = kgan.SNGAN(*networks)
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    gan.active = ["generator"]
    before = state(gan)
    gan.train_on_batch(ring[:20])
    assert moved(before, state(gan)) == ["generator"]


def test_each_set_of_players_is_traced_once(toy, ring):
    gan, functions = toy(kgan.StandardGAN), []
    for active in (PLAYERS, ["discriminator"], PLAYERS, ["discriminator"]):
        gan.active = active
        gan.train_on_batch(ring[:20])
        functions.append(gan.train_function)
    assert functions[0] is functions[2] is not functions[1] is functions[3]
    gan.compile(generator_optimizer=keras.optimizers.SGD(), discriminator_optimizer=keras.optimizers.SGD())
    assert gan.active == gan.players and gan.train_function is None


def test_a_step_of_each_in_turn_is_a_step_of_both(toy, ring):
    """A step of both is one of the discriminator and then one of the generator with the same draws."""
    one, other = toy(kgan.LSGAN, lambda: keras.optimizers.SGD(0.1)), toy(kgan.LSGAN, lambda: keras.optimizers.SGD(0.1))
    other.set_weights(one.get_weights())
    one.train_on_batch(ring[:20])
    for player in ("discriminator", "generator"):
        other.active = [player]
        other.train_on_batch(ring[:20])
        other.step.assign(0)
    other.step.assign(1)
    for a, b in zip(one.trainable_weights, other.trainable_weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-7)


def test_two_replicas_equal_one_device(toy, ring, replicas):
    one = toy(kgan.StandardGAN, lambda: keras.optimizers.SGD(0.01))
    with replicas.scope():
        two = toy(kgan.StandardGAN, lambda: keras.optimizers.SGD(0.01))
    two.set_weights(one.get_weights())
    for gan in (one, two):
        for active in (["discriminator"], PLAYERS):
            gan.active = active
            gan.fit(ring, batch_size=80, shuffle=False, verbose=0)
    for a, b in zip(numbers(one), numbers(two), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_inspect_looks_at_all_players_whoever_plays(toy, ring):
    gan = toy(kgan.StandardGAN)
    gan.active = ["generator"]
    assert gan.inspect(ring[:20])["discriminator_gradient"] > 0


def test_refusals(toy):
    gan = toy(kgan.StandardGAN)
    for wrong in ([], ["critic"], ["generator", "critic"]):
        with pytest.raises(ValueError, match="active must name some of the players"):
            gan.active = wrong
