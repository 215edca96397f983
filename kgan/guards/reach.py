"""Which values a network's outputs can take: interval arithmetic from the outputs back to the last weights."""

import math
import warnings
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf


class Reach(NamedTuple):
    """The interval [low, high] that holds all values of an output, and the operation that bounds it.

    Example:
        >>> Reach(0.0, 1.0, "sigmoid").bounded, Reach().bounded
        (True, False)
    """

    low: float = -math.inf
    high: float = math.inf
    cause: str = ""

    @property
    def bounded(self):
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def unlimited(self):
        return math.isinf(self.low) and math.isinf(self.high)

    def __str__(self):
        return f"[{self.low:g}, {self.high:g}]"


EVERYTHING = Reach()

# Operations whose outputs lie in a fixed range.
RANGES = {
    "Sigmoid": (0, 1), "Softmax": (0, 1), "Tanh": (-1, 1), "Erf": (-1, 1), "Softsign": (-1, 1), "Sin": (-1, 1),
    "Cos": (-1, 1), "Softplus": (0, math.inf), "Exp": (0, math.inf), "Sqrt": (0, math.inf),
    "LogSoftmax": (-math.inf, 0), "Elu": (-1, math.inf), "Selu": (-1.7580993408473766, math.inf),
}  # fmt: skip
# Operations whose outputs are values of their inputs, or means of them.
PASSING = {
    "Identity", "Reshape", "Cast", "Squeeze", "ExpandDims", "Transpose", "StridedSlice", "Slice", "MaxPool", "AvgPool",
    "Mean", "Max", "Min", "ReverseV2", "Roll", "ResizeNearestNeighbor", "ResizeBilinear", "Tile", "BroadcastTo",
    "StopGradient", "PreventGradient", "GatherV2", "SpaceToDepth", "DepthToSpace", "Snapshot", "EnsureShape", "Unpack",
    "MirrorPad", "SpaceToBatchND", "BatchToSpaceND", "CheckNumerics",
}  # fmt: skip


def reaches(network):
    """The `Reach` of each output of a functional or sequential Keras model, in the order of `network.outputs`.

    Layers, Keras' operations and plain functions are looked at alike, in the graph that they make, from the output back
    to the first operation with weights, which can give anything. What is not known is taken for unlimited, so that a
    bound is always true.

    Example:
        >>> network = keras.Sequential([keras.Input([2]), keras.layers.Dense(3, activation="tanh")])
        >>> [str(reach) for reach in reaches(network)]
        ['[-1, 1]']
        >>> [str(reach) for reach in reaches(keras.Sequential([keras.Input([2]), keras.layers.Dense(3)]))]
        ['[-inf, inf]']
    """
    return [_of(tensor, {}) for tensor in network.outputs]


def _of(tensor, known):
    """The reach of a symbolic tensor of Keras; `known` holds those of a nested model's inputs by their id."""
    if id(tensor) in known:
        return known[id(tensor)]
    operation, node_index, tensor_index = tensor._keras_history
    if isinstance(operation, keras.layers.InputLayer):
        return EVERYTHING
    # A layer with a kernel and no activation, the usual last layer: it is unlimited, and need not be traced.
    if hasattr(operation, "kernel") and getattr(operation, "activation", None) is keras.activations.linear:
        return EVERYTHING
    node = operation._inbound_nodes[node_index]
    if isinstance(operation, keras.Model) and getattr(operation, "outputs", None):
        inner = {
            id(inside): _of(outside, known)
            for inside, outside in zip(operation.inputs, node.input_tensors, strict=False)
        }
        return _of(operation.outputs[tensor_index], inner)
    try:
        graph = _graph(operation, node)
    except Exception:  # a layer that cannot be called by itself tells nothing
        return EVERYTHING
    inputs = dict(zip([i.ref() for i in graph.inputs], node.input_tensors, strict=False))
    found = _interval(tf.nest.flatten(graph.structured_outputs)[tensor_index], lambda i: _input(i, inputs, known))
    activation = getattr(operation, "activation", None)
    if activation in (None, keras.activations.linear):
        return found
    return found._replace(cause=getattr(activation, "__name__", type(activation).__name__))


def _graph(operation, node):
    """One layer or operation as a graph of TensorFlow. Nothing is computed, and no state of the layer changes."""

    def call(*tensors):
        filled = {id(symbolic): tensor for symbolic, tensor in zip(node.input_tensors, tensors, strict=True)}
        with keras.StatelessScope(collect_losses=True):
            arguments, options = node.arguments.fill_in(filled)
            return operation(*arguments, **options)

    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in node.input_tensors]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the layer has said it when the network was made
        return tf.function(call, autograph=False).get_concrete_function(*specs)


def _input(placeholder, inputs, known):
    symbolic = inputs.get(placeholder.ref())
    return EVERYTHING if symbolic is None else _of(symbolic, known)


def _interval(tensor, of_input):
    """The reach of a tensor of a graph."""
    operation = tensor.op
    kind, inputs = operation.type, operation.inputs

    def at(index):
        return _interval(inputs[index], of_input)

    if kind == "Placeholder":
        return of_input(tensor)
    constant = tf.get_static_value(tensor)
    if constant is not None:
        numbers = np.asarray(constant, np.float64)
        return Reach(float(numbers.min()), float(numbers.max())) if numbers.size else EVERYTHING
    if kind in RANGES:
        return Reach(*map(float, RANGES[kind]), kind.lower())
    if kind in PASSING:
        return at(0)
    if kind == "SelectV2":
        return _hull([at(1), at(2)])
    if kind in ("ConcatV2", "Pack"):
        parts = [at(index) for index in range(len(inputs) - (kind == "ConcatV2"))]
        return _hull(parts)
    if kind in ("Split", "SplitV"):
        return at(kind == "Split")
    if kind in ("Pad", "PadV2"):
        return _hull([at(0), at(2) if kind == "PadV2" else Reach(0.0, 0.0)])
    if kind in MONOTONE:
        one = at(0)
        return Reach(*(MONOTONE[kind](operation, end) for end in one[:2]), one.cause or kind.lower())
    if kind in ("Abs", "Square", "Neg"):
        return _folded(kind, at(0))
    if kind in PAIRS:
        one, other = at(0), at(1)
        return Reach(*PAIRS[kind](one, other), one.cause or other.cause or kind.lower())
    return EVERYTHING


MONOTONE = {
    "Relu": lambda operation, end: max(end, 0.0),
    "Relu6": lambda operation, end: min(max(end, 0.0), 6.0),
    "LeakyRelu": lambda operation, end: end if end > 0 else end * operation.get_attr("alpha"),
    "Floor": lambda operation, end: end if math.isinf(end) else math.floor(end),
    "Rint": lambda operation, end: end if math.isinf(end) else round(end),
}


def _folded(kind, one):
    if kind == "Neg":
        return Reach(-one.high, -one.low, one.cause)
    far = max(abs(one.low), abs(one.high))
    near = 0.0 if one.low <= 0 <= one.high else min(abs(one.low), abs(one.high))
    return Reach(near, far, one.cause or "abs") if kind == "Abs" else Reach(near**2, far**2, one.cause or "square")


def _products(one, other):
    """The ends of all products; 0 times infinity is 0 here, since what is multiplied is finite."""
    found = [0.0 if 0 in (a, b) else a * b for a in one[:2] for b in other[:2]]
    return min(found), max(found)


def _quotients(one, other):
    if other.low <= 0 <= other.high:
        return -math.inf, math.inf
    return _products(one, Reach(1 / other.high, 1 / other.low))


def _hull(parts):
    cause = next((part.cause for part in parts if part.cause), "")
    return Reach(min(part.low for part in parts), max(part.high for part in parts), cause)


PAIRS = {
    "AddV2": lambda one, other: (one.low + other.low, one.high + other.high),
    "Add": lambda one, other: (one.low + other.low, one.high + other.high),
    "Sub": lambda one, other: (one.low - other.high, one.high - other.low),
    "Mul": _products,
    "RealDiv": _quotients,
    "Maximum": lambda one, other: (max(one.low, other.low), max(one.high, other.high)),
    "Minimum": lambda one, other: (min(one.low, other.low), min(one.high, other.high)),
}
