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

from kgan import files
from kgan.runs import environment, saving

# The format of checkpoints. In format 1 (kgan 0.1.0, which wrote no number) labels were three arguments of each
# network, and games had no kind.
FORMAT = 2

# The keys that every record has, and their types.
RECORD = {"step": int, "weights_sha256": str, "metrics": list, "state": dict, "environment": dict, "model": dict}
SETTINGS = ("objective", "optimizers", "data", "execution")


def save(model, folder, state, settings=None):
    """Writes a checkpoint of a compiled `Game` at its present step.

    Args:
        model: the game.
        folder: folder of checkpoints; made if it is not there.
        state: JSON-serialisable dictionary that `restore` gives back.
        settings: what `kgan.settings` says of the training; None for nothing.

    Returns:
        Path of the JSON file.
    """
    step = int(model.step.numpy())
    weights = Path(folder) / f"step-{step:08d}.weights.h5"
    files.remove_unfinished(folder)
    content = saving.weights(model)
    files.write(weights, content)
    record = {
        "format": FORMAT,
        "step": step,
        "weights_sha256": hashlib.sha256(content).hexdigest(),
        "metrics": [[float(value) for value in metric_values(metric)] for metric in model.metrics],
        "seeds": [variable.numpy().tolist() for variable in model.random_states],
        "state": state,
        "environment": environment.describe(model),
        "model": keras.saving.serialize_keras_object(model),
    }
    commit = _commit(weights)
    if settings is not None:
        record["settings"] = settings
    files.write(commit, json.dumps(record).encode())
    return commit


class NoneUsable(FileNotFoundError):
    """There are checkpoints, and none of them can be used."""


def latest(folder, check=lambda commit, record: None):
    """The newest whole checkpoint as (path, record), or None where there is none; damaged ones are named in a warning.

    Args:
        folder: of the checkpoints.
        check: called as check(commit, record), raises an error if a checkpoint lacks what is wanted of it.

    Raises:
        NoneUsable: all checkpoints are damaged.
    """
    commits = _commits(folder)
    for older in reversed(range(len(commits))):
        try:
            record = _read(commits[older])
            check(commits[older], record)
        except NoneUsable:
            raise
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            rest = "; the one before it is used" if older else ""
            warnings.warn(f"The checkpoint {commits[older]} is damaged{rest}.", stacklevel=2)
        else:
            return commits[older], record
    if commits:
        several = len(commits) > 1
        found = f"All {len(commits)} checkpoints in {folder} are" if several else f"The only checkpoint in {folder} is"
        command = " (`kgan fit --fresh` does)" if (Path(folder).parent / "recipe.yaml").is_file() else ""
        raise NoneUsable(
            f"{found} damaged. Put {'copies' if several else 'a copy'} back, or remove {'them' if several else 'it'} "
            f"to begin anew{command}."
        )
    return None


def _read(commit):
    """The record of a whole checkpoint; of a damaged one an error."""
    record = json.loads(commit.read_text(encoding="utf-8"))
    if record.get("format", 1) > FORMAT:
        raise NoneUsable(
            f"{commit} is of format {record['format']}, and this version of kgan knows formats up to {FORMAT}: a later "
            f"one wrote it; install that."
        )
    for key, kind in RECORD.items():
        if type(record[key]) is not kind:
            raise TypeError(key)
    rows = [*record["metrics"], *record.get("seeds", [])]
    if not all(isinstance(row, list) and all(type(value) in (int, float) for value in row) for row in rows):
        raise TypeError("metrics")
    if "settings" in record and not all(isinstance(record["settings"][key], dict) for key in SETTINGS):
        raise TypeError("settings")
    model = record["model"]
    if not isinstance(model["config"], dict) or not isinstance(model["registered_name"], str):
        raise TypeError("model")
    if _digest(_weights(commit)) != record["weights_sha256"]:
        raise ValueError("weights_sha256")
    return record


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
    other = ValueError(
        f"{commit}: the game there has other weights than this one. Give it the networks, the optimizers and the "
        f"callbacks that it had (some, as OlderPlayers, keep weights in it), or choose another folder."
    )
    try:
        with saving.loading_whole():
            model.load_weights(_weights(commit))
    except (ValueError, UserWarning) as error:
        raise other from error
    seeds = record.get("seeds", [])
    if len(seeds) != len(model.random_states) or len(record["metrics"]) != len(model.metrics):
        raise other
    for variable, value in zip(model.random_states, seeds, strict=True):
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
    """The game of the newest checkpoint in `folder`, with its optimizers, made from the checkpoint alone.

    Raises:
        FileNotFoundError: there is none, or none that can be used.
    """
    made = []
    found = latest(folder, lambda commit, record: made.append(_make(commit, record)))
    if found is None:
        raise FileNotFoundError(f"There is no checkpoint in {folder}; train first, with `kgan fit`.")
    return made[-1]


def _make(commit, record):
    try:
        model = keras.saving.deserialize_keras_object(record["model"])
    except Exception as error:  # Keras or any constructor may raise
        if str(error).startswith("Could not locate"):
            raise NoneUsable(
                f"{commit}: {str(error).partition('.')[0]}; import the module that defines it before loading."
            ) from error
        raise ValueError("model") from error
    if not hasattr(model, "players"):  # a Keras object, but no game
        raise TypeError("model")
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
    """The commits in the order of their steps, whatever the number of digits."""
    return sorted((path for path in Path(folder).glob("step-*.json") if _step(path) is not None), key=_step)


def _step(commit):
    digits = commit.stem.removeprefix("step-")
    return int(digits) if digits.isdecimal() else None


def _commit(weights):
    return weights.with_name(weights.name.replace(".weights.h5", ".json"))


def _weights(commit):
    return commit.with_name(commit.name.replace(".json", ".weights.h5"))


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
