"""A script that is run again goes on where it stopped, exactly on kgan's data."""

import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.callbacks import Checkpoint, Inexact, Log, SampleGrid
from kgan.runs import checkpoint, training
from tests.conftest import numbers


class Killed(Exception):
    pass


class Kill(keras.callbacks.Callback):
    """Ends the process, as far as a test can, after so many steps of this process."""

    def __init__(self, at):
        super().__init__()
        self.at = at

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.step.numpy()) == self.at:
            raise Killed


@pytest.fixture
def script(toy, tmp_path):
    """A script, run in a folder: script("name", kill=7) raises `Killed` after step 7."""
    first = toy(kgan.StandardGAN, discriminator_steps=2).get_weights()

    def run(name, kill=None, epochs=3, data=None, extra=(), objective=kgan.StandardGAN, networks=None, **options):
        gan = toy(objective, discriminator_steps=2) if networks is None else networks()
        if networks is None:
            gan.set_weights(first)
        gan.run_dir = tmp_path / name
        stream = kgan.datasets.RingOfGaussians(size=60).batches(16, seed=3) if data is None else data
        members = [Checkpoint(every=2, keep=2), *extra, Log(), SampleGrid(every=3), *([Kill(kill)] if kill else [])]
        steps = {} if "steps_per_epoch" in options or data is not None else {"steps_per_epoch": 5}
        try:
            gan.fit(stream, epochs=epochs, callbacks=members, verbose=0, **steps | options)
        except Killed:
            assert kill
        return gan

    return run


def log(folder):
    text = re.sub(r"(learning_rate_adam)_\d+", r"\1", (folder / "log.jsonl").read_text())
    lines = [json.loads(line) for line in text.splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", "images_per_second")} for line in lines]


def same(one, other):
    for a, b in zip(numbers(one), numbers(other), strict=True):
        np.testing.assert_array_equal(a, b)
    assert log(one.run_dir) == log(other.run_dir)
    pictures = [sorted((gan.run_dir / "samples").iterdir()) for gan in (one, other)]
    assert [path.name for path in pictures[0]] == [path.name for path in pictures[1]]
    for a, b in zip(*pictures, strict=True):
        assert a.read_bytes() == b.read_bytes()


@pytest.mark.parametrize(
    "kills", [[1], pytest.param([7], marks=pytest.mark.slow), pytest.param([5], marks=pytest.mark.slow), [7, 8, 12]]
)
def test_the_same_script_again_goes_on_to_the_last_bit(script, capsys, kills):
    whole = script("whole")
    for kill in kills:
        script("parts", kill)
    parts = script("parts")
    same(whole, parts)
    begun = (kills[-1] - 1) // 2 * 2  # the checkpoint of a step is made when the next one begins
    if begun:
        assert f"checkpoints: going on from step {begun}, exactly." in capsys.readouterr().out


@pytest.mark.slow
def test_with_validation_it_goes_on_to_the_last_bit_too(script):
    held_out = {"validation_data": kgan.datasets.RingOfGaussians(size=60).batches(16, seed=4, steps=2)}
    whole = script("whole", **held_out)
    for kill in (3, 7, 10):
        script("parts", kill, **held_out)
    same(whole, script("parts", **held_out))
    assert "val_d_loss" in log(whole.run_dir)[0]


@pytest.mark.slow
def test_a_stream_with_a_length_is_entered_in_its_middle(script):
    stream = kgan.datasets.RingOfGaussians(size=60).batches(16, seed=3, start=2, steps=4)
    whole = script("whole", data=stream)
    assert int(whole.step.numpy()) == 12
    script("parts", kill=7, data=stream)
    same(whole, script("parts", data=stream))


def test_a_finished_script_has_nothing_to_do_and_more_epochs_extend_it(script, capsys):
    script("run", epochs=2)
    again = script("run", epochs=2)
    assert int(again.step.numpy()) == 10
    assert "all 2 epochs are done, at step 10." in capsys.readouterr().out
    whole, longer = script("whole"), script("run")
    for a, b in zip(numbers(whole), numbers(longer), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_other_data_begin_with_the_epoch_that_was_not_finished(script, ring, capsys):
    data = tf.data.Dataset.from_tensor_slices(ring).batch(20, drop_remainder=True)
    script("run", kill=13, data=data)  # in the second epoch of 8 steps
    counts = []

    class Count(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            counts.append(float(self.model.metrics[0].count.numpy()))

    gan = script("run", data=data, extra=[Count()])
    assert counts == [8, 8]  # steps in the means: none of those before the kill
    assert "going on from step 12, with the weights, the slots and the step; the data begin anew." in (
        capsys.readouterr().out
    )
    assert int(gan.step.numpy()) == 12 + 16
    assert [line["step"] for line in log(gan.run_dir)] == [8, 20, 28]


@pytest.mark.slow
def test_what_early_stopping_and_the_plateau_remember_comes_back(script):
    def extra():
        plateau = keras.callbacks.ReduceLROnPlateau(monitor="d_loss", mode="min", patience=2, min_delta=9.0, cooldown=1)
        return [plateau, keras.callbacks.EarlyStopping(monitor="d_loss", mode="min", patience=4, min_delta=9.0)]

    whole = script("whole", epochs=9, extra=extra())
    assert int(whole.step.numpy()) == 25  # the fifth epoch is the fourth without progress
    assert float(whole.generator_optimizer.learning_rate) < 1e-3
    for kill in (7, 13, 22):
        script("parts", kill, epochs=9, extra=extra())
    same(whole, script("parts", epochs=9, extra=extra()))


def test_a_training_that_was_stopped_early_stays_so(script, capsys):
    def stop():
        return [keras.callbacks.EarlyStopping(monitor="d_loss", mode="min", patience=1, min_delta=9.0)]

    assert int(script("run", epochs=9, extra=stop()).step.numpy()) == 10
    assert int(script("run", epochs=9, extra=stop()).step.numpy()) == 10
    assert "EarlyStopping has ended this training, at step 10." in capsys.readouterr().out


@pytest.mark.slow
def test_two_callbacks_of_a_class_keep_their_own_state(script):
    def extra():
        patient = keras.callbacks.ReduceLROnPlateau(monitor="d_loss", mode="min", patience=2, min_delta=9.0)
        return [patient, keras.callbacks.ReduceLROnPlateau(monitor="g_loss", mode="min", patience=3, min_delta=9.0)]

    whole = script("whole", epochs=4, extra=extra())
    script("parts", kill=12, epochs=4, extra=extra())
    same(whole, script("parts", epochs=4, extra=extra()))


def test_weights_out_of_step_with_their_slots_are_refused(script):
    stop = keras.callbacks.EarlyStopping(monitor="d_loss", mode="min", restore_best_weights=True)
    with pytest.raises(ValueError, match=r"leave it out, and keep the best with Checkpoint\(monitor='d_loss'\)"):
        script("run", extra=[stop])


@pytest.mark.slow  # tests/layers/test_noise.py has the fast one, of kgan's own layers
def test_dropout_goes_on_with_the_draws_it_would_have_had(script):
    def networks():
        keras.utils.set_random_seed(1)
        discriminator = keras.Sequential(
            [keras.Input([2]), keras.layers.Dense(8, "relu"), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
        )
        gan = kgan.WGANGP(kgan.architectures.MLPGenerator((2,), 3, [8]), discriminator, discriminator_steps=2)
        gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        return gan

    whole = script("whole", networks=networks)
    script("parts", kill=8, networks=networks)
    same(whole, script("parts", networks=networks))


def test_the_best_is_kept_beside_the_last(toy, tmp_path, monkeypatch):
    gan = toy(discriminator_steps=1)
    gan.run_dir = tmp_path
    values = iter([3.0, 1.0, 2.0, 5.0, 4.0])

    class Score(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["score"] = next(values)

    stream = kgan.datasets.RingOfGaussians(size=60).batches(8)
    saving = Checkpoint(every=1000, keep=1, monitor="score")
    gan.fit(stream, epochs=5, steps_per_epoch=2, callbacks=[Score(), saving], verbose=0)
    kept = sorted(path.name for path in (tmp_path / "checkpoints").glob("*.json"))
    assert kept == ["step-00000004.json", "step-00000010.json"]
    state = checkpoint.latest(tmp_path / "checkpoints")[1]["state"]["Checkpoint"]
    assert state["best"] == {"value": 1.0, "step": 4}


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: state.pop("Checkpoint"),
        pytest.param(lambda state: state["Checkpoint"].pop("stopped"), marks=pytest.mark.slow),
        pytest.param(lambda state: state["Checkpoint"].update(epochs="2"), marks=pytest.mark.slow),
        pytest.param(lambda state: state["Log"].pop("bytes"), marks=pytest.mark.slow),
        pytest.param(lambda state: state.update(Log=5), marks=pytest.mark.slow),
        pytest.param(lambda state: state["EarlyStopping"].pop("wait"), marks=pytest.mark.slow),
        pytest.param(lambda state: state["EarlyStopping"].update(best=[1.0]), marks=pytest.mark.slow),
    ],
)
def test_a_state_that_lacks_something_is_damaged_and_the_one_before_it_is_used(script, damage):
    def extra():
        return [keras.callbacks.EarlyStopping(monitor="d_loss", mode="min", patience=9)]

    whole = script("whole", extra=extra())
    gan = script("parts", kill=9, extra=extra())
    commit, record = checkpoint.latest(gan.run_dir / "checkpoints")
    damage(record["state"])
    commit.write_text(json.dumps(record))
    with pytest.warns(UserWarning, match=f"{commit.name} is damaged; the one before it is used"):
        same(whole, script("parts", extra=extra()))


@pytest.mark.few(1)
@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("versions", {"tensorflow": "2.20.0"}, r"tensorflow 2.20.0 \(here 2."),
        pytest.param("threads", [64, 64], r"threads \[64, 64\] \(here", marks=pytest.mark.slow),
        pytest.param("replicas", 4, r"replicas 4 \(here 1\)", marks=pytest.mark.slow),
        ("jit_compile", True, r"jit_compile True \(here False\)"),
        pytest.param("processor", "riscv64", "processor riscv64", marks=pytest.mark.slow),
    ],
)
def test_other_conditions_are_refused_unless_they_are_accepted(script, toy, tmp_path, key, value, says):
    gan = script("run", kill=5)
    commit, record = checkpoint.latest(gan.run_dir / "checkpoints")
    found = record["environment"][key]
    record["environment"][key] = {**found, **value} if isinstance(value, dict) else value
    commit.write_text(json.dumps(record))
    with pytest.raises(Inexact, match=f"going on would not be exact: {says}.*--allow-inexact"):
        script("run")
    tolerant = toy(kgan.StandardGAN, discriminator_steps=2)
    tolerant.run_dir = gan.run_dir
    tolerant.fit(
        kgan.datasets.RingOfGaussians(size=60).batches(16, seed=3), epochs=3, steps_per_epoch=5, verbose=0,
        callbacks=[Checkpoint(allow_inexact=True)],
    )  # fmt: skip
    assert int(tolerant.step.numpy()) == 15


def test_a_model_that_is_ahead_of_the_folder_is_not_sent_back(script, ring):
    gan = script("run")
    gan.fit(ring, batch_size=20, verbose=0)
    with pytest.raises(ValueError, match="The model has done 23 steps, and the newest checkpoint .* 15"):
        gan.fit(ring, batch_size=20, callbacks=[Checkpoint()], verbose=0)


def test_epochs_that_executions_do_not_divide_are_refused(toy, tmp_path):
    gan = toy(discriminator_steps=1, compiled={"steps_per_execution": 2})
    gan.run_dir = tmp_path
    stream = kgan.datasets.RingOfGaussians(size=60).batches(8)
    with pytest.raises(ValueError, match="an epoch must be a multiple of steps_per_execution=2; got 3 steps"):
        gan.fit(stream, epochs=2, steps_per_epoch=3, callbacks=[Checkpoint()], verbose=0)


@pytest.mark.parametrize(
    ("begun", "total", "every", "parts"),
    [
        (0, 7, 4, [(0, 4, 1), (4, 3, 1)]),
        (5, 7, 4, [(5, 2, 1)]),
        (4, 8, 4, [(4, 4, 1)]),
        (8, 8, 4, []),
        (9, 8, 4, []),
        (3, 2, 4, []),
        (3, 20, 4, [(3, 1, 1), (4, 4, 4)]),
    ],
)
def test_intervals(begun, total, every, parts):
    assert list(training.intervals(begun, total, every)) == parts
