"""The first batch of whatever `fit` is given, for somebody to look at before it is trained on."""

import types

import keras
import numpy as np
import tensorflow as tf

from kgan.guards.batches import ARRAYS
from kgan.guards.pictures import some_rows


def seen_first(x, y, look):
    """The data (x, y), whose first batch `look(examples, labels)` sees before the first step does.

    Arrays and kgan's streams are looked at now, a `tf.data.Dataset` and a generator when they give their first batch:
    nothing is read twice, and no later batch costs anything but a counter.

    Args:
        x, y: as `fit` takes them.
        look: function of NumPy arrays, the examples perhaps a dictionary of them, the labels None where there are
            none, and of `examined=True` if a data set has itself looked at its range; what it raises ends the training.

    Returns:
        (x, y, exceptions of `look` that were raised inside a `tf.data.Dataset`).
    """
    failed = []
    if hasattr(x, "peek"):
        look(*_pair(x.peek()), examined=x.examined)
    elif isinstance(x, tf.data.Dataset):
        return _looked_at(x, look, failed), y, failed
    elif isinstance(x, keras.utils.PyDataset):
        look(*_pair(x[0]))
    elif isinstance(x, types.GeneratorType):
        x = _begun(x, look)
    elif isinstance(x, dict) and all(isinstance(part, ARRAYS) for part in x.values()):
        look({name: np.asarray(some_rows(part)) for name, part in x.items()}, None)
    elif isinstance(x, ARRAYS):
        labels = y if isinstance(y, ARRAYS | list) else None
        look(np.asarray(some_rows(x)), None if labels is None else np.asarray(some_rows(labels)))
    return x, y, failed


def _begun(batches, look):
    first = next(batches, None)
    if first is not None:
        look(*_pair(first))
        yield first
        yield from batches


def _pair(batch):
    """Examples and labels of a batch, as NumPy arrays."""
    examples, labels, _ = keras.utils.unpack_x_y_sample_weight(batch)
    if isinstance(examples, dict):
        return {name: np.asarray(part) for name, part in examples.items()}, None
    if isinstance(examples, list | tuple):
        return None, None
    return np.asarray(examples), None if labels is None or isinstance(labels, dict | list | tuple) else np.asarray(
        labels
    )


def _looked_at(x, look, failed):
    def see(*tensors):
        arrays = [tensor.numpy() for tensor in tensors]
        try:
            if names:
                look(dict(zip(names, arrays, strict=True)), None)
            else:
                look(*arrays, *[None] * (2 - len(arrays)))
        except Exception as error:
            failed.append(error)
            raise

    # The names of the parts, where examples are dictionaries.
    names = list(x.element_spec) if isinstance(x.element_spec, dict) else []

    def once(index, *batch):
        if names and all(tf.is_tensor(batch[0][name]) for name in names):
            parts = [batch[0][name] for name in names]
            seen = tf.cond(index == 0, lambda: _called(see, parts), lambda: tf.constant(True))
            with tf.control_dependencies([seen]):
                return {name: tf.identity(part) for name, part in zip(names, parts, strict=True)}
        tensors = [part for part in batch if tf.is_tensor(part)]
        if len(tensors) != len(batch) or not tensors:
            return batch if len(batch) > 1 else batch[0]
        seen = tf.cond(index == 0, lambda: _called(see, tensors[:2]), lambda: tf.constant(True))
        with tf.control_dependencies([seen]):
            tensors = [tf.identity(tensor) for tensor in tensors]
        return tuple(tensors) if len(tensors) > 1 else tensors[0]

    def flat(index, batch):
        return once(index, *batch) if isinstance(batch, tuple) else once(index, batch)

    return x.enumerate().map(flat)


def _called(function, tensors):
    with tf.control_dependencies([tf.py_function(function, tensors, [])]):
        return tf.constant(True)
