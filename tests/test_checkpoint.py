"""Whole checkpoints, damaged ones, and what they bring back."""

import json

import keras
import numpy as np
import pytest

import kgan
from kgan import checkpoint
from tests.conftest import numbers


@pytest.fixture
def trained(toy, ring):
    gan = toy(discriminator_steps=2)
    gan.fit(ring, batch_size=20, verbose=0)
    return gan


@pytest.mark.parametrize("other", ["networks", "optimizers", "callbacks"])
def test_another_game_is_refused(trained, toy, ring, tmp_path, other):
    checkpoint.save(trained, tmp_path / "checkpoints", {})
    if other == "networks":
        wide = kgan.architectures.MLPDiscriminator((2,), units=(9, 9))
        gan = kgan.WGANGP(trained.generator, wide)
        gan.compile(**{f"{player}_optimizer": keras.optimizers.Adam() for player in gan.players})
    else:
        gan = toy(optimizer=keras.optimizers.SGD if other == "optimizers" else keras.optimizers.Adam)
    gan.run_dir = tmp_path
    callbacks = [kgan.callbacks.Checkpoint(), *([kgan.callbacks.OlderPlayers()] if other == "callbacks" else [])]
    with pytest.raises(ValueError, match=r"step-00000008.json: the game there has other weights than this one"):
        gan.fit(ring, batch_size=20, callbacks=callbacks, verbose=0)


def test_everything_comes_back_and_training_goes_on_the_same(trained, toy, ring, tmp_path):
    path = checkpoint.save(trained, tmp_path, {"Log": {"seconds": 1.5}})
    assert path.name == "step-00000008.json"
    other = toy(discriminator_steps=2)
    assert checkpoint.restore(other, *checkpoint.latest(tmp_path)) == {"Log": {"seconds": 1.5}}
    for gan in (trained, other):
        gan.fit(ring, batch_size=20, verbose=0, shuffle=False)
    for a, b in zip(numbers(trained), numbers(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_means_in_flight_come_back(trained, toy, tmp_path):
    checkpoint.save(trained, tmp_path, {})
    other = toy(discriminator_steps=2)
    checkpoint.restore_metrics(other, checkpoint.latest(tmp_path)[1])
    for mine, theirs in zip(trained.metrics, other.metrics, strict=True):
        assert float(mine.result()) == float(theirs.result()) != 0


def test_a_game_is_made_from_the_checkpoint_alone(trained, tmp_path):
    checkpoint.save(trained, tmp_path / "checkpoints", {})
    loaded = kgan.load(tmp_path)
    assert type(loaded) is kgan.WGANGP and loaded.run_dir == tmp_path
    for a, b in zip(numbers(trained), numbers(loaded), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "damage", ["truncated weights", "no weights", "half a commit", "an empty commit", "another JSON"]
)
def test_a_damaged_checkpoint_gives_way_to_the_one_before(trained, ring, tmp_path, damage):
    checkpoint.save(trained, tmp_path, {})
    trained.fit(ring[:20], batch_size=20, verbose=0)
    commit = checkpoint.save(trained, tmp_path, {})
    weights = tmp_path / "step-00000009.weights.h5"
    if damage == "truncated weights":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif damage == "no weights":
        weights.unlink()
    else:
        commit.write_text({"half a commit": commit.read_text()[:100], "another JSON": "[]"}.get(damage, ""))
    with pytest.warns(UserWarning, match=r"step-00000009.json is damaged; the one before it is used"):
        assert checkpoint.latest(tmp_path)[1]["step"] == 8


def test_weights_without_a_commit_are_no_checkpoint(trained, tmp_path):
    commit = checkpoint.save(trained, tmp_path, {})
    commit.unlink()
    assert checkpoint.latest(tmp_path) is None
    with pytest.raises(FileNotFoundError, match="There is no checkpoint in"):
        checkpoint.load(tmp_path)


def test_the_newest_are_kept(trained, tmp_path):
    for step in (1, 2, 3, 4):
        trained.step.assign(step)
        checkpoint.save(trained, tmp_path, {})
    (tmp_path / "step-00000099.weights.h5").write_text("a save that was killed")
    (tmp_path / ".tmp-1-step-00000099.json").write_text("and")
    checkpoint.prune(tmp_path, keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step-00000003.json",
        "step-00000003.weights.h5",
        "step-00000004.json",
        "step-00000004.weights.h5",
    ]
    assert json.loads((tmp_path / "step-00000004.json").read_text())["step"] == 4
