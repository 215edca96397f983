"""What must hold of every network: a new one is covered when it has its line in CASES."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan import architectures
from kgan.precision import policy
from kgan.recipe import catalogue

IMAGE, VECTOR = (8, 9, 1), (3,)

# The arguments that make a network small, and how labels may enter.
CASES = {
    "DCGANGenerator": ({"image_shape": IMAGE, "latent_dim": 4, "width": 4}, ["concatenation", "batch_norm"]),
    "SNDCGANGenerator": ({"image_shape": IMAGE, "latent_dim": 4, "width": 4}, ["concatenation", "batch_norm"]),
    "ResNetGenerator": ({"image_shape": IMAGE, "latent_dim": 4, "width": 2}, ["concatenation", "batch_norm"]),
    "R3GANGenerator": ({"image_shape": IMAGE, "latent_dim": 4, "width": 4}, ["concatenation"]),
    "MLPGenerator": ({"data_shape": VECTOR, "latent_dim": 4, "units": (6, 5)}, ["concatenation"]),
    "BEGANGenerator": ({"image_shape": IMAGE, "latent_dim": 4, "width": 4}, []),
    "GaussianGenerator": ({"data_shape": VECTOR}, []),
    "DCGANEncoder": ({"image_shape": IMAGE, "latent_dim": 4, "width": 4}, ["concatenation"]),
    "MLPEncoder": ({"data_shape": VECTOR, "latent_dim": 4, "units": (6, 5)}, ["concatenation"]),
    "DCGANDiscriminator": (
        {"image_shape": IMAGE, "width": 4, "normalization": "layer"},
        ["concatenation", "projection", "auxiliary"],
    ),
    "SNDCGANDiscriminator": ({"image_shape": IMAGE, "width": 4}, ["concatenation", "projection", "auxiliary"]),
    "ResNetDiscriminator": ({"image_shape": IMAGE, "width": 2}, ["concatenation", "projection", "auxiliary"]),
    "R3GANDiscriminator": ({"image_shape": IMAGE, "width": 4}, ["concatenation", "projection", "auxiliary"]),
    "MLPDiscriminator": ({"data_shape": VECTOR, "units": (6, 5)}, ["concatenation", "projection", "auxiliary"]),
    "MLPJointDiscriminator": ({"data_shape": VECTOR, "latent_dim": 2, "units": (6, 5)}, []),
    "MLPAutoencoder": ({"data_shape": VECTOR, "units": (6,), "code_dim": 2}, []),
    "BEGANDiscriminator": ({"image_shape": IMAGE, "width": 4, "code_dim": 2}, []),
}
# Those that take or make something else: tests/architectures/test_translators.py.
ELSEWHERE = {"MLPGenerators", "PatchDiscriminator", "ResidualTranslator"}
CLASSES = {"num_classes": 3}
CONDITIONS = {"num_conditions": 2, "condition_ranges": ((1.0, 100.0), (0.0, 60.0))}
CONDITIONAL = [
    (name, conditioning, labels)
    for name, (_, ways) in CASES.items()
    for conditioning in ways
    for labels in (CLASSES, CONDITIONS)
]
VARIANTS = [(name, None, {}) for name in CASES] + CONDITIONAL
FEW = [
    case
    for name, (_, ways) in CASES.items()
    for case in ([(name, ways[0], CONDITIONS), (name, ways[-1], CLASSES)] if ways else [(name, None, {})])
]
each = pytest.mark.parametrize(("name", "conditioning", "labels"), VARIANTS)
several = pytest.mark.parametrize(("name", "conditioning", "labels"), FEW)


def make(name, conditioning=None, labels=None, **more):
    arguments = {**CASES[name][0], **({"conditioning": conditioning} if conditioning else {}), **(labels or {}), **more}
    return stirred(getattr(architectures, name)(**arguments))


def stirred(network):
    """Weights that are not the initial ones, of which some are zero."""
    rng = np.random.default_rng(0)
    for weight in network.trainable_weights:
        weight.assign_add(0.2 * rng.normal(size=weight.shape).astype("float32"))
    return network


def inputs(network, count=4):
    rng = np.random.default_rng(1)
    first, *second = network.inputs
    values = [tf.constant(rng.normal(size=[count, *first.shape[1:]]), tf.float32)]
    if second and second[0].dtype == "int32":
        values.append(tf.constant(rng.integers(0, 3, count), tf.int32))
    elif second:
        values.append(tf.constant(rng.uniform([1, 0], [100, 60], [count, 2]), tf.float32))
    return values if second else values[0]


def equal(one, other, atol=0.0):
    for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


def test_every_network_has_a_case():
    assert set(CASES) | ELSEWHERE == set(catalogue.members("kgan.architectures"))


@pytest.mark.few(30)
@each
def test_shapes_and_what_labels_do(name, conditioning, labels):
    network = make(name, conditioning, labels)
    values = inputs(network)
    first, *others = tf.nest.flatten(network(values))
    if name.endswith("Generator"):
        assert first.shape[1:] in (IMAGE, VECTOR)
    elif name in ("MLPAutoencoder", "BEGANDiscriminator"):
        assert first.shape == values.shape and others[0].shape == (4, 2)
    else:
        assert first.shape == (4, 8 if name.endswith("Encoder") else 1)
    assert (len(others) == 1) == (conditioning == "auxiliary" or name in ("MLPAutoencoder", "BEGANDiscriminator"))
    if conditioning == "auxiliary":
        assert others[0].shape == (4, 3 if labels is CLASSES else 2)
    labelled = any(tensor.name == "labels" for tensor in network.inputs)
    assert labelled == (conditioning not in (None, "auxiliary"))
    if labelled:
        x, y = values
        for row in range(4):  # the label of one example changes that example alone
            changed = tf.tensor_scatter_nd_update(y, [[row]], [(y[row] + 1) % 3])
            moved = np.abs(network([x, changed]) - first).reshape([4, -1]).max(axis=1)
            assert moved[row] > 1e-4 and np.delete(moved, row).max() < 1e-5


@pytest.mark.few(14)
@several
def test_from_its_configuration_as_json_and_as_a_clone(name, conditioning, labels):
    network = make(name, conditioning, labels)
    values = inputs(network)
    again = keras.models.model_from_json(network.to_json())
    assert type(again) is type(network) and again.get_config() == network.get_config()
    for copy in (again, keras.models.clone_model(network)):
        copy.set_weights(network.get_weights())
        equal(copy(values), network(values), atol=1e-6)


@pytest.mark.few(10)
@several
def test_mixed_precision_ends_in_float32(name, conditioning, labels):
    with policy("mixed_bfloat16"):
        network = make(name, conditioning, labels)
    full = make(name, conditioning, labels)
    full.set_weights(network.get_weights())
    values = inputs(network)
    for rough, exact in zip(tf.nest.flatten(network(values)), tf.nest.flatten(full(values)), strict=True):
        assert rough.dtype == exact.dtype == tf.float32
        spread = np.abs(exact).max()
        difference = np.abs(rough - exact).max()
        assert difference < 0.1 * spread
        assert (difference > 0) == (name != "GaussianGenerator")  # which computes in float32 under every policy
    assert {weight.dtype for weight in network.trainable_weights} == {"float32"}


@pytest.mark.parametrize(
    ("name", "conditioning", "labels"), [case for case in FEW if not case[0].endswith(("Generator", "Encoder"))]
)
def test_every_kernel_of_a_discriminator_has_a_second_derivative(name, conditioning, labels):
    network = make(name, conditioning, labels)
    values = tf.nest.flatten(inputs(network))
    x, rest = values[0], values[1:]
    weights = [weight for weight in network.trainable_weights if len(weight.shape) > 1]
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(x)
            outputs = tf.nest.flatten(network([x, *rest] if rest else x))
            score = tf.add_n([tf.reduce_sum(tf.square(output)) for output in outputs])
        penalty = tf.reduce_sum(tf.square(inner.gradient(score, x)))
    for weight, slope in zip(weights, outer.gradient(penalty, [w.value for w in weights]), strict=True):
        assert slope is not None and np.abs(tf.convert_to_tensor(slope)).max() > 0, weight.path


@pytest.mark.parametrize("name", [name for name, (_, ways) in CASES.items() if ways])
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"conditioning": "film", "num_classes": 3}, "conditioning must be None or one of concatenation.*got 'film'"),
        ({"num_classes": 3}, "labels needs conditioning, how they enter: one of concatenation"),
        ({"conditioning": "concatenation"}, "conditioning 'concatenation' needs labels, what they are"),
        (
            {"conditioning": "concatenation", "num_classes": 3, "num_conditions": 2},
            "takes Classes or Conditions; got Guesses",
        ),
        ({"conditioning": "concatenation", "num_classes": 0}, "count must be from 1 to 65536; got 0"),
        (
            {"conditioning": "concatenation", "num_conditions": 2, "condition_ranges": [[0, 1]]},
            r"a \(lowest, highest\) for each of num_conditions=2; got \[\[0, 1\]\]",
        ),
        (
            {"conditioning": "concatenation", "num_conditions": 1, "condition_ranges": [[1, 1]]},
            r"of must have a \(lowest, highest\) for each condition; got {.0.: \(1, 1\)}",
        ),
    ],
)
def test_labels_without_meaning_get_a_sentence(name, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        getattr(architectures, name)(**CASES[name][0], **arguments)
