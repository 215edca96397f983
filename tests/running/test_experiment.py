"""Runs: what the folder holds, that a resume is exact, and that nothing is overwritten."""

import fcntl
import json
import signal

import h5py
import numpy as np
import pytest

from kgan import callbacks, recipe
from kgan.recipe import plain_yaml
from kgan.running import experiment
from kgan.runs import checkpoint

TOY = """
name: toy
steps: 7
batch_size: 8
precision: float32
log: {every: 4}
checkpoint: {every: 2, keep: 9}
dataset: {RingOfGaussians: {size: 60}}
generator: {MLPGenerator: {latent_dim: 2, units: [8]}}
discriminator: {MLPDiscriminator: {units: [8]}}
objective: {StandardGAN: {discriminator_steps: 2}}
optimizers:
  generator: {Adam: {learning_rate: 1.0e-3}}
  discriminator: {Adam: {learning_rate: 1.0e-3}}
"""
LINE = ["step", "epoch", "images", "images_per_second", "seconds", "d_loss", "g_loss"]


@pytest.fixture
def plan(tmp_path):
    """Factory of resolved toy recipes: plan("steps=9")."""
    path = tmp_path / "toy.yaml"
    path.write_text(TOY)
    return lambda *overrides: recipe.load(path, overrides)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a toy run that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "toy.yaml").write_text(TOY)
    fit(recipe.load(folder / "toy.yaml"), folder / "run")
    return folder / "run"


def fit(plan, run, **options):
    said = []
    gan = experiment.fit(plan, run, say=said.append, **options)
    return gan, said


def everything(run):
    """All arrays of the newest checkpoint: weights, averages, slots and counters."""
    commit, record = checkpoint.latest(run / "checkpoints")
    arrays = {}
    with h5py.File(commit.with_name(commit.name.replace(".json", ".weights.h5"))) as file:
        file.visititems(lambda name, item: arrays.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return record["step"], arrays, record["metrics"]


def log(run):
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", "images_per_second")} for line in lines]


def send(monkeypatch, number, at):
    """The signal comes at the end of step `at`."""

    def receive(self, batch, logs=None):
        if self.step == at:
            signal.raise_signal(number)

    monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", receive)


def test_a_run_folder_has_these_files(plan, tmp_path):
    run = tmp_path / "run"
    _, said = fit(plan("callbacks=[{SampleGrid: {every: 4}}]"), run)
    assert said == [f"toy: 60 examples of (2,), float32, into {run}"]
    assert sorted(entry.name for entry in run.iterdir()) == [
        ".lock", "checkpoints", "environment.json", "log.jsonl", "recipe.yaml", "samples",
    ]  # fmt: skip
    assert sorted(entry.name for entry in (run / "samples").iterdir()) == [
        "step-00000000.png", "step-00000004.png", "step-00000007.png",
    ]  # fmt: skip
    assert sorted(entry.name for entry in (run / "checkpoints").iterdir()) == [
        f"step-0000000{step}.{end}" for step in (0, 2, 4, 6, 7) for end in ("json", "weights.h5")
    ]
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [list(line) for line in lines] == [LINE, LINE]
    assert [(line["step"], line["images"], line["epoch"]) for line in lines] == [(4, 64, 1.0667), (7, 112, 1.8667)]
    environment = json.loads((run / "environment.json").read_text())
    assert {"versions", "devices", "threads", "precision", "commit"} <= set(environment)
    assert environment["precision"] == "float32"


def test_the_resolved_recipe_repeats_the_run(whole, tmp_path):
    fit(recipe.load(whole / "recipe.yaml"), tmp_path)
    assert (whole / "recipe.yaml").read_bytes() == (tmp_path / "recipe.yaml").read_bytes()
    same(whole, tmp_path)


def same(one, other):
    (step, arrays, metrics), (step_, arrays_, metrics_) = everything(one), everything(other)
    assert step == step_
    assert metrics == metrics_
    assert arrays.keys() == arrays_.keys()
    assert any("optimizer" in name for name in arrays)
    assert any("ema_generator" in name for name in arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, arrays_[name], err_msg=name)
    assert log(one) == log(other)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_resume_equals_never_having_stopped(plan, whole, tmp_path, monkeypatch, number):
    run = tmp_path / "parts"
    with monkeypatch.context() as patched, pytest.raises(callbacks.Interrupted) as stop:
        send(patched, number, at=5)  # in the middle of a logging interval
        fit(plan(), run)
    assert stop.value.number == number
    assert everything(run)[0] == 5
    _, said = fit(plan(), run)
    assert said[1] == "going on from step 5"
    same(whole, run)


def test_what_was_done_after_the_last_checkpoint_is_done_again(plan, whole, tmp_path, monkeypatch):
    run = tmp_path / "killed"

    def die(self, epoch, logs=None):
        raise KeyboardInterrupt  # nothing is saved any more: the log is ahead of the checkpoint of step 2

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(callbacks.Progress, "on_epoch_end", die)
        fit(plan(), run)
    assert everything(run)[0] == 2
    assert len(log(run)) == 1
    fit(plan(), run)
    same(whole, run)


def test_more_steps_extend_a_finished_run(plan, whole, tmp_path):
    run = tmp_path / "run"
    fit(plan("steps=4"), run)
    before = everything(run)
    _, said = fit(plan("steps=4"), run)
    assert said == [f"{run} has all of its 4 steps; a larger --steps goes on."]
    assert everything(run)[0] == before[0]
    fit(plan(), run)
    same(whole, run)
    assert recipe.load(run / "recipe.yaml").steps == 7


@pytest.mark.parametrize(
    ("player", "says"),
    [
        ("generator", "the weight generator/"),  # a bias before a ReLU, which hides it from the losses
        ("discriminator", "d_loss is nan, and so is the weight "),
    ],
)
def test_divergence_names_step_and_tensor_and_keeps_the_last_finite_checkpoint(
    plan, tmp_path, monkeypatch, player, says
):
    run = tmp_path / "run"

    def poison(self, batch, logs=None):
        if self.step == 5:
            weight = getattr(self.model, player).weights[player == "generator"]
            weight.assign(np.full(weight.shape, -np.inf if player == "generator" else np.nan))

    monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", poison)
    with pytest.raises(callbacks.Diverged) as error:
        fit(plan(), run)
    kept = run / "checkpoints" / "step-00000004.json"
    line = str(error.value)
    assert line.startswith(f"Training diverged at step 6: {says}")
    assert line.endswith(f"The last finite checkpoint is kept: {kept}.")
    step, arrays, _ = everything(run)
    assert step == 4
    assert all(np.isfinite(array).all() for array in arrays.values() if array.dtype.kind == "f")


def refused(plan, run, says, **options):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises(recipe.RecipeError) as error:
        fit(plan, run, **options)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_another_recipe_is_refused_and_fresh_begins_anew(plan, tmp_path):
    run = tmp_path / "run"
    fit(plan(), run)
    other = plan("objective.ema=0.5", "steps=3")
    refused(other, run, "(objective.StandardGAN.ema: 0.999 there, 0.5 here); choose another --run-dir, or begin anew")
    fit(other, run, fresh=True)
    assert [line["step"] for line in log(run)] == [3]
    assert everything(run)[0] == 3
    assert recipe.load(run / "recipe.yaml").objective["StandardGAN"]["ema"] == 0.5


def test_a_recipe_from_before_an_argument_came_is_the_same(tmp_path):
    """The run folder's recipe lacks `range`, which NPZ did not have when it was written."""
    np.savez(tmp_path / "data.npz", images=np.zeros([8, 2], np.float32))
    data = f"dataset={{NPZ: {{path: {tmp_path / 'data.npz'}}}}}"
    (tmp_path / "toy.yaml").write_text(TOY)
    run = tmp_path / "run"
    fit(recipe.load(tmp_path / "toy.yaml", [data]), run)
    stored = recipe.read(run / "recipe.yaml")
    assert stored["dataset"]["NPZ"].pop("range") is None
    (run / "recipe.yaml").write_text(plain_yaml.write(stored))
    fit(recipe.load(tmp_path / "toy.yaml", [data, "steps=8"]), run)
    assert everything(run)[0] == 8
    refused(
        recipe.load(tmp_path / "toy.yaml", [data, "dataset.range=[-1, 1]"]), run, "NPZ.range: None there, [-1, 1] here"
    )


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("name", ["thesis.tex", "recipe.yaml", "checkpoints"])
def test_a_folder_that_is_no_run_is_left_alone(plan, tmp_path, name, fresh):
    run = tmp_path / "mine"
    run.mkdir()
    (run / name).write_text("precious")
    refused(plan(), run, f"the folder holds other files ({name}) and no run; choose another --run-dir.", fresh=fresh)
    assert [entry.name for entry in run.iterdir()] == [name]


def test_a_damaged_recipe_in_the_folder_is_an_error(plan, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "environment.json").write_text("{}")
    for content, says in (("a: [", "recipe.yaml: not valid YAML"), ("[]", "expected a mapping of sections, got []")):
        (run / "recipe.yaml").write_text(content)
        refused(plan(), run, says)


def test_a_folder_in_use_is_refused(plan, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    with open(run / ".lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        refused(plan(), run, "another process is training in this run folder.")


def test_a_folder_that_cannot_be_written_is_refused(plan, tmp_path):
    (tmp_path / "file").write_text("")
    for run in (tmp_path / "file", tmp_path / "file" / "run"):
        refused(plan(), run, f"{run}: cannot write there (")


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["dataset.size=0"], "dataset: size is 0"),
        (["dataset={ImageFolder: {path: nowhere}}"], "dataset: nowhere does not exist; expected a folder of images."),
        (["dataset={NPZ: {path: nowhere.npz}}"], "dataset: nowhere.npz does not exist"),
        (["generator={DCGANGenerator: {}}"], "generator: image_shape must be (height, width, channels)"),
        (
            ["generator.data_shape=[3]"],
            "generator.MLPGenerator.data_shape: the data set has [2], not [3]; leave it out.",
        ),
        (
            ["discriminator.data_shape=[3]"],
            "discriminator.MLPDiscriminator.data_shape: the data set has [2], not [3]; leave it out.",
        ),
        (["discriminator={MLPGenerator: {}}"], "objective: The discriminator's input 'latents' is for latents, and it"),
        (["generator={MLPDiscriminator: {}}"], "objective: The generator's input 'images' is for images, and it is"),
        (
            ["callbacks=[{EarlyStopping: {}}]"],
            "callbacks.0.EarlyStopping.monitor: expected one of d_loss, g_loss, got 'val_loss'.",
        ),
        (
            ["callbacks=[{EarlyStopping: {monitor: d_loss}}]"],
            "callbacks.0.EarlyStopping.mode: expected min or max, got 'auto'.",
        ),
    ],
)
def test_a_recipe_that_cannot_be_built_writes_nothing(plan, tmp_path, overrides, says):
    run = tmp_path / "run"
    refused(plan(*overrides), run, f"toy.yaml: {says}")
    assert not run.exists()


def test_a_learning_rate_is_scheduled_or_reduced_but_not_both(plan, tmp_path):
    plateau = "callbacks=[{ReduceLROnPlateau: {monitor: d_loss, mode: min, patience: 0, min_delta: 100.0}}]"
    schedule = "optimizers.generator.learning_rate={CosineDecay: {initial_learning_rate: 0.1, decay_steps: 10}}"
    gan, _ = fit(plan(plateau, "steps=8"), tmp_path / "reduced")
    assert float(gan.generator_optimizer.learning_rate) == pytest.approx(1e-4)
    assert float(gan.discriminator_optimizer.learning_rate) == pytest.approx(1e-4)
    refused(plan(plateau, schedule), tmp_path / "both", "callbacks.0: ReduceLROnPlateau needs learning rates")
