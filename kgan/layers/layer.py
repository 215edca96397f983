"""What the layers of this room share."""

import keras
import tensorflow as tf

from kgan.configurable import Configurable


class Layer(Configurable, keras.layers.Layer):
    """A Keras layer that its constructor's arguments describe, beside Keras' own: name, trainable and dtype."""

    def get_config(self):
        return {**keras.layers.Layer.get_config(self), **super().get_config()}


def moments(x, axes):
    """Mean and variance with the axes kept, and with right second derivatives.

    Those of `tf.nn.moments`, and so of Keras' BatchNormalization, LayerNormalization and GroupNormalization, lack the
    mean's part.
    """
    mean = tf.reduce_mean(x, axes, keepdims=True)
    return mean, tf.reduce_mean(tf.square(x - mean), axes, keepdims=True)


def check_at_least(minimum, **values):
    for name, value in values.items():
        if value is not None and value < minimum:
            raise ValueError(f"{name} must be at least {minimum}; got {value}.")


def check_momentum(momentum):
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must be in [0, 1); got {momentum}.")


def check_rank(layer, shape, ranks, wanted):
    """Refuses an input whose number of axes, the batch's included, is none of `ranks`."""
    if len(shape) not in ranks or not all(isinstance(side, int | None) for side in shape):
        raise ValueError(f"{type(layer).__name__} takes {wanted}; got the shape {shape}.")


def two_shapes(layer, input_shape, wanted):
    """The shapes of a pair of inputs."""
    if len(input_shape) != 2 or any(isinstance(shape, int | None) for shape in input_shape):
        raise ValueError(f"{type(layer).__name__} takes a pair, {wanted}; got the shape {input_shape}.")
    return input_shape


def check_condition(layer, shape):
    """Classes are integers [N], other conditions are vectors [N, d]."""
    if layer.num_classes is not None:
        check_rank(layer, shape, [1], "classes as integers, [N]")
    else:
        check_rank(layer, shape, [2], "conditions as vectors, [N, d], unless num_classes is given")
