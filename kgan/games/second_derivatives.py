"""Layers of which TensorFlow and Keras lose a part of the second derivatives, without a word, and who needs them.

A penalty of gradients, consensus optimisation and unrolling take derivatives of gradients. There `tf.nn.moments`, with
which Keras normalises, takes the mean for a constant; bilinear resizing has none; max pooling to the same size gives
zeros, since its kernel writes over what it still has to read; and Keras' spectral normalisation knows of no sigma.
Which layers these are was found by differences; tests/games/test_second_derivatives.py does it again.
"""

import contextlib
import contextvars
import weakref

import tensorflow as tf
from keras import layers

from kgan.layers import BatchNormalization
from kgan.randomness import noise_from

_loading = contextvars.ContextVar("loading", default=False)
_seen: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # networks, and for what they were found to be right

POOLING = (layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D)
RESIZING = "AveragePooling2D, strides, or UpSampling2D(interpolation='nearest')"
SMALLER = "strides above 1, padding='valid' or AveragePooling"
MOMENTS = "the layers of kgan.layers, or the mean of (x - mean)^2"


@contextlib.contextmanager
def loading():
    """While it lasts, `check_layers` refuses nothing: what was saved may be sampled. Training it is another matter."""
    token = _loading.set(True)
    try:
        yield
    finally:
        _loading.reset(token)


def check_layers(game):
    """Refuses a player with a layer that would lose a part of the second derivatives which the game needs.

    Args:
        game: with `differentiated_twice()`: {player: what needs its second derivatives}.

    Raises:
        ValueError: names the layer and its replacement.
    """
    for player, purpose in {} if _loading.get() else game.differentiated_twice().items():
        for layer in getattr(game, player)._flatten_layers():
            instead = replacement(layer)
            if instead:
                raise ValueError(
                    f"The {player}'s {layer.name!r} (Keras' {type(layer).__name__}) loses a part of its second "
                    f"derivative in TensorFlow, without a word, and {purpose} needs it; use {instead}."
                )


def replacement(layer):
    """What to use instead of a layer whose second derivatives are wrong; None of one whose are right.

    A subclass with a `call` of its own is judged by its operations alone, see `check`.
    """
    if _is(layer, layers.LayerNormalization) and not getattr(layer, "rms_scaling", False):
        return (
            "kgan.layers.LayerNormalization, which is over all of an example's values, or keras.layers.RMSNormalization"
        )
    if _is(layer, layers.GroupNormalization):
        return "kgan.layers.GroupNormalization"
    if _is(layer, layers.BatchNormalization) and not isinstance(layer, BatchNormalization):
        wrong = layer.trainable and (layer.renorm or not layer.synchronized)  # a frozen one has fixed statistics
        return "kgan.layers.BatchNormalization" if wrong else None
    if _is(layer, layers.SpectralNormalization):
        return "kgan.layers.SpectralNormalization"
    if (_is(layer, layers.UpSampling2D) and layer.interpolation != "nearest") or _is(layer, layers.Resizing):
        return RESIZING
    if any(_is(layer, pooling) for pooling in POOLING) and _same_size(layer):
        return SMALLER
    return None


def _is(layer, kind):
    return isinstance(layer, kind) and type(layer).call is kind.call


def _same_size(pooling):
    strides, sizes = tf.nest.flatten(pooling.strides), tf.nest.flatten(pooling.pool_size)
    return set(strides) == {1} and (pooling.padding == "same" or set(sizes) == {1})


def check(tensor, game):
    """Refuses what `check_layers` cannot know, such as layers of one's own, by the operations that made a tensor.

    Args:
        tensor: made of gradients, and about to be differentiated.
        game: as in `check_layers`.

    Raises:
        ValueError: names the operation and what to use instead.
    """
    if game._moment.observing and game._moment.norms is None:
        return  # nothing is differentiated
    check_layers(game)
    needs = game.differentiated_twice()
    if not tf.executing_eagerly():
        _refuse(_lost_backwards(_behind(tensor)), " and ".join(dict.fromkeys(needs.values())))
    elif game.distribute_strategy.num_replicas_in_sync == 1:
        for player, purpose in (needs or dict.fromkeys(game.judges)).items():
            _check_network(getattr(game, player), purpose)


def _check_network(network, purpose):
    """Eagerly there are no operations to look at, so that the network is traced once, forwards.

    Without a purpose nobody has said that there are gradients, and only what resizes is refused.
    """
    if purpose not in _seen.setdefault(network, set()):
        specs = [tf.TensorSpec(x.shape, x.dtype) for x in network.inputs]
        forwards = tf.function(lambda *inputs: network(list(inputs) if len(inputs) > 1 else inputs[0], training=True))
        with noise_from(None):  # this trace must not count as a call of the noise layers in the step
            graph = forwards.get_concrete_function(*specs).graph
        lost = _lost_forwards(graph.get_operations())
        _refuse(((operation, why) for operation, why in lost if purpose or why is RESIZES), purpose)
        _seen[network].add(purpose)


def _refuse(lost, purpose):
    for operation, (fault, instead) in lost:
        raise ValueError(
            f"{operation.name} {fault}, which has no second derivative in TensorFlow, but {purpose or 'the loss'} "
            f"needs one; use {instead}."
        )


RESIZES = ("resizes bilinearly", RESIZING)
POOLS = ("takes maxima without making the image smaller", SMALLER)
NORMALIZES = ("normalises by tf.nn.moments", MOMENTS)


def _lost_backwards(operations):
    """Yields the operations that lose second derivatives, of those of a forward and a backward pass, and why."""
    squares = {_inputs(operation) for operation in operations if operation.type == "SquaredDifference"}
    for operation in operations:
        if operation.type == "ResizeBilinearGrad":
            yield operation, RESIZES
        elif operation.type in ("MaxPoolGrad", "MaxPool3DGrad") and _alike(*operation.inputs[:2]):
            yield operation, POOLS
        # `_of_moments` lets the derivative of (x - constant)^2 pass, which has such a subtraction too.
        elif operation.type == "Sub" and _inputs(operation) in squares and _of_moments(operation):
            yield operation, NORMALIZES


def _lost_forwards(operations):
    """Yields the operations that would lose second derivatives, of those of a forward pass, and why."""
    for operation in operations:
        if operation.type == "ResizeBilinear":
            yield operation, RESIZES
        elif operation.type in ("MaxPool", "MaxPool3D") and _alike(operation.inputs[0], operation.outputs[0]):
            yield operation, POOLS
        elif operation.type == "SquaredDifference" and _of_moments(operation):
            yield operation, NORMALIZES


def _inputs(operation):
    return tuple(tensor.ref() for tensor in operation.inputs)


def _alike(one, other):
    """Whether two images have the same sides; False where they are not known."""
    return one.shape[1:].is_fully_defined() and one.shape[1:] == other.shape[1:]


def _of_moments(operation):
    """Whether it takes the difference from a mean that is taken for a constant, of something that a player learns."""
    x, constant = operation.inputs
    if constant.op.type != "StopGradient":
        return False
    return any(found.type in ("ReadVariableOp", "ResourceGather") for found in _behind(x, differentiable=True))


def _behind(tensor, differentiable=False):
    """All operations of a graph on which a tensor depends; with `differentiable`, those to which gradients flow."""
    operations, seen = [tensor.op], set()
    while operations:
        operation = operations.pop()
        if operation not in seen and not (differentiable and operation.type == "StopGradient"):
            seen.add(operation)
            operations += [part.op for part in operation.inputs if part.dtype.is_floating or not differentiable]
    return seen
