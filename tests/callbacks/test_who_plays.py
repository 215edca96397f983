"""Who plays when: long phases of the critic, and help for the weaker player."""

import keras
import numpy as np
import pytest

import kgan
from kgan import losses
from kgan.callbacks import Checkpoint, LongCriticPhases, OlderPlayers, TrainWeaker
from kgan.datasets import RingOfGaussians
from tests import casts
from tests.conftest import numbers


class Record(keras.callbacks.Callback):
    """Who learnt in each step, and with which losses, told from the optimizers' counts and from single-step means."""

    def __init__(self):
        super().__init__()
        self.active, self.losses = [], []

    def on_train_batch_begin(self, batch, logs=None):
        self.before = self._counts()

    def on_train_batch_end(self, batch, logs=None):
        now = self._counts()
        self.active.append([player for player in self.model.players if now[player] > self.before[player]])
        self.losses.append([float(logs["d_loss"]), float(logs["g_loss"])])

    def _counts(self):
        gan = self.model
        return {player: gan.optimizer_of(getattr(gan, player)).iterations.numpy() for player in gan.players}


def as_the_code_has_it(steps, k, first, every, count):
    """A loop over the generator's updates, as the first WGAN code has it: whether it learns in each step of k."""
    played: list[bool] = []
    update = 0
    while len(played) < count:
        length = steps // k if update < first or update % every == 0 else 1
        played += [False] * (length - 1) + [True]
        update += 1
    return played[:count]


@pytest.mark.parametrize(
    ("steps", "k", "first", "every"),
    [(100, 5, 25, 500), (6, 2, 0, 3), (6, 1, 4, 4), (4, 2, 5, 3), (3, 1, 1, 1), (2, 2, 3, 5), (4, 1, 8, 4)],
)
def test_long_phases_come_when_the_loop_has_them(steps, k, first, every):
    phases = LongCriticPhases(steps, first, every)
    wanted = as_the_code_has_it(steps, k, first, every, 2000)
    assert [phases.generator_plays(step, steps // k) for step in range(2000)] == wanted


def test_long_phases_in_a_training(toy, ring):
    gan, record = toy(kgan.WGAN, discriminator_steps=2), Record()
    gan.fit(ring, batch_size=10, callbacks=[record, LongCriticPhases(steps=6, first=2, every=4)], verbose=0)
    assert ["generator" in players for players in record.active] == as_the_code_has_it(6, 2, 2, 4, 16)
    assert all("discriminator" in players for players in record.active)
    assert gan.step.numpy() == 16 and gan.discriminator_optimizer.iterations.numpy() == 32
    assert gan.active == gan.players


def test_long_phases_refuse_what_does_not_fit(toy, ring):
    gan = toy(kgan.WGAN, discriminator_steps=3)
    with pytest.raises(ValueError, match="discriminator_steps=3 updates each; choose steps as a multiple"):
        gan.fit(ring, callbacks=[LongCriticPhases(100)], verbose=0)
    with pytest.raises(ValueError, match="needs a game with discriminator_steps, which CycleGAN has not"):
        toy(kgan.CycleGAN).fit({"a": ring, "b": ring}, callbacks=[LongCriticPhases()], verbose=0)
    gan = toy(kgan.WGAN, discriminator_steps=2, compiled={"steps_per_execution": 2})
    for callback in (LongCriticPhases(100), TrainWeaker(), OlderPlayers()):
        with pytest.raises(ValueError, match="compile with steps_per_execution=1, not 2"):
            gan.fit(ring, callbacks=[callback], verbose=0)
    for wrong in ({"steps": 0}, {"first": -1}, {"every": 0}):
        with pytest.raises(ValueError, match="at least"):
            LongCriticPhases(**wrong)


def test_the_weaker_player_learns_alone(toy, ring):
    """Means of one step, which Keras begins anew with each epoch, are that step's losses."""
    gan, record = toy(kgan.StandardGAN, lambda: keras.optimizers.Adam(0.03)), Record()
    weaker = TrainWeaker(low=1.9, high=2.1)
    gan.fit(ring[:20], batch_size=20, epochs=12, callbacks=[record, weaker], verbose=0)
    wanted = [list(gan.players), *(weaker.decide(*pair) for pair in record.losses[:-1])]
    assert record.active == wanted
    assert {tuple(players) for players in record.active} >= {("generator",), ("discriminator",)}
    assert gan.active == gan.players


@pytest.mark.parametrize(
    ("objective", "others"),
    [(kgan.BiGAN, ("generator", "encoder")), (kgan.CycleGAN, ("generator_ab", "generator_ba"))],
)
def test_the_weaker_side_of_other_casts_learns_alone(toy, ring, objective, others):
    gan, record, weaker = toy(objective), Record(), TrainWeaker()
    weaker.decide = lambda d_loss, g_loss: ["discriminator"] if len(record.active) % 2 else ["generator"]
    cast = casts.of(objective)
    data = cast.data(ring) if hasattr(cast, "data") else ring
    gan.fit(data, batch_size=20, callbacks=[record, weaker], verbose=0)
    assert {tuple(players) for players in record.active[1:]} == {others, gan.judges}


def test_decisions_are_made_on_means_of_several_steps(toy, ring):
    """Across the border of an epoch, too: epochs of 4 steps, decisions after 3, 6, 9."""
    gan, record, weaker = toy(kgan.StandardGAN), Record(), TrainWeaker(every=3)
    sums = []
    weaker.decide = lambda d_loss, g_loss: sums.append([d_loss, g_loss]) or ["generator"]
    gan.fit(ring[:80], batch_size=20, epochs=2, shuffle=False, callbacks=[record, weaker], verbose=0)
    means = np.array(record.losses).reshape(2, 4, 2) * np.arange(1, 5)[:, None]
    steps = np.diff(means, axis=1, prepend=0).reshape(8, 2)
    np.testing.assert_allclose(sums, [steps[:3].sum(axis=0), steps[3:6].sum(axis=0)], rtol=1e-5)


@pytest.mark.parametrize(
    ("objective", "options"),
    [
        (kgan.WGANGP, {}),
        (kgan.GeometricGAN, {}),
        (kgan.StandardGAN, {"adversarial_loss": losses.Minimax()}),
        (kgan.FGAN, {"divergence": "kl"}),
    ],
)
def test_losses_without_a_ratio_are_refused(toy, ring, objective, options):
    with pytest.raises(ValueError, match="may be negative or are none of kgan.losses"):
        toy(objective, **options).fit(ring, callbacks=[TrainWeaker()], verbose=0)
    with pytest.raises(ValueError, match="low must be below high"):
        TrainWeaker(2.0, 1.0)


class Played(keras.callbacks.Callback):
    """[weights and statistics, updates] of both players at the beginning and at the end of each step."""

    def __init__(self):
        super().__init__()
        self.begins, self.ends = [], []

    def on_train_batch_begin(self, batch, logs=None):
        self.begins.append(self._now())

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(self._now())

    def _now(self):
        return {player: self._what(getattr(self.model, player)) for player in self.model.players}

    def _what(self, network):
        return [*network.get_weights(), self.model.optimizer_of(network).iterations.numpy()]


def same(ones, others):
    return all(np.array_equal(one, other) for one, other in zip(ones, others, strict=True))


def test_an_older_player_comes_back_for_some_steps(toy, ring):
    gan, played = toy(kgan.SNGAN, discriminator_steps=1), Played()
    gan.fit(ring, batch_size=10, epochs=2, callbacks=[OlderPlayers(every=5, steps=2), played], verbose=0)
    begins, ends = played.begins, played.ends
    returns = {10: "discriminator", 15: "generator", 20: "discriminator", 25: "generator", 30: "discriminator"}
    changed = set()
    for start, player in returns.items():
        assert same(begins[start][player][:-1], begins[start - 5][player][:-1])  # as it was
        assert not same(begins[start][player], ends[start - 1][player])
        if start + 2 < len(begins):
            assert same(begins[start + 2][player], ends[start - 1][player])  # as if nothing had been
        changed |= {(start, player), (start + 2, player)}
    for step in range(len(begins)):
        for player in gan.players:
            if step and (step, player) not in changed:
                assert same(begins[step][player], ends[step - 1][player])
            away = step % 5 < 2 and returns.get(step - step % 5) == player
            assert ends[step][player][-1] - begins[step][player][-1] == (0 if away else 1)
    assert gan.active == gan.players


@pytest.mark.slow
def test_an_older_player_on_replicas(replicas, toy, ring):
    one = toy(kgan.StandardGAN)
    with replicas.scope():
        two = toy(kgan.StandardGAN)
    two.set_weights(one.get_weights())
    for gan in (one, two):
        gan.fit(ring, batch_size=16, shuffle=False, callbacks=[OlderPlayers(every=3, steps=2)], verbose=0)
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-5)
    for variable in two.older.weights:
        a, b = (value.numpy() for value in variable.value.values)
        np.testing.assert_array_equal(a, b)


def test_older_players_refuse_what_does_not_fit(toy, ring):
    for wrong in ({"every": 0}, {"steps": 0}, {"every": 10, "steps": 10}):
        with pytest.raises(ValueError, match="at least 1|less than every"):
            OlderPlayers(**wrong)
    with pytest.raises(ValueError, match="needs a generator and a discriminator; VAE has others"):
        toy(kgan.VAE).fit(ring, callbacks=[OlderPlayers()], verbose=0)


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "first", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["checkpoint first", "checkpoint last"]
)
@pytest.mark.parametrize(
    "make",
    [lambda: TrainWeaker(1.9, 2.1, every=3), lambda: LongCriticPhases(3, 1, 2), lambda: OlderPlayers(6, 3)],
    ids=["weaker", "long phases", "older"],
)
def test_a_training_goes_on_as_if_it_had_never_stopped(toy, tmp_path, make, first):
    data = RingOfGaussians(size=64).batches(8, seed=0)
    whole, part, again = (toy(kgan.StandardGAN, lambda: keras.optimizers.Adam(0.03)) for _ in range(3))
    for gan in (part, again):
        gan.set_weights(whole.get_weights())
        gan.run_dir = tmp_path / "part"
    whole.run_dir = tmp_path / "whole"

    class Stop(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if self.model.step.numpy() == 13:
                raise KeyboardInterrupt

    def fit(gan, *others):
        mine = [Checkpoint(every=4), make()]
        gan.fit(data, epochs=3, steps_per_epoch=8, callbacks=[*(mine if first else mine[::-1]), *others], verbose=0)

    fit(whole)
    with pytest.raises(KeyboardInterrupt):
        fit(part, Stop())
    fit(again)
    assert whole.step.numpy() == again.step.numpy() == 24
    assert whole.generator_optimizer.iterations.numpy() < 24
    for a, b in zip(numbers(whole), numbers(again), strict=True):
        np.testing.assert_array_equal(a, b)
