"""What a training was asked for, and how what it is asked for now differs.

A training that goes on from a checkpoint takes its weights, its optimizers' state and its step. The rest comes from the
script, and a script that was edited in between would go on as another training.
"""

import codecs
import hashlib
import json
import marshal
import math
import os
import types

import keras
import numpy as np
import tensorflow as tf

from kgan import configurable, labels

ROWS = 64  # of arrays that are looked at
MOST = 6  # differences that a person wants to read

# Settings whose names in these records differ from what a script calls them.
WORDS = {
    "data.batch": "batch size of the data",
    "data.batches": "number of batches of the data",
    "data.elements": "element_spec of the data",
}

# Keys of Keras' configurations that are no settings. Names are automatic, and `environment` compares the precision.
NO_SETTINGS = {"name", "module", "registered_name", "build_config", "compile_config", "shared_object_id", "dtype"}


def of_optimizers(game):
    """The settings of the optimizers as a game is compiled, before any callback changes a learning rate: JSON."""
    return json.dumps({f"{player}_optimizer": _object(getattr(game, f"{player}_optimizer")) for player in game.players})


def of_training(game, x, y=None, batch_size=None, shuffle=True):
    """What a call of `fit` asks for, in plain containers.

    Args:
        game: compiled game.
        x, y, batch_size, shuffle: as `fit` gets them.

    Returns:
        {"objective": ..., "optimizers": ..., "execution": ..., "data": ...}
    """
    arguments = {}
    config = game.get_config()
    for name in configurable.arguments(type(game)):
        arguments[name] = _plain(config[name], seeds=not _layers(getattr(game, name, None)))
    asked = {
        "objective": {"class": type(game).__name__, "arguments": arguments},
        "optimizers": json.loads(_optimizers(game)) if game.compiled else {},
        "data": _data(x, y, batch_size, shuffle),
        "execution": game._execution if game.compiled else {},
    }
    return json.loads(json.dumps(asked))


def _optimizers(game):
    """The optimizers' settings: of now before the first update (a script may have set them), else of `compile`."""
    begun = any(int(optimizer.iterations.numpy()) for optimizer in game.optimizer.optimizers)
    return game._asked if begun else of_optimizers(game)


def agreed(before, now, compiled):
    """What a training that goes on is asked for: what it was, if nothing differs that matters.

    Args:
        before: what `of_training` gave when the training began.
        now: what it gives.
        compiled: the compile configuration of the checkpoint, whose learning rates callbacks may have changed. A game
            that was loaded has these.

    Returns:
        (what is asked for, differences that matter, differences in how the step is executed).
    """
    present = {name: _plain(value) for name, value in compiled.items() if name in before["optimizers"]}
    before = _upgraded(before, now) | {"data": _with_batch(before["data"], now["data"])}
    execution = differences(before["execution"], now["execution"])
    before = before | {"execution": now["execution"]}
    found = differences(before, now)
    if found and not differences(before | {"optimizers": json.loads(json.dumps(present))}, now):
        found = []
    return before, found, execution


def _upgraded(before, now):
    """Settings as format 1 noted them, in the words of `now`: labels were three arguments, priors
    were names, and games had no kind."""
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [_upgraded(one, other) for one, other in zip(before, now, strict=True)]
    if not isinstance(before, dict) or not isinstance(now, dict):
        return before
    made = {key: _upgraded(value, now.get(key)) for key, value in before.items()}
    old, new = made.get("arguments"), now.get("arguments")
    if before.get("class") != now.get("class") or not isinstance(old, dict) or not isinstance(new, dict):
        return made
    if "labels" in new and "labels" not in old:
        told = {name: old.pop(name) for name in labels.SEPARATE if name in old}
        old["labels"] = json.loads(json.dumps(_object(labels.joined(**told)))) if any(told.values()) else None
    if isinstance(old.get("prior"), str) and "prior" in new:
        old["prior"] = {"class": old["prior"].capitalize(), "arguments": {}}
    if "kind" in new and "kind" not in old:
        old["kind"] = new["kind"]
    return made


def _with_batch(before, now):
    """A data record of an earlier kgan, which noted no batch size for such data, completed by today's."""
    batch = {name: value for name, value in now.get("arguments", {}).items() if name == "batch"}
    if before.get("class") != now.get("class") or not batch:
        return before
    return before | {"arguments": batch | before.get("arguments", {})}


def differences(before, now):
    """What differs, as ["discriminator_steps 5 -> 2", "generator_optimizer.learning_rate 0.0002 -> 0.005"].

    Example:
        >>> differences({"data": {"batch_size": 16, "seed": 0}}, {"data": {"batch_size": 48, "seed": 0}})
        ['data.batch_size 16 -> 48']
    """
    return list(_differences("", before, now))


def said(found):
    """Differences as words, the first few of them.

    Example:
        >>> said(["seed 0 -> 1"] * 8)
        'seed 0 -> 1, seed 0 -> 1, seed 0 -> 1, seed 0 -> 1, seed 0 -> 1, seed 0 -> 1 and 2 more'
    """
    rest = f" and {len(found) - MOST} more" if len(found) > MOST else ""
    return ", ".join(found[:MOST]) + rest


# --- objects ---


def _object(thing):
    try:
        return _plain(keras.saving.serialize_keras_object(thing))
    except Exception:  # a class that cannot be serialized may raise anything; its name is compared instead
        return {"class": type(thing).__name__, "arguments": {}}


def _plain(value, seeds=True, names=None):
    """A configuration with settings alone, which are the same when the same script runs again.

    Args:
        value: of a configuration.
        seeds: whether a seed is a setting.
        names: {name: number} of the layers of the network around it.
    """
    if isinstance(value, dict):
        if value.get("class_name") == "__lambda__":
            return _function(value["config"])
        if "class_name" in value and "config" in value:
            return _serialized(value, seeds, names)
        if isinstance(value.get("layers"), list):
            layers = [layer for layer in value["layers"] if isinstance(layer, dict)]
            names = {layer.get("name") or _name(layer.get("config")): n for n, layer in enumerate(layers)}
        dropped = NO_SETTINGS if seeds else NO_SETTINGS | {"seed"}
        kept = {key: item for key, item in value.items() if key not in dropped}
        return {str(key): _plain(item, seeds, names) for key, item in kept.items()}
    if isinstance(value, list | tuple):
        if len(value) == 3 and isinstance(value[1], int) and names and isinstance(value[0], str):
            value = [names.get(value[0], value[0]), *value[1:]]  # an output of a layer
        return [_plain(item, seeds, names) for item in value]
    return _leaf(value)


def _name(config):
    return config.get("name") if isinstance(config, dict) else None


def _serialized(value, seeds, names):
    """{class, arguments} of what Keras calls {class_name, config} and more; where a layer's inputs come from stays."""
    config = value["config"]
    if value["class_name"] == "SeedGenerator":
        config = {}
    if not isinstance(config, dict):  # a function's name, or a tensor
        return _plain(config, seeds, names)
    made = {"class": value["class_name"], "arguments": _plain(config, seeds, names)}
    if "inbound_nodes" in value:
        made["inputs"] = _plain(value["inbound_nodes"], seeds, names)
    return made


def _function(config):
    """A lambda's code, so that moving it within the file is no change."""
    config = config if isinstance(config, dict) else {}
    try:
        code = marshal.loads(codecs.decode(config["code"].encode("ascii"), "base64"))
    except (KeyError, ValueError, EOFError, TypeError, AttributeError):
        return {"class": "lambda", "arguments": {}}
    meaning = [_meaning(code), config.get("defaults"), config.get("closure")]
    return {"class": "lambda", "arguments": {"code": hashlib.sha256(repr(meaning).encode()).hexdigest()[:8]}}


def _meaning(code):
    constants = [_meaning(one) if isinstance(one, types.CodeType) else one for one in code.co_consts]
    return code.co_code, code.co_names, constants


def _layers(value):
    values = value if isinstance(value, list | tuple) else [value]
    return any(isinstance(one, keras.layers.Layer) for one in values)


def _leaf(value):
    if isinstance(value, np.ndarray | tf.Tensor):
        return _array(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, np.generic):
        return _leaf(value.item())
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, float):
        return str(value)  # nan is not nan
    return getattr(value, "__name__", type(value).__name__)


# --- data ---


def _data(x, y, batch_size, shuffle):
    known = getattr(x, "settings", None)
    if known is not None:
        return {"class": "stream", "arguments": {**known, "dataset": _dataset(known["dataset"])}}
    if isinstance(x, tf.data.Dataset | tf.distribute.DistributedDataset):
        count = getattr(x, "cardinality", lambda: -2)()
        batches = ({"batches": int(count)} if int(count) >= 0 else {}) | _batched(x)
        return {"class": "tf.data.Dataset", "arguments": {"elements": str(x.element_spec), **batches}}
    try:
        arrays = [_array(part) for part in tf.nest.flatten([x, y]) if part is not None]
    except (AttributeError, TypeError, ValueError):  # a generator or loader, whose data cannot be looked at
        return {"class": type(x).__name__, "arguments": {}}
    arguments = {"batch_size": batch_size or 32, "shuffle": bool(shuffle), "arrays": arrays}
    return {"class": "arrays", "arguments": arguments}


def _batched(x):
    """{"batch": size} of a data set that ends in `batch(size)`, whatever comes after it; {} where that is not known.

    The size stands in the data set, and nothing is read: to read a batch may cost, and change what comes next.
    """
    while x is not None:
        size = tf.get_static_value(getattr(x, "_batch_size", None)) if hasattr(x, "_batch_size") else None
        if size is not None and np.ndim(size) == 0:
            return {"batch": int(size)}
        x = getattr(x, "_input_dataset", None)
    return {}


def _dataset(dataset):
    try:
        config = dataset.get_config()
    except AttributeError:  # the script's own class, which does not keep its arguments as attributes
        config = {}
    arguments = {name: _content(value) for name, value in config.items()}
    parts = getattr(dataset, "parts", None)
    if parts:  # a set made of others, which are compared one by one
        return {"class": type(dataset).__name__, "arguments": {name: _dataset(part) for name, part in parts.items()}}
    shape = [int(side) for side in dataset.data_shape]
    made = {"class": type(dataset).__name__, "arguments": arguments, "examples": len(dataset), "shape": shape}
    # A file may have changed under the same name, so some examples are compared as well.
    some = dataset.batch(np.unique(np.linspace(0, len(dataset) - 1, ROWS).astype(int)))
    return made | {"arrays": [_array(np.asarray(part)) for part in some if part is not None]}


def _content(value):
    """An argument of a data set, with everything in it."""
    if isinstance(value, dict):
        return {str(key): _content(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_content(item) for item in value]
    return _leaf(value)


def _array(array):
    """Shape, type and a digest of some rows, evenly spread."""
    shape = [int(side) for side in array.shape]
    rows = (
        [np.asarray(array)]
        if not shape
        else [
            np.asarray(array[int(row)]) for row in np.unique(np.linspace(0, shape[0] - 1, ROWS).astype(int)) if shape[0]
        ]
    )
    found = hashlib.sha256()
    for row in rows:
        if not row.dtype.hasobject:
            found.update(np.ascontiguousarray(row).data)
    kind = getattr(array.dtype, "name", str(array.dtype))
    return {"shape": shape, "type": kind, "content": found.hexdigest()[:8]}


# --- differences ---


def _differences(path, before, now):
    if isinstance(before, dict) and isinstance(now, dict):
        if before.get("class") != now.get("class"):
            yield _line(path, before.get("class"), now.get("class"))
            return
        for key in dict.fromkeys([*before, *now]):
            # These keys only group the settings; the names that a person reads leave them out.
            hidden = key == "arguments" or (not path and key in ("objective", "optimizers", "execution"))
            place = path if hidden else f"{path}.{key}" if path else key
            yield from _differences(place, before.get(key), now.get(key))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, (one, other) in enumerate(zip(before, now, strict=True)):
            yield from _differences(f"{path}.{number}", one, other)
    elif before != now:
        yield _line(path, before, now)


def _line(path, before, now):
    words = [_word(before), _word(now)]
    if words[0] == words[1]:
        words = [repr(before), repr(now)]
    return f"{WORDS.get(path, path) or 'objective'} {words[0]} -> {words[1]}"


def _word(value):
    """A value as a person wrote it; of an object its class."""
    if isinstance(value, list):
        return f"[{', '.join(_word(item) for item in value[:4])}{', ...' if len(value) > 4 else ''}]"
    if isinstance(value, dict):
        return value.get("class") or "{...}"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
