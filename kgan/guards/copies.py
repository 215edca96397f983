"""Copies of networks: that a network can be copied at all, and that its copy computes the same.

Keras copies a layer by its config. What a layer does not write there it cannot have in a copy, nor in a file.
"""

import contextlib
import random

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.common import global_state
from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

ROWS = 4
# Relative to the largest output. A copy has the same operations; another order of sums differs by far less.
SAME = 1e-3


def copied(role, network, labels=None):
    """A copy of `network` with the same weights, which computes the same.

    Both are run once on a few fixed numbers, if the network has a layer that is neither Keras' nor kgan's, whose
    configs are known to be whole. A network that differs from itself when it is run twice, or that does not take such
    numbers, is not compared.

    Args:
        role: what to call the network.
        network: functional or sequential Keras model.
        labels: function of n that gives n labels, for a network that takes some as its second input.

    Raises:
        ValueError: there is no copy, or it computes something else; names the layers if they can be found.
    """
    try:
        copy = keras.models.clone_model(network)
    except Exception as error:  # a layer's constructor may raise anything
        raise ValueError(f"{_uncopied(role, network)} ({_first_line(error)})") from None
    copy.set_weights(network.get_weights())
    inputs = _numbers(network, labels) if _strange(network) else None
    if inputs is None:
        return copy
    with _random_states_kept([*network.variables, *copy.variables]):
        made = _made(network, inputs)
        if made is not None and not _alike(made, _made(copy, inputs)) and _alike(made, _made(network, inputs)):
            raise ValueError(_other(role, network, copy))
    return copy


def _strange(network):
    return any(type(layer).__module__.partition(".")[0] not in ("keras", "kgan") for layer in network._flatten_layers())


def _numbers(network, labels):
    """Inputs for a few examples, always the same; None where their shape is not known."""
    shapes = [[ROWS if axis == 0 and side is None else side for axis, side in enumerate(one.shape)]
              for one in network.inputs]  # fmt: skip
    if len(shapes) > 2 or None in [side for shape in shapes for side in shape]:
        return None
    latents = np.random.default_rng(0).normal(size=shapes[0]).astype("float32")
    return latents if len(shapes) == 1 else [latents, labels(shapes[1][0])]


def _made(network, inputs):
    """What a network makes of the inputs, float32; None if it does not take them."""
    # Runs in a graph: eager random operations would advance TensorFlow's global sequence of seeds.
    run = tf.function(lambda given: tf.nest.flatten(network(given, training=False)), autograph=False)
    given = tf.nest.map_structure(tf.constant, inputs)
    try:
        return [tf.cast(one, tf.float32).numpy() for one in run.get_concrete_function(given)(given)]
    except (tf.errors.OpError, TypeError, ValueError):
        return None


def _alike(made, again):
    if again is None:
        return False
    for one, other in zip(made, again, strict=True):
        if one.shape != other.shape:
            return False
        known = np.isfinite(one)
        size = max(np.abs(one[known]).max(initial=0), 1e-30)
        if (known != np.isfinite(other)).any() or np.abs(one[known] - other[known]).max(initial=0) > SAME * size:
            return False
    return True


@contextlib.contextmanager
def _random_states_kept(variables):
    """Puts Keras' random states back, those of layers and its own, so that what follows draws what it would have."""
    own, chance = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR), random.getstate()
    states = [variable for variable in variables if variable.name == "seed_generator_state"]
    states += [own.state] if own is not None else []
    before = [variable.numpy() for variable in states]
    try:
        yield
    finally:
        for variable, value in zip(states, before, strict=True):
            variable.assign(value)
        global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, own)
        random.setstate(chance)


# --- what is wrong ---


def _uncopied(role, network):
    names = []
    for layer in network._flatten_layers(include_self=False):
        try:
            type(layer).from_config(layer.get_config())
        except Exception:  # a constructor may raise anything
            names.append(f"{layer.name!r} ({type(layer).__name__})")
    where = f"{', '.join(names)} of the {role}" if names else f"the {role}"
    return (
        f"Keras cannot make {where} again from its config, for an average or a file: write a Layer whose get_config "
        f"has all arguments, and register classes and functions (with a name) by "
        f"keras.saving.register_keras_serializable."
    )


def _first_line(error):
    line = str(error).rpartition("Exception encountered: ")[2].strip().split("\n")[0].split(". ")[0].rstrip(".")
    return line if len(line) <= 120 else f"{line[:117]}..."


def _other(role, network, copy):
    pairs = zip(network._flatten_layers(include_self=False), copy._flatten_layers(include_self=False), strict=False)
    found = [
        f"{layer.name!r} ({type(layer).__name__}: {', '.join(differing)})"
        for layer, other in pairs
        if (differing := _differing(layer, other))
    ]
    where = f" Look at {', '.join(found)}." if found else ""
    return (
        f"A copy of the {role}, which Keras makes from the layers' configs, computes something else than the {role}: "
        f"its average and its files would be wrong. Some get_config lacks an argument.{where}"
    )


def _differing(layer, other):
    """The attributes of two layers that are numbers or words, and not the same, as ["factor is 2.0 and 1.0"]."""
    plain = (bool, int, float, str, tuple)
    return [
        f"{name} is {value!r} and {vars(other)[name]!r}"
        for name, value in vars(layer).items()
        if not name.startswith("_") and name != "name" and isinstance(value, plain)
        and isinstance(vars(other).get(name), plain) and vars(other)[name] != value
    ]  # fmt: skip
