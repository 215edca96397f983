"""Intervals of outputs: exact where activations are simple, and the same however an activation is written."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.guards.reach import reaches
from kgan.layers import SpectralNormalization

L, ops = keras.layers, keras.ops
SHAPE = (6, 6, 2)


class Own(L.Layer):
    """A layer of a user's own: 2 sigmoid(x W) - 1."""

    def build(self, input_shape):
        self.kernel_ = self.add_weight(shape=(input_shape[-1], 3))

    def call(self, inputs):
        return tf.sigmoid(inputs @ self.kernel_) * 2 - 1


def nested(activation):
    return keras.Sequential([keras.Input([4]), L.Dense(3), L.Activation(activation), L.Reshape((3, 1))])


ENDS = {
    "dense": (lambda x, f: L.Dense(1, activation="sigmoid")(f), 0, 1),
    "function": (lambda x, f: L.Dense(1, activation=tf.nn.sigmoid)(f), 0, 1),
    "operation": (lambda x, f: ops.sigmoid(f), 0, 1),
    "lambda": (lambda x, f: L.Lambda(tf.tanh)(f), -1, 1),
    "softmax": (lambda x, f: L.Softmax()(f), 0, 1),
    "hard": (lambda x, f: L.Activation("hard_sigmoid")(f), 0, 1),
    "clipped": (lambda x, f: ops.clip(f, -2, 3), -2, 3),
    "nested": (lambda x, f: nested("tanh")(f), -1, 1),
    "through a nested model": (
        lambda x, f: keras.Sequential([keras.Input([4]), L.Reshape((2, 2))])(ops.tanh(f)),
        -1,
        1,
    ),
    "reshaped": (lambda x, f: L.Reshape((2, 2))(L.Activation("tanh")(f)), -1, 1),
    "cropped": (lambda x, f: L.Cropping2D(1)(L.Conv2D(1, 3, activation="tanh")(x)), -1, 1),
    "upsampled": (lambda x, f: L.UpSampling2D()(L.Conv2D(1, 3, activation="sigmoid")(x)), 0, 1),
    "transposed": (lambda x, f: L.Conv2DTranspose(1, 3, activation="tanh")(x), -1, 1),
    "float32": (lambda x, f: L.Activation("linear", dtype="float32")(ops.tanh(f)), -1, 1),
    "rescaled": (lambda x, f: L.Rescaling(127.5, 127.5)(ops.tanh(f)), 0, 255),
    "sum": (lambda x, f: L.Add()([ops.tanh(f), ops.sigmoid(f)]), -1, 2),
    "padded": (lambda x, f: L.ZeroPadding2D()(L.Conv2D(1, 3, activation="sigmoid")(x) + 1), 0, 2),
    "own": (lambda x, f: Own()(f), -1, 1),
    "spectral": (lambda x, f: SpectralNormalization(L.Dense(1, activation="sigmoid"))(f), 0, 1),
    "distributed": (lambda x, f: L.TimeDistributed(L.Dense(1, activation="sigmoid"))(L.Reshape((2, 2))(f)), 0, 1),
    "relu": (lambda x, f: L.ReLU()(f), 0, math.inf),
    "log sigmoid": (lambda x, f: L.Activation("log_sigmoid")(f), -math.inf, 0),
    "linear": (lambda x, f: L.Dense(1)(f), -math.inf, math.inf),
    "leaky": (lambda x, f: L.LeakyReLU(0.2)(f), -math.inf, math.inf),
    "normalised": (lambda x, f: L.BatchNormalization()(ops.sigmoid(f)), -math.inf, math.inf),
    "both": (lambda x, f: L.Concatenate()([ops.tanh(f), f]), -math.inf, math.inf),
    "recurrent": (lambda x, f: L.LSTM(2)(L.Reshape((2, 2))(f)), -math.inf, math.inf),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("policy", ["float32", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)])
def test_the_interval_is_that_of_the_activation(end, policy):
    from kgan import precision

    make, low, high = ENDS[end]
    with precision.policy(policy):
        x = keras.Input(SHAPE)
        network = keras.Model(x, make(x, L.Dense(4)(L.Flatten()(x))))
    before = network.get_weights()
    (reach,) = reaches(network)
    assert (reach.low, reach.high) == (low, high)
    values = np.asarray(network(np.random.default_rng(0).normal(size=(64, *SHAPE)).astype("float32") * 50), np.float32)
    assert reach.low <= values.min() and values.max() <= reach.high
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert network.losses == []


def test_each_output_has_its_own_and_says_what_bounds_it():
    x = keras.Input([3])
    network = keras.Model(x, [L.Dense(1)(x), L.Dense(2, activation="softmax")(x), L.Activation("hard_sigmoid")(x)])
    one, two, three = reaches(network)
    assert one.unlimited and not one.bounded
    assert (two.cause, three.cause) == ("softmax", "hard_sigmoid") and str(two) == "[0, 1]"


def test_a_layer_that_cannot_be_called_alone_tells_nothing():
    class Strange(L.Layer):
        calls = 0

        def call(self, inputs):
            type(self).calls += 1
            if self.calls > 2:
                raise RuntimeError
            return tf.sigmoid(inputs)

    x = keras.Input([3])
    network = keras.Model(x, Strange()(x))
    Strange.calls = 10
    assert reaches(network)[0].unlimited
