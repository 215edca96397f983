"""What a long training must survive; each fault is injected."""

# ruff: noqa: F401, F811 (fixtures of another module)

import errno
import json
import os
import resource
import signal
import time

import numpy as np
import pytest
from click.testing import CliRunner

from kgan import callbacks, cli, datasets, files, recipe
from kgan.runs import checkpoint
from tests.running.test_experiment import TOY, everything, fit, log, plan, same, whole


def kgan(*arguments):
    """The command: (exit code, its lines on standard error)."""
    result = CliRunner().invoke(cli.main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stderr.splitlines()


@pytest.fixture
def toy_recipe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text(TOY)
    return "toy.yaml"


# --- disks ---


@pytest.mark.parametrize(
    "number",
    [errno.ENOSPC, pytest.param(errno.EROFS, marks=pytest.mark.slow), pytest.param(errno.EIO, marks=pytest.mark.slow)],
)
def test_a_disk_that_fails_ends_the_run_with_a_line_and_the_last_checkpoint_stands(
    toy_recipe,
    whole,
    tmp_path,
    monkeypatch,
    number,
):
    run, calls = tmp_path / "run", []

    def failing(path):
        calls.append(path)
        if "step-00000004" in path.name:
            raise OSError(number, os.strerror(number), str(path))

    with monkeypatch.context() as patched:
        patched.setattr(files, "_sync", failing)
        code, lines = kgan("fit", toy_recipe, "--run-dir", run)
    assert code == 1
    todo = "; make room, and run the same command again" if number == errno.ENOSPC else ""
    assert lines == [f"kgan: {run}/checkpoints/step-00000004.weights.h5: {os.strerror(number)}{todo}."]
    assert everything(run)[0] == 2
    assert not list(run.rglob(".tmp-*"))
    assert kgan("fit", toy_recipe, "--run-dir", run)[0] == 0
    same(whole, run)


def test_a_file_that_may_not_grow_is_one_line_too(toy_recipe, whole, tmp_path):
    run = tmp_path / "run"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))  # no weights fit into that
    try:
        code, lines = kgan("fit", toy_recipe, "--run-dir", run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert code == 1
    assert len(lines) == 1 and "File too large" in lines[0]
    assert not list(run.rglob("*.h5"))
    assert kgan("fit", toy_recipe, "--run-dir", run)[0] == 0
    same(whole, run)


@pytest.mark.filterwarnings("default:The checkpoint")
@pytest.mark.parametrize(
    "damage",
    ["truncated", *(pytest.param(how, marks=pytest.mark.slow) for how in ("flipped", "empty commit", "no weights"))],
)
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(
    toy_recipe,
    whole,
    tmp_path,
    damage,
):
    run = tmp_path / "run"
    assert kgan("fit", toy_recipe, "--run-dir", run, "--steps", 6)[0] == 0
    commit, _ = checkpoint.latest(run / "checkpoints")
    weights = commit.with_name("step-00000006.weights.h5")
    content = bytearray(weights.read_bytes())
    if damage == "truncated":
        weights.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
        weights.write_bytes(content)
    elif damage == "no weights":
        weights.unlink()
    else:
        commit.write_text("")
    code, lines = kgan("fit", toy_recipe, "--run-dir", run)
    assert code == 0
    assert lines == [f"kgan: warning: The checkpoint {commit} is damaged; the one before it is used."]
    _, arrays, _ = everything(run)
    for name, array in everything(whole)[1].items():
        np.testing.assert_array_equal(array, arrays[name], err_msg=name)


@pytest.mark.filterwarnings("default:The checkpoint")
def test_when_all_checkpoints_are_damaged_nothing_is_begun_anew(toy_recipe, tmp_path):
    run = tmp_path / "run"
    assert kgan("fit", toy_recipe, "--run-dir", run, "--steps", 2)[0] == 0
    commits = sorted((run / "checkpoints").glob("*.json"))
    for commit in commits:
        commit.write_text("{}")
    says = f"All {len(commits)} checkpoints in {run}/checkpoints are damaged. "
    for command in (["fit", toy_recipe, "--run-dir", run], ["sample", run, "--out", tmp_path / "a.png"]):
        code, lines = kgan(*command)
        assert code == 2
        assert lines[-1].startswith(f"kgan: {says}")
        assert [line.rsplit("json ", 1)[1] for line in lines[:-1]] == [
            *["is damaged; the one before it is used."] * (len(commits) - 1), "is damaged.",
        ]  # fmt: skip
    assert kgan("fit", toy_recipe, "--run-dir", run, "--steps", 2, "--fresh") == (0, [])


# --- data ---


def test_data_that_vanish_are_named_and_what_was_trained_is_saved(toy_recipe, whole, tmp_path, monkeypatch):
    run, real = tmp_path / "run", datasets.RingOfGaussians.batch

    def lost(self, indices):
        if len(indices) > 1 and (run / "log.jsonl").exists():  # from the first line on
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "photos/17.png")
        return real(self, indices)

    with monkeypatch.context() as patched:
        patched.setattr(datasets.RingOfGaussians, "batch", lost)
        code, lines = kgan("fit", toy_recipe, "--run-dir", run, "--steps", 30)
    assert code == 1
    assert len(lines) == 1 and lines[0].startswith("kgan: The data could not be read at step ")
    assert "FileNotFoundError: [Errno 2] No such file or directory: 'photos/17.png'" in lines[0]
    assert lines[0].endswith("Saved; mend the data, and the same command goes on from here.")
    assert everything(run)[0] >= 4
    assert kgan("fit", toy_recipe, "--run-dir", run, "--steps", 30)[0] == 0
    assert kgan("fit", toy_recipe, "--run-dir", tmp_path / "other", "--steps", 30)[0] == 0
    same(run, tmp_path / "other")


# --- numbers ---


def poison(monkeypatch, at, when=lambda gan: True):
    """A weight becomes NaN at the end of step `at`."""

    def receive(self, batch, logs=None):
        if self.step == at and when(self.model):
            weight = self.model.generator.weights[0]
            weight.assign(np.full(weight.shape, np.nan))

    monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", receive)


def large(gan):
    return float(gan.generator_optimizer.learning_rate) > 3e-4


def test_a_rollback_goes_on_with_smaller_steps(plan, tmp_path, monkeypatch):
    poison(monkeypatch, at=5, when=large)  # as if learning rates above 3e-4 diverged
    gan, said = fit(plan(), tmp_path / "run", on_nan="rollback")
    assert int(gan.step.numpy()) == 7
    assert float(gan.generator_optimizer.learning_rate) == pytest.approx(2.5e-4)
    assert float(gan.discriminator_optimizer.learning_rate) == pytest.approx(2.5e-4)
    assert [line.split(". ")[-1] for line in said[1:]] == [
        "Going back to step 4; the learning rates are now 0.0005, 0.0005.",
        "Going back to step 4; the learning rates are now 0.00025, 0.00025.",
    ]
    assert [line["step"] for line in log(tmp_path / "run")] == [4, 7]


@pytest.mark.slow
def test_a_rollback_that_is_killed_ends_where_it_would_have(plan, tmp_path, monkeypatch):
    poison(monkeypatch, at=5, when=large)
    fit(plan("steps=11"), tmp_path / "whole", on_nan="rollback")

    def die(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(callbacks.Checkpoint, "go_back", die)
        fit(plan("steps=11"), tmp_path / "parts", on_nan="rollback")
    fit(plan("steps=11"), tmp_path / "parts", on_nan="rollback")
    same(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.slow
def test_rollbacks_that_do_not_help_come_to_an_end(plan, tmp_path, monkeypatch):
    poison(monkeypatch, at=5)
    with pytest.raises(callbacks.Diverged, match="5 rollbacks to step 4 have not helped"):
        fit(plan(), tmp_path / "run", on_nan="rollback")


def test_schedules_cannot_be_rolled_back(plan, tmp_path):
    schedule = "optimizers.generator.learning_rate={CosineDecay: {initial_learning_rate: 0.1, decay_steps: 10}}"
    with pytest.raises(recipe.RecipeError, match="--on-nan rollback needs learning rates that are numbers"):
        fit(plan(schedule), tmp_path / "run", on_nan="rollback")
    assert not (tmp_path / "run").exists()


# --- clocks ---


def test_a_clock_that_jumps_changes_nothing_but_the_seconds(plan, whole, tmp_path, monkeypatch):
    real, calls = time.monotonic, []

    def jumping():
        calls.append(None)
        return real() + (1e6 if len(calls) > 40 else 0)  # as after a night of sleep

    monkeypatch.setattr(time, "monotonic", jumping)
    monkeypatch.setattr(time, "time", lambda: -1e9 + len(calls) * 1e8)
    fit(plan(), tmp_path / "run")
    same(whole, tmp_path / "run")
    seconds = [json.loads(line)["seconds"] for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert seconds == sorted(seconds)


# --- conditions ---


def test_other_threads_are_refused_by_the_command_unless_accepted(toy_recipe, tmp_path):
    run = tmp_path / "run"
    assert kgan("fit", toy_recipe, "--run-dir", run, "--steps", 4)[0] == 0
    commit, record = checkpoint.latest(run / "checkpoints")
    record["environment"]["threads"] = [64, 64]
    commit.write_text(json.dumps(record))
    code, lines = kgan("fit", toy_recipe, "--run-dir", run)
    assert code == 2
    assert len(lines) == 1 and "threads [64, 64] (here" in lines[0] and "--allow-inexact" in lines[0]
    assert everything(run)[0] == 4
    assert kgan("fit", toy_recipe, "--run-dir", run, "--allow-inexact")[0] == 0
    assert everything(run)[0] == 7


def test_nobody_reading_any_more_is_a_stop_with_everything_saved(plan, whole, tmp_path, monkeypatch):
    def closed(*arguments, **options):
        signal.raise_signal(signal.SIGPIPE)
        raise BrokenPipeError

    with monkeypatch.context() as patched, pytest.raises(callbacks.Interrupted, match="SIGPIPE at step 4: saved"):
        patched.setattr("click.echo", closed)
        fit(plan(), tmp_path / "run")
    fit(plan(), tmp_path / "run")
    same(whole, tmp_path / "run")


def test_an_early_stop_is_final(plan, tmp_path):
    stop = "callbacks=[{EarlyStopping: {monitor: d_loss, mode: min, patience: 1, min_delta: 9.0}}]"
    run = tmp_path / "run"
    gan, _ = fit(plan(stop, "steps=40"), run)
    assert int(gan.step.numpy()) == 8
    assert fit(plan(stop, "steps=40"), run)[1] == [f"{run} was ended by EarlyStopping at step 8; --fresh begins anew."]
    with pytest.raises(recipe.RecipeError, match="leave it out, and keep the best"):
        fit(plan(stop.replace("patience: 1", "restore_best_weights: true")), tmp_path / "other")
