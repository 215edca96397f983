import math

import keras

from kgan.architectures import MLPDiscriminator


def networks(shape):
    return *(mapping(shape) for _ in range(2)), *(MLPDiscriminator(shape, units=(8, 8)) for _ in range(2))


def mapping(shape):
    """A network from examples to examples; its layers have names, so that two of them have one configuration."""
    layers, last = keras.layers, "tanh" if len(shape) == 3 else None
    x = keras.Input(shape, name="images")
    hidden = layers.Dense(8, activation="relu", name="hidden")(layers.Flatten(name="flat")(x))
    made = layers.Dense(math.prod(shape), activation=last, name="made")(hidden)
    return keras.Model(x, layers.Reshape(shape, name="shaped")(made), name="mapping")


def data(examples):
    return {"a": examples, "b": 0.5 * examples[::-1]}
