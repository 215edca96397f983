"""Checkpoints: whole or absent, of everything that a training needs to go on exactly.

A checkpoint is two files: `step-00001000.weights.h5` with the weights, the averaged generator and the
optimizers' slots, and `step-00001000.json` with the rest. The JSON is written last: it is the commit.
"""

import hashlib
import json
import warnings
from pathlib import Path

import keras
import numpy as np

from kgan import environment
from kgan.files import replacing
from kgan.objectives.game import loading_whole


def save(model, folder, state):
    """Writes a checkpoint of a compiled `Game` at its present step.

    Args:
        model: the game.
        folder: folder of checkpoints; made if it is not there.
        state: JSON-serialisable dictionary that `restore` gives back.

    Returns:
        Path of the JSON file.
    """
    step = int(model.step.numpy())
    weights = Path(folder) / f"step-{step:08d}.weights.h5"
    with replacing(weights) as temporary:
        model.save_weights(temporary)
        digest = _digest(temporary)
    record = {
        "step": step,
        "weights_sha256": digest,
        "metrics": [[float(value) for value in metric_values(metric)] for metric in model.metrics],
        "seeds": [variable.numpy().tolist() for variable in model.random_states],
        "state": state,
        "environment": environment.describe(model),
        "model": keras.saving.serialize_keras_object(model),
    }
    commit = _commit(weights)
    with replacing(commit) as temporary:
        temporary.write_text(json.dumps(record))
    return commit


def latest(folder):
    """The newest whole checkpoint as (path, record), or None; damaged ones are named in a warning."""
    for commit in reversed(_commits(folder)):
        weights = _weights(commit)
        try:
            record = json.loads(commit.read_text())
            whole = _digest(weights) == record["weights_sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            whole = False
        if whole:
            return commit, record
        warnings.warn(f"The checkpoint {commit} is damaged; the one before it is used.", stacklevel=2)
    return None


def at(folder, step):
    """The checkpoint of a step, which another process has found to be whole: (path, record)."""
    commit = Path(folder) / f"step-{step:08d}.json"
    try:
        return commit, json.loads(commit.read_text())
    except FileNotFoundError:
        raise FileNotFoundError(f"{commit} is not there; all workers must see the same run folder.") from None


def restore(model, commit, record):
    """Gives a compiled game the weights, slots and step of a checkpoint; returns the saved state.

    Raises:
        ValueError: the game has other weights than the one that was saved.
    """
    try:
        with loading_whole():
            model.load_weights(_weights(commit))
    except (ValueError, UserWarning) as error:
        raise ValueError(
            f"{commit}: the game there has other weights than this one. Give it the networks, the optimizers and the "
            f"callbacks that it had (some, as OlderPlayers, keep weights in it), or choose another folder."
        ) from error
    for variable, value in zip(model.random_states, record.get("seeds", []), strict=True):
        variable.assign(value)
    return record["state"]


def restore_metrics(model, record):
    """Gives the trackers the totals that they had at the checkpoint: every replica the same."""

    def assign():
        for metric, values in zip(model.metrics, record["metrics"], strict=True):
            for variable, value in zip(metric.variables, values, strict=True):
                variable.assign(value)

    model.distribute_strategy.run(assign)


def load(folder):
    """The game of the newest checkpoint in `folder`, with its optimizers, made from the checkpoint alone."""
    found = latest(folder)
    if found is None:
        raise FileNotFoundError(f"There is no checkpoint in {folder}; train first, with `kgan fit`.")
    commit, record = found
    model = keras.saving.deserialize_keras_object(record["model"])
    restore(model, commit, record)
    return model


def prune(folder, keep, best=None):
    """Removes all but the newest `keep` checkpoints and that of step `best`, and what a killed save left."""
    commits = _commits(folder)
    kept = {_weights(commit) for commit in commits if commit in commits[-keep:] or _step(commit) == best}
    for commit in commits:
        if _weights(commit) not in kept:
            commit.unlink()
    for weights in Path(folder).glob("step-*.weights.h5"):
        if weights not in kept:
            weights.unlink()
    for unfinished in Path(folder).glob(".tmp-*"):
        unfinished.unlink()


def metric_values(metric):
    """The totals of a tracker on this replica; all have the same, and to read them together takes all workers."""
    values = [variable.value for variable in metric.variables]
    return [np.asarray(getattr(value, "values", [value])[0].numpy()) for value in values]


def _commits(folder):
    return sorted(Path(folder).glob("step-*.json"))


def _step(commit):
    return int(commit.stem.removeprefix("step-"))


def _commit(weights):
    return weights.with_name(weights.name.replace(".weights.h5", ".json"))


def _weights(commit):
    return commit.with_name(commit.name.replace(".json", ".weights.h5"))


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
