"""Whole checkpoints, damaged ones, and what they bring back."""

import json
import subprocess

import h5py
import keras
import numpy as np
import pytest

import kgan
from kgan.runs import checkpoint
from tests.conftest import numbers


@pytest.fixture
def trained(toy, ring):
    gan = toy(kgan.StandardGAN, discriminator_steps=2)
    gan.fit(ring, batch_size=20, verbose=0)
    return gan


@pytest.mark.few(1)
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
    other = toy(kgan.StandardGAN, discriminator_steps=2)
    assert checkpoint.restore(other, *checkpoint.latest(tmp_path)) == {"Log": {"seconds": 1.5}}
    for gan in (trained, other):
        gan.fit(ring, batch_size=20, verbose=0, shuffle=False)
    for a, b in zip(numbers(trained), numbers(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_means_in_flight_come_back(trained, toy, tmp_path):
    checkpoint.save(trained, tmp_path, {})
    other = toy(kgan.StandardGAN, discriminator_steps=2)
    checkpoint.restore_metrics(other, checkpoint.latest(tmp_path)[1])
    for mine, theirs in zip(trained.metrics, other.metrics, strict=True):
        assert float(mine.result()) == float(theirs.result()) != 0


def test_a_game_is_made_from_the_checkpoint_alone(trained, tmp_path):
    checkpoint.save(trained, tmp_path / "checkpoints", {})
    loaded = kgan.load(tmp_path)
    assert type(loaded) is kgan.StandardGAN and loaded.run_dir == tmp_path
    for a, b in zip(numbers(trained), numbers(loaded), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "damage",
    [
        "truncated weights",
        *(
            pytest.param(damage, marks=pytest.mark.slow)
            for damage in ("no weights", "half a commit", "an empty commit", "another JSON")
        ),
    ],
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


def without(key):
    return lambda record: record.pop(key)


def with_(key, value):
    return lambda record: record.update({key: value})


DAMAGE = {
    **{f"no {key}": without(key) for key in checkpoint.RECORD},
    "a step of another type": with_("step", "9"),
    "a state of another type": with_("state", 5),
    "metrics of another type": with_("metrics", [5]),
    "seeds of another type": with_("seeds", 5),
    "no game": with_("model", {"module": "os", "class_name": "system"}),
    "a command": with_("model", {"module": "os", "class_name": "system", "config": {}, "registered_name": None}),
}


@pytest.fixture
def twice(trained, ring, tmp_path):
    """A folder with checkpoints of two steps, and a function that changes the record of the newest."""
    checkpoint.save(trained, tmp_path / "checkpoints", {})
    trained.fit(ring[:20], batch_size=20, verbose=0)
    commit = checkpoint.save(trained, tmp_path / "checkpoints", {})

    def damage(change, commit=commit):
        record = json.loads(commit.read_text())
        change(record)
        commit.write_text(json.dumps(record))

    return damage


@pytest.mark.few(3)
@pytest.mark.parametrize("change", DAMAGE.values(), ids=DAMAGE)
def test_a_record_that_lacks_something_is_damaged(twice, tmp_path, change):
    twice(change)
    with pytest.warns(UserWarning, match=r"step-00000009.json is damaged; the one before it is used"):
        assert checkpoint.latest(tmp_path / "checkpoints")[1]["step"] == 8
    with pytest.warns(UserWarning, match=r"step-00000009.json is damaged"):
        assert int(kgan.load(tmp_path).step.numpy()) == 8


def other_network(record):
    record["model"]["config"]["generator"]["config"]["units"] = [9, 9]


def no_argument(record):
    record["model"]["config"]["discriminator"] = 5


@pytest.mark.parametrize("change", [other_network, no_argument])
def test_a_game_that_cannot_be_made_or_has_other_weights_is_damaged_for_who_loads_it(twice, tmp_path, change):
    twice(change)
    with pytest.warns(UserWarning, match=r"step-00000009.json is damaged; the one before it is used"):
        assert int(kgan.load(tmp_path).step.numpy()) == 8


def test_a_class_that_is_not_known_here_is_no_damage(twice, tmp_path):
    twice(lambda record: record["model"].update(module="mine", class_name="MyGAN", registered_name="mine>MyGAN"))
    says = r"step-00000009.json: Could not locate class 'MyGAN'; import the module that defines it before loading"
    with pytest.raises(checkpoint.NoneUsable, match=says):
        kgan.load(tmp_path)


def test_when_all_are_damaged_nothing_is_promised(twice, tmp_path):
    for path in (tmp_path / "checkpoints").glob("*.json"):
        twice(with_("step", None), path)
    with pytest.warns(UserWarning) as said, pytest.raises(FileNotFoundError, match=r"All 2 checkpoints in .* damaged"):
        checkpoint.latest(tmp_path / "checkpoints")
    assert [str(one.message).rsplit("json ", 1)[1] for one in said] == [
        "is damaged; the one before it is used.",
        "is damaged.",
    ]


@pytest.mark.parametrize("runs", [False, True])
def test_what_to_do_about_damage_fits(twice, tmp_path, runs):
    """One file is not them, and a script has no --fresh."""
    if runs:
        (tmp_path / "recipe.yaml").write_text("")
    commits = sorted((tmp_path / "checkpoints").glob("*.json"))
    how = " (`kgan fit --fresh` does)." if runs else "."
    for says in ("copies back, or remove them to begin anew", "a copy back, or remove it to begin anew"):
        for path in commits:
            path.write_text("{}")
        with pytest.warns(UserWarning), pytest.raises(FileNotFoundError) as error:
            checkpoint.latest(tmp_path / "checkpoints")
        assert str(error.value).endswith(f"Put {says}{how}")
        commits.pop().unlink()


def test_the_newest_is_that_of_the_largest_step_whatever_its_number_of_digits(trained, tmp_path):
    for step in (99_999_998, 99_999_999, 100_000_000, 100_000_001):
        trained.step.assign(step)
        checkpoint.save(trained, tmp_path, {})
        checkpoint.prune(tmp_path, 2)
        assert checkpoint.latest(tmp_path)[1]["step"] == step
    assert {path.name for path in tmp_path.glob("*.json")} == {"step-100000000.json", "step-100000001.json"}


def test_what_a_killed_save_left_is_removed_before_the_next_one(trained, tmp_path):
    process = subprocess.Popen(["true"])
    process.wait()
    (tmp_path / f".tmp-{process.pid}-step-00000007.weights.h5").write_bytes(bytes(1000))
    checkpoint.save(trained, tmp_path, {})
    assert not list(tmp_path.glob(".tmp-*"))


def test_what_keras_would_write_is_what_is_written(trained, tmp_path):
    trained.save_weights(tmp_path / "ours.weights.h5")
    keras.Model.save_weights(trained, tmp_path / "theirs.weights.h5")
    contents = []
    for name in ("ours", "theirs"):
        arrays = {}
        with h5py.File(tmp_path / f"{name}.weights.h5") as file:
            file.visititems(lambda name, item, to=arrays: to.update({name: getattr(item, "dtype", None) and item[()]}))
        contents.append(arrays)
    assert contents[0].keys() == contents[1].keys()
    for name, array in contents[0].items():
        np.testing.assert_array_equal(array, contents[1][name])
