"""What must hold of every layer: a new one is covered when it has its line in CASES."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as stock

from kgan import layers
from kgan.configurable import arguments
from kgan.randomness import Draws, noise_from
from kgan.recipe import catalogue

IMAGES, VECTORS, CLASSES = [8, 8, 8], [5], []

# How a layer is made, and the shapes of its inputs, without the batch; a label's shape is CLASSES.
CASES = {
    "BatchNormalization": [
        (lambda **kw: layers.BatchNormalization(**kw), [IMAGES]),
        (lambda **kw: layers.BatchNormalization(synchronized=False, center=False, **kw), [VECTORS]),
    ],
    "ConditionalBatchNormalization": [
        (lambda **kw: layers.ConditionalBatchNormalization(3, **kw), [IMAGES, CLASSES]),
        (lambda **kw: layers.ConditionalBatchNormalization(**kw), [VECTORS, [2]]),
    ],
    "Dropout": [(lambda **kw: layers.Dropout(0.5, **kw), [IMAGES])],
    "GaussianNoise": [(lambda **kw: layers.GaussianNoise(0.1, **kw), [VECTORS])],
    "GroupNormalization": [
        (lambda **kw: layers.GroupNormalization(4, epsilon=1e-3, **kw), [IMAGES]),
        (lambda **kw: layers.GroupNormalization(1, epsilon=1e-3, **kw), [VECTORS]),
    ],
    "LayerNormalization": [
        (lambda **kw: layers.LayerNormalization(epsilon=1e-3, **kw), [IMAGES]),
        (lambda **kw: layers.LayerNormalization(epsilon=1e-3, **kw), [VECTORS]),
    ],
    "IndexedDense": [(lambda **kw: layers.IndexedDense(4, 3, **kw), [VECTORS, CLASSES])],
    "InstanceNormalization": [(lambda **kw: layers.InstanceNormalization(epsilon=1e-3, **kw), [IMAGES])],
    "MinibatchDiscrimination": [(lambda **kw: layers.MinibatchDiscrimination(3, 2, **kw), [VECTORS])],
    "MinibatchStddev": [
        (lambda **kw: layers.MinibatchStddev(**kw), [IMAGES]),
        (lambda **kw: layers.MinibatchStddev(None, **kw), [VECTORS]),
    ],
    "Projection": [
        (lambda **kw: layers.Projection(3, spectral_norm=True, **kw), [VECTORS, CLASSES]),
        (lambda **kw: layers.Projection(**kw), [VECTORS, [2]]),
    ],
    "ReferenceBatch": [(lambda **kw: layers.ReferenceBatch(4, **kw), [VECTORS])],
    "ReflectionPadding": [(lambda **kw: layers.ReflectionPadding(2, **kw), [IMAGES])],
    "SelfAttention": [
        (lambda **kw: layers.SelfAttention(**kw), [IMAGES]),
        (lambda **kw: layers.SelfAttention(spectral_norm=True, **kw), [IMAGES]),
    ],
    "SpectralNormalization": [
        (lambda dtype=None: layers.SpectralNormalization(stock.Dense(4, dtype=dtype), 2), [VECTORS]),
        (lambda dtype=None: layers.SpectralNormalization(stock.Conv2D(4, 3, dtype=dtype)), [IMAGES]),
        (lambda dtype=None: layers.SpectralNormalization(stock.Embedding(3, 4, dtype=dtype)), [CLASSES]),
    ],
    "VirtualBatchNormalization": [(lambda **kw: layers.VirtualBatchNormalization(**kw), [IMAGES, IMAGES])],
}
NOISE = ("Dropout", "GaussianNoise")
EACH = [(name, *case) for name, cases in CASES.items() for case in cases]
each_case = pytest.mark.parametrize(
    ("name", "make", "shapes"), EACH, ids=[f"{n}-{i}" for i, (n, *_) in enumerate(EACH)]
)


def inputs(shapes, count=4, dtype="float32", seed=0):
    rng = np.random.default_rng(seed)
    values = [
        rng.integers(0, 3, count) if shape == CLASSES else rng.normal(size=[count, *shape]).astype(dtype)
        for shape in shapes
    ]
    values = [tf.constant(value) for value in values]
    return values if len(values) > 1 else values[0]


def model(make, shapes, **kw):
    x = [keras.Input(shape, dtype="int64" if shape == CLASSES else None) for shape in shapes]
    x = x if len(x) > 1 else x[0]
    return keras.Model(x, make(**kw)(x))


def stirred(network):
    """Weights that are not the initial ones, so that what is not kept shows."""
    rng = np.random.default_rng(0)
    network.set_weights([weight + 0.3 * rng.random(weight.shape).astype("float32") for weight in network.get_weights()])
    return network


def equal(one, other, **tolerance):
    for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
        np.testing.assert_allclose(tf.cast(a, "float64"), tf.cast(b, "float64"), **{"rtol": 0, "atol": 0, **tolerance})


def test_every_layer_has_a_case():
    assert set(CASES) == set(layers.__all__) == set(catalogue.members("kgan.layers"))


@each_case
def test_the_configuration_round_trips(name, make, shapes):
    layer = make(dtype="mixed_bfloat16")
    config = layer.get_config()
    again = type(layer).from_config(config)
    assert again.get_config() == config and again.name == layer.name
    assert type(layer).__name__ == name and set(arguments(type(layer))) <= set(config)
    assert again.dtype_policy.name == layer.dtype_policy.name
    assert keras.saving.get_registered_name(type(layer)) == f"kgan>{name}"


@each_case
def test_saved_cloned_and_exported_it_computes_the_same(name, make, shapes, tmp_path):
    network, x = stirred(model(make, shapes)), inputs(shapes)
    expected = network(x)
    network.save(tmp_path / "model.keras")
    equal(keras.models.load_model(tmp_path / "model.keras")(x), expected)
    clone = keras.models.clone_model(network)
    clone.set_weights(network.get_weights())
    equal(clone(x), expected)
    fresh = model(make, shapes)
    network.save_weights(tmp_path / "model.weights.h5")
    fresh.load_weights(tmp_path / "model.weights.h5")
    equal(fresh(x), expected)
    network.export(tmp_path / "export", verbose=False)
    served = tf.saved_model.load(tmp_path / "export")
    equal(served.serve(x), expected, rtol=1e-5, atol=1e-5)


@each_case
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_keeps_the_weights_in_float32(name, make, shapes, policy):
    whole = stirred(model(make, shapes))
    half = model(make, shapes, dtype=policy)
    half.set_weights(whole.get_weights())
    assert all(weight.dtype == "float32" for weight in half.weights)
    x = inputs(shapes)
    outputs = half(x)
    assert {output.dtype.name for output in tf.nest.flatten(outputs)} == {policy.removeprefix("mixed_")}
    equal(outputs, whole(x), rtol=0.05, atol=0.1)
    # An average of the generator computes in float32, whatever the policy was.
    for layer in half._flatten_layers():
        layer.dtype_policy = "float32"
    equal(half(x), whole(x), rtol=1e-5, atol=1e-5)


@each_case
@pytest.mark.parametrize("graph", [False, True])
def test_first_and_second_derivatives_are_those_of_differences(name, make, shapes, graph):
    """Of weighed squares of d sum(sin(3 y)) / dx in every weight and in x, in float64; in a graph too, where kernels
    reuse memory.
    """
    if name == "ReferenceBatch" or shapes == [CLASSES]:
        return  # it does not depend on x
    layer, x = make(dtype="float64"), inputs(shapes, dtype="float64")
    layer(x)
    rng = np.random.default_rng(1)
    for weight in layer.trainable_weights:
        weight.assign(weight.numpy() + 0.2 * rng.normal(size=weight.shape))
    floats = tf.nest.flatten(x)[0]
    uneven = tf.constant(rng.uniform(0.5, 2, size=floats.shape))

    def penalty(first):
        # Noise layers draw the same numbers each time.
        with noise_from(lambda layer: Draws(0, "noise")), tf.GradientTape() as tape:
            tape.watch(first)
            outputs = layer([first, *x[1:]] if isinstance(x, list) else first, training=True)
            value = tf.add_n([tf.reduce_sum(tf.sin(3 * output)) for output in tf.nest.flatten(outputs)])
        # Unevenly, as the layers before would: in an even sum the terms that tf.nn.moments loses cancel.
        return tf.reduce_sum(uneven * tf.square(tape.gradient(value, first)))

    def slopes(first):
        with tf.GradientTape() as tape:
            tape.watch(first)
            value = penalty(first)
        found = tape.gradient(value, [*[variable.value for variable in variables], first])
        for variable, gradient in zip(variables, found, strict=False):
            assert gradient is not None, f"{variable.path} has no second derivative"
        return [tf.convert_to_tensor(gradient) for gradient in found]

    variables = layer.trainable_weights
    *gradients, of_input = (tf.function(slopes) if graph else slopes)(floats)
    for variable, gradient in zip(variables, gradients, strict=True):
        before, direction = variable.numpy(), rng.normal(size=variable.shape)
        ends = []
        for sign in (1, -1):
            variable.assign(before + sign * 1e-6 * direction)
            ends.append(float(penalty(floats)))
        variable.assign(before)
        along = float(np.sum(gradient * direction))
        assert along == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-6), variable.path
    direction = rng.normal(size=floats.shape)
    numeric = (float(penalty(floats + 1e-6 * direction)) - float(penalty(floats - 1e-6 * direction))) / 2e-6
    assert float(tf.reduce_sum(of_input * direction)) == pytest.approx(numeric, rel=1e-4, abs=1e-6)


@each_case
def test_only_batch_statistics_know_of_training(name, make, shapes):
    network, x = model(make, shapes), inputs(shapes)
    before = network.get_weights()
    inference, training = network(x, training=False), network(x, training=True)
    changed = [
        variable.name for old, variable in zip(before, network.weights, strict=True)
        if not np.array_equal(old, variable.numpy())
    ]  # fmt: skip
    if name in ("BatchNormalization", "ConditionalBatchNormalization"):
        assert changed == ["moving_mean", "moving_variance"]
    else:
        assert not changed
        if name in NOISE:
            assert np.any(inference != training)
        else:
            equal(inference, training)


@each_case
def test_compiled_by_xla_it_computes_the_same(name, make, shapes):
    network, x = stirred(model(make, shapes)), inputs(shapes)

    @tf.function(jit_compile=True)
    def compiled(x):
        return network(x, training=True)

    stale = network.get_weights()
    outputs = compiled(x)
    network.set_weights(stale)
    if name in NOISE:  # XLA draws other numbers
        assert np.isfinite(outputs).all() and np.any(outputs != network(x))
        return
    equal(outputs, network(x, training=True), rtol=1e-4, atol=1e-4)


@each_case
def test_any_batch_size_known_or_not(name, make, shapes):
    network = stirred(model(make, shapes))
    specs = [tf.TensorSpec([None, *shape], tf.int64 if shape == CLASSES else tf.float32) for shape in shapes]
    unknown = tf.function(lambda *x: network(list(x) if len(x) > 1 else x[0]), input_signature=specs)
    for count in (1, 4, 8):
        x = inputs(shapes, count)
        outputs = unknown(*tf.nest.flatten(x))
        equal(outputs, network(x), rtol=1e-4, atol=1e-5)
        for output in tf.nest.flatten(outputs):
            assert np.isfinite(output).all() and output.shape[0] == (4 if name == "ReferenceBatch" else count)
    for output in network.outputs:
        assert output.shape[0] in (None, 4) and None not in output.shape[1:]


@pytest.mark.parametrize("name", CASES)
def test_the_catalogue_shows_its_arguments(name):
    text = catalogue.describe(name).splitlines()
    assert text[0] == f"{name} (layers)"
    for argument in arguments(getattr(layers, name)):
        assert any(line.startswith(f"  {argument}") for line in text[text.index("Arguments and defaults:") :])
    assert "arxiv.org/abs/" in " ".join(text)
