"""CycleGAN's networks: what they see of an image."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.architectures import MLPGenerators, PatchDiscriminator, ResidualTranslator
from kgan.layers import InstanceNormalization, ReflectionPadding
from kgan.precision import policy


@pytest.mark.parametrize(("halvings", "field"), [(0, 1), (1, 16), (2, 34), (3, 70), (4, 142)])
def test_a_score_sees_a_patch_of_the_published_size(halvings, field):
    """By the support of its gradient, with positive kernels and without normalisation, through which all is seen."""
    side = max(32, field + field // 2)
    side = side if side // 2**halvings >= 4 else 4 * 2**halvings
    network = PatchDiscriminator((side, side, 1), width=1, halvings=halvings)
    x = tf.Variable(tf.ones([1, side, side, 1]))
    with tf.GradientTape() as tape:
        y = x
        for layer in network.layers[1:]:
            if not isinstance(layer, InstanceNormalization):
                y = layer(y) if not layer.weights else tf.nn.bias_add(
                    tf.nn.conv2d(y, tf.ones_like(layer.kernel.value), layer.strides, "VALID"), layer.bias.value
                )  # fmt: skip
        score = y[0, y.shape[1] // 2, y.shape[2] // 2, 0]
    seen = np.nonzero(tape.gradient(score, x).numpy()[0, :, :, 0].sum(axis=1))[0]
    assert seen.max() - seen.min() + 1 == field


def test_reflection_is_numpys():
    x = np.random.default_rng(0).normal(size=(2, 5, 6, 3)).astype("float32")
    padded = np.pad(x, [(0, 0), (2, 2), (2, 2), (0, 0)], mode="reflect")
    np.testing.assert_array_equal(ReflectionPadding(2)(x), padded)
    with pytest.raises(ValueError, match="needs images of more than 5 pixels"):
        ReflectionPadding(5)(x)


def test_a_translator_keeps_the_sides_and_refuses_what_it_cannot_halve():
    assert ResidualTranslator((12, 20, 3), channels=1, width=2, halvings=2, blocks=1).output_shape == (None, 12, 20, 1)
    with pytest.raises(ValueError, match="multiples of 4; the images are 30x28"):
        ResidualTranslator((30, 28, 1), width=2)
    with pytest.raises(ValueError, match="too small for 3 halvings"):
        PatchDiscriminator((28, 28, 1))


@pytest.mark.parametrize(
    "make",
    [
        lambda: ResidualTranslator((8, 12, 3), channels=1, width=2, halvings=1, blocks=1),
        lambda: PatchDiscriminator((8, 12, 1), width=2, halvings=1),
        lambda: MLPGenerators((2,), generators=3, latent_dim=4, units=(5, 6)),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_saved_and_copied_they_compute_the_same(make, dtype, tmp_path):
    with policy(dtype):
        network = make()
    shapes = [[4, *tensor.shape[1:]] for tensor in network.inputs]
    rng = np.random.default_rng(0)
    values = [
        tf.constant(rng.integers(0, 3, shape) if "int" in tensor.dtype else rng.normal(size=shape), tensor.dtype)
        for shape, tensor in zip(shapes, network.inputs, strict=True)
    ]
    values = values if len(values) > 1 else values[0]
    made = network(values)
    assert made.dtype == "float32"
    network.save(tmp_path / "network.keras")
    again = type(network).from_config(network.get_config())
    again.set_weights(network.get_weights())
    for other in (again, keras.models.load_model(tmp_path / "network.keras")):
        np.testing.assert_array_equal(other(values), made)
        assert other.get_config() == network.get_config()
