"""The one network that classifiers have, made for the images' shape."""

import keras
import numpy as np

from kgan.precision import policy

FEATURES = 128  # at the most: what the last layer sees
WIDTHS = (32, 64, FEATURES)  # channels at each resolution, the last one for all further ones
LARGEST = 32  # pixels along the shorter side that the first convolution keeps
SMALLEST = 8  # pixels at or below which there is no further halving


def build(shape, num_classes, seed=0):
    """A Keras model from [N, *shape] in [-1, 1] to {"features": [N, d], "logits": [N, num_classes]}.

    3x3 convolutions with batch normalisation: the first at full resolution (every other pixel above 32), one of
    stride 2 for each halving down to 8 pixels or fewer, a residual one (He et al. 2016, arXiv:1512.03385), the mean
    over the pixels, and a dense layer. It computes in float32 whatever the global policy is.

    Args:
        shape: (height, width, channels).
        num_classes: at least 2.
        seed: of the initial weights.
    """
    with policy("float32"):
        side = min(shape[:2])
        stem = 1 if side <= LARGEST else 2
        inputs = keras.Input(shape)
        x = _unit(inputs, "stem", WIDTHS[0], stem, seed)
        side = -(-side // stem)
        level = 0
        while side > SMALLEST or level == 0:
            level += 1
            x = _unit(x, f"halving_{level}", WIDTHS[min(level, len(WIDTHS) - 1)], 2, seed + level)
            side = -(-side // 2)
        x = keras.layers.Add(name="residual")([x, _unit(x, "inner", x.shape[-1], 1, seed + level + 1)])
        features = keras.layers.GlobalAveragePooling2D(data_format="channels_last", name="features")(x)
        initializer = keras.initializers.GlorotUniform(seed=seed + level + 2)
        logits = keras.layers.Dense(num_classes, kernel_initializer=initializer, name="logits")(features)
        return keras.Model(inputs, {"features": features, "logits": logits}, name="classifier")


def arrays(network):
    """{"<layer>/<variable>": float32} of all weights."""
    return {
        f"{layer.name}/{variable.name}": np.array(variable) for layer in network.layers for variable in layer.variables
    }


def assign(network, values):
    """Gives the network what `arrays` gave.

    Raises:
        ValueError: another network's: a name or a shape differs.
    """
    expected = arrays(network)
    if set(values) != set(expected):
        other = sorted(set(values) ^ set(expected))[0]
        raise ValueError(f"{other} is {'missing' if other in expected else 'unknown'}")
    for layer in network.layers:
        for variable in layer.variables:
            value = values[f"{layer.name}/{variable.name}"]
            if value.shape != tuple(variable.shape) or value.dtype != np.float32:
                raise ValueError(f"{layer.name}/{variable.name} is {value.dtype} {list(value.shape)}")
            variable.assign(value)


def _unit(x, name, filters, strides, seed):
    x = keras.layers.Conv2D(
        filters,
        3,
        strides,
        "same",
        data_format="channels_last",
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(seed=seed),
        name=name,
    )(x)
    x = keras.layers.BatchNormalization(axis=-1, momentum=0.9, name=f"{name}_batchnorm")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)
