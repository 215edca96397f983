"""The one network that classifiers have, made for the images' shape."""

import math

import keras
import numpy as np

from kgan.precision import policy

STEM = 32  # channels at full resolution
WIDTHS = (48, 96, 128)  # and at the last three resolutions; before these as many as at the first of them
FEATURES = WIDTHS[-1]  # what the last layer sees
LARGEST = 32  # pixels along the shorter side that the first convolution keeps
SMALLEST = 4  # pixels: with fewer halvings the mean would be over patches, none of which has seen a whole image


def build(shape, num_classes, seed=0):
    """A Keras model from [N, *shape] in [-1, 1] to {"features": [N, d], "logits": [N, num_classes]}.

    3x3 convolutions with batch normalisation: the first at full resolution (every other pixel above 32); for each
    halving down to 4 pixels or fewer one of stride 2 and a residual one (He et al. 2016, arXiv:1512.03385); then the
    mean over the pixels, and a dense layer. It computes in float32 whatever the global policy is.

    Args:
        shape: (height, width, channels).
        num_classes: at least 2.
        seed: of the initial weights.
    """
    with policy("float32"):
        side = min(shape[:2])
        stem = 1 if side <= LARGEST else 2
        inputs = keras.Input(shape)
        x = _unit(inputs, "stem", STEM, stem, seed)
        side = -(-side // stem)
        halvings = max(math.ceil(math.log2(side / SMALLEST)), 1)
        widths = [WIDTHS[0]] * (halvings - len(WIDTHS)) + list(WIDTHS[-halvings:])
        for level, width in enumerate(widths, start=1):
            x = _unit(x, f"halving_{level}", width, 2, seed + 2 * level)
            inner = _unit(x, f"inner_{level}", width, 1, seed + 2 * level + 1)
            x = keras.layers.Add(name=f"residual_{level}")([x, inner])
        features = keras.layers.GlobalAveragePooling2D(data_format="channels_last", name="features")(x)
        initializer = keras.initializers.GlorotUniform(seed=seed + 2 * halvings + 2)
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
