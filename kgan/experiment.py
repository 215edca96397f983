"""The one linear story: recipe -> data -> networks -> objective -> compile -> fit -> artefacts."""

import contextlib
import fcntl
import json
import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import keras
import tensorflow as tf

from kgan import callbacks as kc
from kgan import precision, recipe
from kgan.checkpoint import latest
from kgan.files import replacing

# What a run writes besides recipe.yaml, which is replaced and never removed.
ARTEFACTS = ("environment.json", "log.jsonl", "evaluations.jsonl", "report.html")
FOLDERS = ("samples", "checkpoints", "tensorboard")


def build(plan):
    """Data set and compiled game of a recipe: (dataset, gan). Everything random follows the recipe's seed."""
    keras.utils.set_random_seed(plan.seed)
    dataset = plan.build("dataset", plan.dataset)
    shape = tuple(dataset.data_shape)
    shapes = {"image_shape": shape, "data_shape": shape}
    dtype_policy, _ = precision.choose(plan.precision)
    with precision.policy(dtype_policy):
        generator = plan.build("generator", plan.generator, **shapes)
        discriminator = plan.build("discriminator", plan.discriminator, **shapes)
        seen = tuple(discriminator.inputs[0].shape[1:])
        if seen != shape:
            raise recipe.RecipeError(
                f"{plan.source}: discriminator: it takes {seen}, but the data set has {shape}; leave its shape out."
            )
        gan = plan.build("objective", plan.objective, generator=generator, discriminator=discriminator, seed=plan.seed)
    optimizers = {
        f"{player}_optimizer": plan.build(f"optimizers.{player}", plan.optimizers[player], name=f"{player}_optimizer")
        for player in gan.players
    }
    gan.compile(**optimizers)
    return dataset, gan


def callbacks(plan, dataset, gan):
    """What a recipe asks for around the steps: (log, checkpoint, the list of its own callbacks)."""
    per_step = plan.batch_size * gan.discriminator_steps
    log = plan.build("log", {"Log": plan.log}, images_per_step=per_step, dataset_size=len(dataset))
    checkpoint = plan.build("checkpoint", {"Checkpoint": plan.checkpoint})
    scheduled = any(isinstance(_learning_rate(spec), dict) for spec in plan.optimizers.values())
    for index, spec in enumerate(plan.callbacks):
        _check_monitor(f"{plan.source}: callbacks.{index}", spec, [metric.name for metric in gan.metrics])
        if "ReduceLROnPlateau" in spec and scheduled:
            raise recipe.RecipeError(
                f"{plan.source}: callbacks.{index}: ReduceLROnPlateau needs learning rates that are numbers; "
                f"here one is a schedule."
            )
    return log, checkpoint, [plan.build(f"callbacks.{i}", spec) for i, spec in enumerate(plan.callbacks)]


def _learning_rate(spec):
    ((_, given),) = spec.items()
    return given.get("learning_rate")


def _check_monitor(where, spec, names):
    """Keras finds out at the first epoch's end that there is nothing of this name, or no direction."""
    ((name, given),) = spec.items()
    if "monitor" in given and given["monitor"] not in names:
        raise recipe.RecipeError(
            f"{where}.{name}.monitor: expected one of {', '.join(names)}, got {given['monitor']!r}."
        )
    if "monitor" in given and given["mode"] not in ("min", "max"):
        raise recipe.RecipeError(f"{where}.{name}.mode: expected min or max, got {given['mode']!r}.")


def fit(plan, run_dir, fresh=False, say=print):
    """Trains what the recipe says in `run_dir`, from where an earlier run of the same recipe got to.

    Args:
        plan: a resolved `Recipe`.
        run_dir: the run folder.
        fresh: remove what an earlier run wrote there and begin anew.
        say: function that prints a line.

    Returns:
        The trained game.

    Raises:
        RecipeError: the recipe cannot be built, or the run folder belongs to another one.
        Diverged: a loss or weight is not finite; the last finite checkpoint is kept, and named.
        Interrupted: SIGINT or SIGTERM came; everything is saved.
    """
    run_dir = Path(run_dir)
    _check_folder(plan, run_dir, fresh)
    dataset, gan = build(plan)
    gan.run_dir = run_dir
    per_step = plan.batch_size * gan.discriminator_steps
    log, checkpoint, own = callbacks(plan, dataset, gan)
    progress = kc.Progress(plan.steps, per_step, every=log.every)
    # Nothing is written before all of the recipe has been made.
    with _locked(run_dir):
        _check_folder(plan, run_dir, fresh)
        if fresh:
            _clear(run_dir)
        checkpoint.resume(gan, [log, *own])
        begun = int(gan.step.numpy())
        if begun >= plan.steps:
            say(f"{run_dir} has all of its {begun} steps; a larger --steps goes on.")
            return gan
        _describe(plan, run_dir, gan)
        say(f"{plan.name}: {len(dataset)} examples of {tuple(dataset.data_shape)}, {_precision(plan)}, into {run_dir}")
        if begun:
            say(f"going on from step {begun}")

        # Checkpoints are made at the beginning of a step, before a signal is looked at.
        with kc.StopOnSignal(checkpoint) as signals:
            try:
                members = [kc.StopOnNonFinite(), *own, log, progress, checkpoint, signals]
                training = OneTraining(members, add_history=True, model=gan)
                try:
                    training.begin()
                except ValueError as error:  # a callback that does not fit the game
                    raise recipe.RecipeError(f"{plan.source}: callbacks: {error}") from error
                for first, steps, epochs in intervals(begun, plan.steps, log.every):
                    stream = dataset.batches(per_step, seed=plan.seed, start=first)
                    epoch = first // log.every
                    gan.fit(
                        stream, steps_per_epoch=steps, initial_epoch=epoch, epochs=epoch + epochs,
                        callbacks=training, shuffle=False, verbose=0,
                    )  # fmt: skip
                    if gan.stop_training:
                        break
                gan.reset_metrics()  # their line is written: a run that is extended begins another one
                training.end()
            except kc.Diverged as error:
                raise kc.Diverged(f"{error} {_kept(checkpoint.path)}") from None
            finally:
                progress.close()
        return gan


def intervals(begun, total, every):
    """Cuts [begun, total) at the multiples of `every`: (first step, steps per epoch, epochs) for each `fit`.

    Example:
        >>> list(intervals(30, 250, 100))
        [(30, 70, 1), (100, 100, 1), (200, 50, 1)]
    """
    if begun % every:
        end = min(total, (begun // every + 1) * every)
        yield begun, end - begun, 1
        begun = end
    if total // every > begun // every:
        yield begun, every, total // every - begun // every
        begun = total // every * every
    if begun < total:
        yield begun, total - begun, 1


class OneTraining(keras.callbacks.CallbackList):
    """Callbacks for whom several calls of `fit` are one training."""

    def begin(self):
        super().on_train_begin()

    def end(self):
        super().on_train_end()

    def on_train_begin(self, logs=None):
        """Called by each `fit`; `begin` is the one that counts."""

    def on_train_end(self, logs=None):
        """Called by each `fit`; `end` is the one that counts."""


@contextlib.contextmanager
def _locked(run_dir):
    """Holds the run folder for this process."""
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        lock = open(run_dir / ".lock", "w")
    except OSError as error:
        raise recipe.RecipeError(
            f"{run_dir}: cannot write there ({error.strerror}); choose another --run-dir."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise recipe.RecipeError(f"{run_dir}: another process is training in this run folder.") from None
        yield


def _kept(folder):
    found = latest(folder)
    return f"The last finite checkpoint is kept: {found[0]}." if found else "No checkpoint had been made yet."


def _clear(run_dir):
    for name in ARTEFACTS:
        (run_dir / name).unlink(missing_ok=True)
    for name in FOLDERS:
        shutil.rmtree(run_dir / name, ignore_errors=True)


def _check_folder(plan, run_dir, fresh):
    """Refuses a folder that holds something else than a run, or, unless all begins anew, another recipe's run."""
    if not run_dir.is_dir():
        return  # what stands in its way, if anything, is found when it is made
    if not ((run_dir / "recipe.yaml").is_file() and (run_dir / "environment.json").is_file()):
        # What a run leaves that was killed while it wrote its first two files is no reason to refuse.
        names = sorted(entry.name for entry in run_dir.iterdir())
        others = [n for n in names if n not in (".lock", "environment.json") and not n.startswith(".tmp-")]
        if others:
            raise recipe.RecipeError(
                f"{run_dir}: the folder holds other files ({others[0]}) and no run; choose another --run-dir."
            )
        return
    if fresh:
        return
    before, now = recipe.read(run_dir / "recipe.yaml"), plan.document()
    found = recipe.difference({**before, "steps": 0}, {**now, "steps": 0})
    if found:
        key, there, here = found
        raise recipe.RecipeError(
            f"{run_dir}: the run there has another recipe ({key}: {there!r} there, {here!r} here); "
            f"choose another --run-dir, or begin anew with --fresh."
        )


def _describe(plan, run_dir, gan):
    """Writes the resolved recipe and what the run depends on besides."""
    with replacing(run_dir / "environment.json") as temporary:
        temporary.write_text(json.dumps(environment(plan, gan), indent=2) + "\n")
    with replacing(run_dir / "recipe.yaml") as temporary:
        temporary.write_text(plan.text(), encoding="utf-8")


def environment(plan, gan):
    """Versions, devices, threads, precision, and the git commit if there is one."""
    return {
        "versions": {name: _version(name) for name in ("kgan", "tensorflow", "keras", "numpy")},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "devices": [device.name for device in tf.config.list_logical_devices()],
        "cores": os.cpu_count(),
        "threads": [tf.config.threading.get_inter_op_parallelism_threads(),
                    tf.config.threading.get_intra_op_parallelism_threads()],
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "precision": _precision(plan),
        "jit_compile": bool(gan.jit_compile),
        "commit": _commit(),
    }  # fmt: skip


def _precision(plan):
    policy, reason = precision.choose(plan.precision)
    return policy if plan.precision != "auto" else f"{policy} ({reason})"


def _version(name):
    for distribution in (name, f"{name}-cpu"):
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return None


def _commit():
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()
