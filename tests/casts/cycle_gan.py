import math

import keras

from kgan.architectures import MLPDiscriminator


def networks(shape):
    return *(mapping(shape) for _ in range(2)), *(MLPDiscriminator(shape, units=(8, 8)) for _ in range(2))


def mapping(shape):
    """A network from examples to examples."""
    x = keras.Input(shape, name="images")
    hidden = keras.layers.Dense(8, activation="relu")(keras.layers.Flatten()(x))
    made = keras.layers.Dense(math.prod(shape), activation="tanh" if len(shape) == 3 else None)(hidden)
    return keras.Model(x, keras.layers.Reshape(shape)(made))


def data(examples):
    return {"a": examples, "b": 0.5 * examples[::-1]}
