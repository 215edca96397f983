"""Which labels a game's networks know, and what becomes of labels that they do not."""

import itertools

import keras
import numpy as np
import tensorflow as tf

from kgan.guards.refusals import Refused
from kgan.labels import Classes, Conditions

# Keras' layers through which class numbers go unchanged.
PASSING = ("Flatten", "Reshape", "Identity", "Squeeze", "ExpandDims", "Cast", "RepeatVector", "GetItem")


class LabelRules:
    """What the networks of a game make of labels: classes from 0 to num_classes - 1, vectors, or nothing.

    Args:
        spec: shape and type of a batch of labels; None where there are none.
        num_classes: how many classes all networks know; None where labels are no classes, or no layer tells.
        ranges: (lowest, highest) of each condition, where the networks were told; else None.
        conditions: whether the networks were told that vectors are conditions.

    Attributes:
        seen: whether a training has shown its labels.
        everywhere: whether all networks have an input for labels.
        one_hot: whether a label is a vector of 0 and one 1; not known, and so False, before `learn` has seen labels.

    Example:
        >>> y = keras.Input([], dtype="int32")
        >>> z = keras.Input([2])
        >>> both = keras.layers.Concatenate()([z, keras.layers.Embedding(8, 4)(y)])
        >>> LabelRules.of([(keras.Model([z, y], both), y)]).num_classes
        8
    """

    def __init__(self, spec=None, num_classes=None, ranges=None, conditions=False):
        self.spec = spec
        self.dtype = None if spec is None else np.dtype(tf.as_dtype(spec.dtype).as_numpy_dtype)
        # An Embedding takes floats too, and Keras' inputs are float32 unless they are told otherwise.
        single = spec is not None and len(spec.shape) <= 2 and all(side == 1 for side in spec.shape[1:])
        self.classes = spec is not None and (self.dtype.kind in "iu" or bool(num_classes and single))
        self.num_classes = num_classes if self.classes else None
        self.ranges = None if self.classes or ranges is None else np.array(ranges, "float32").T
        self.conditions, self.one_hot, self.seen, self.everywhere = conditions, False, False, True

    @classmethod
    def of(cls, inputs):
        """The rules of several networks, which get the same labels.

        Args:
            inputs: (network, its symbolic input for labels, or None) of each.
        """
        labelled = [(network, tensor) for network, tensor in inputs if tensor is not None]
        if not labelled:
            return cls()
        known = [count for network, tensor in labelled if (count := classes_of(network, tensor)) is not None]
        told = [network.labels for network, _ in labelled if isinstance(getattr(network, "labels", None), Conditions)]
        ranges = next((labels.ranges for labels in told if labels.ranges), None)
        rules = cls(labelled[0][1], min(known) if known else None, ranges, bool(told))
        rules.everywhere = len(labelled) == len(inputs)
        return rules

    def limit(self, count):
        """Says that a network, such as a classifier with so many columns, knows no more than `count` classes."""
        self.num_classes = min(count, self.num_classes or count)

    def example(self, n):
        """n labels that the networks know: the first class, or the lowest of all conditions."""
        low = 0 if self.ranges is None else self.ranges[0]
        return np.broadcast_to(np.asarray(low, self.dtype), [n, *self.spec.shape[1:]])

    def learn(self, labels):
        """Looks whether vectors of a training are one-hot."""
        self.seen = True
        if self.spec is None or self.classes or self.conditions or len(self.spec.shape) != 2:
            return
        values = np.asarray(labels)
        if values.ndim == 2 and values.shape[1] > 1 and len(values):
            self.one_hot = bool(np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all())

    # --- in a graph ---

    def admitted(self, labels):
        """The tensor `labels`, for which whoever uses it waits until it is certain that the networks know them.

        An Embedding would take -1 for its last class and train it; one-hot vectors would be all 0.
        """
        if labels is None or self.spec is None:
            return labels
        self._check_shape(labels.shape)
        checks = [_assert(*condition) for condition in self._conditions(labels)]
        with tf.control_dependencies([check for check in checks if check is not None]):
            return tf.identity(labels)

    def _check_shape(self, given):
        """Refuses vectors for class numbers, and class numbers for vectors, before Keras does on a page."""
        width = self.spec.shape[-1] if len(self.spec.shape) == 2 else 1
        if given.rank not in (1, 2) or len(self.spec.shape) > 2:
            return
        found = 1 if given.rank == 1 else given[1]
        if found is not None and width is not None and found != width:
            cure = "numpy.argmax(labels, axis=1) makes classes of one-hot vectors"
            if found == 1:
                cure = f"numpy.eye({width})[classes] makes vectors of classes"
            wanted = f"vectors of {width} numbers" if width > 1 else "one number"
            shape = f"got the shape {given.as_list()}; {cure}.{self._elsewhere()}"
            raise Refused(f"labels: expected {wanted} for each example, {shape}")

    def _elsewhere(self):
        """How a network of somebody's own takes labels, where one does not."""
        if self.everywhere:
            return ""
        return " (A network takes labels as its second input: keras.Model([z, label], image), or [image, label].)"

    def wait(self, labels):
        """Whether labels are numbers for vectors, and no training has shown yet if these are one-hot."""
        vectors = self.spec is not None and not self.classes and len(self.spec.shape) == 2 and self.spec.shape[1] != 1
        return vectors and not self.seen and np.ndim(labels) == 1

    def _conditions(self, labels):
        """(what must hold, the sentence, the numbers that say what there is instead)."""
        y = tf.cast(labels, tf.float64)  # whatever they are: truth values, bytes, floats
        ends = [tf.reduce_min(y), "to", tf.reduce_max(y)]
        if self.num_classes:
            known = tf.reduce_all((y >= 0) & (y < self.num_classes) & (y == tf.floor(y)))
            yield known, f"labels: expected classes from 0 to {self.num_classes - 1}, got some from", ends
        elif self.classes and tf.as_dtype(labels.dtype).is_floating:
            yield tf.reduce_all(y == tf.floor(y)), "labels: expected whole numbers of classes, got some from", ends
        if not self.classes:
            finite = tf.reduce_all(tf.math.is_finite(y))
            yield finite, "labels: expected finite numbers, got NaN or infinity among numbers from", ends
            if self.ranges is not None:
                low, high = self._limits()
                inside = tf.reduce_all((y >= low) & (y <= high))
                yield inside, f"labels: expected conditions within {self._told()}, got some from", ends

    def _limits(self):
        """The ranges, a hair wider: conditions that were written in another precision are no others."""
        low, high = self.ranges.astype("float64")
        slack = 1e-5 * (high - low)
        return low - slack, high + slack

    def _told(self):
        return " and ".join(f"[{low:g}, {high:g}]" for low, high in self.ranges.T)

    # --- before a graph ---

    def values(self, n, labels):
        """Labels for n samples as the generator takes them, an array: one for all, or n of them.

        Class numbers become vectors where the training's labels were one-hot.

        Raises:
            ValueError: labels of another kind, shape or range.
        """
        try:
            given = np.asarray(labels)
        except ValueError:  # rows of several lengths
            given = np.asarray(None)
        if given.dtype.kind not in "biuf":
            raise ValueError(f"labels: expected numbers, or vectors of one length; got {labels!r:.60}.")
        shape = list(self.spec.shape[1:])
        if self.classes:
            self._check_classes(given)
        else:
            given = self._vectors(given, n, shape)
            self._check_conditions(given)
        return spread(given.astype(self.dtype), n, shape)

    def _check_classes(self, given):
        largest = self.num_classes - 1 if self.num_classes else np.iinfo(self.dtype).max
        wrong = given[~((given == given.round()) & (given >= 0) & (given <= largest))] if given.size else given
        if wrong.size:
            raise ValueError(f"labels: expected classes from 0 to {largest}; got {wrong[0]}.")

    def _vectors(self, given, n, shape):
        """Class numbers of a one-hot generator as vectors; anything else as it is."""
        if not self.one_hot or given.ndim > 1:
            return given
        (count,) = shape
        whole = given == np.round(given)
        vector = given.shape == (count,) and np.isin(given, (0, 1)).all() and given.sum() == 1
        # Floats are taken for a vector, since people write classes as integers.
        if vector and n == count > 1 and given.dtype.kind != "f":
            raise ValueError(
                f"labels: {given.tolist()} can mean one vector for all samples, or a class for each; give vectors, as "
                f"numpy.eye({count})[classes]."
            )
        if vector or not whole.all():
            return given
        if ((given < 0) | (given >= count)).any():
            raise ValueError(f"labels: expected classes from 0 to {count - 1}, or vectors; got {given.tolist()}.")
        return np.eye(count)[given.astype(int)]

    def _check_conditions(self, given):
        wrong = given[~(np.abs(given) <= np.finfo(self.dtype).max)]
        if wrong.size:
            raise ValueError(f"labels: expected finite numbers; got {wrong[0]}.")
        if self.ranges is not None and given.shape[-1:] in (self.ranges.shape[1:], (), (1,)):
            low, high = self._limits()
            if ((given < low) | (given > high)).any():
                raise ValueError(
                    f"labels: expected conditions within {self._told()}, which the generator was told of; got numbers "
                    f"from {given.min():g} to {given.max():g}."
                )


def spread(given, n, shape):
    """One label for all of n samples, or n labels, as an array [n, *shape].

    A number is no label where labels are vectors of several: it would be taken for all of them.

    Example:
        >>> spread(np.array([1.0, 2.0]), 3, [2]).shape
        (3, 2)
        >>> spread(np.array([1.0, 2.0]), 2, [1]).tolist()
        [[1.0], [2.0]]
    """
    if shape == [1] and given.shape in ((), (n,)):
        given = given.reshape([-1, 1]) if given.ndim else given.reshape([1])
    if list(given.shape) in (shape, [1, *shape]):
        return np.broadcast_to(given, [n, *shape])
    if list(given.shape) == [n, *shape]:
        return given
    numbers = " If they are classes, give vectors: numpy.eye(K)[classes]." if len(shape) == 1 and given.ndim < 2 else ""
    raise ValueError(
        f"labels: expected one for all samples, of shape {shape}, or one for each, {[n, *shape]}; got the shape "
        f"{list(given.shape)}.{numbers if shape and shape != [1] else ''}"
    )


def classes_of(network, tensor):
    """How many classes an input of a network has, as its layers tell; None where none does.

    The network itself (its `labels`, or `num_classes`), an Embedding, a one-hot encoding and kgan's conditional layers
    tell, also inside nested models.
    """
    if isinstance(getattr(network, "labels", None), Classes):
        return network.labels.count
    if getattr(network, "num_classes", None):
        return network.num_classes
    found = list(_consumers(network, tensor))
    return min(found) if found else None


def _consumers(network, tensor):
    """The numbers of classes of all layers that take `tensor` as classes."""
    graph = getattr(network, "_functional", None) or network  # a Sequential keeps one inside
    for node in itertools.chain.from_iterable(graph._nodes_by_depth.values()):
        index = next((i for i, given in enumerate(node.input_tensors) if given is tensor), None)
        if index is None or node.is_input:
            continue
        operation = node.operation
        operation = getattr(operation, "layer", operation)  # SpectralNormalization, TimeDistributed
        told = [getattr(operation, name, None) for name in ("input_dim", "num_classes", "num_tokens")]
        if isinstance(operation, keras.Model):
            yield from _consumers(operation, operation.inputs[index])
        elif any(isinstance(count, int) and count for count in told):
            yield next(count for count in told if isinstance(count, int) and count)
        elif isinstance(operation, keras.layers.Layer) and (inside := _embeddings(operation)):
            yield from inside
        elif type(operation).__name__ in PASSING:
            for output in node.output_tensors:
                yield from _consumers(network, output)


def _embeddings(layer):
    """How many classes the embeddings know that a layer of somebody's own holds."""
    return [part.input_dim for part in layer._flatten_layers() if isinstance(part, keras.layers.Embedding)]


def _assert(condition, sentence, numbers):
    if not tf.executing_eagerly():
        return tf.debugging.Assert(condition, [sentence, *numbers], summarize=4)
    if not condition:
        found = " ".join(str(number if isinstance(number, str) else number.numpy()) for number in numbers)
        raise Refused(f"{sentence} {found}.")
    return None
