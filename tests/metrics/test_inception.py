"""The network against torch-fidelity's, the resize against its definition, and what is independent of what."""

import dataclasses
import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.metrics import inception, inception_weights
from kgan.metrics.clean_resize import clean_resize
from kgan.metrics.inception import Inception
from kgan.metrics.inception_layout import AVERAGE, MAXIMUM, STEPS, Branches, shapes
from kgan.precision import policy

# Of torch-fidelity 0.4.0's network with the weights and pictures below: every 512th feature and every 252nd logit.
REFERENCE = [
    (
        [[0.0, 0.0806855857, 0.3246548176, 12.2927646637], [0.0, 0.0947189778, 0.173056066, 12.0779266357]],
        [
            [17.2239360809, 3.0997197628, -23.0348167419, 9.4903526306],
            [17.0540523529, 2.5111567974, -22.8916225433, 9.3537197113],
        ],
        [
            [17.2562370300, 3.5362482071, -22.5973663330, 9.6823272705],
            [17.0863533020, 2.9476852417, -22.4541721344, 9.5456943512],
        ],
    ),
    (
        [[0.0, 0.1089322269, 0.3221917450, 13.5543766022]],
        [[18.6637401581, 3.6780860424, -24.1153984070, 10.6414651871]],
        [[18.6960411072, 4.1146144867, -23.6779479980, 10.8334398270]],
    ),
    (
        [[0.0, 0.0975427479, 0.3825519681, 13.0272274017]],
        [[19.2709579468, 4.2978787422, -23.8948135376, 10.8359031677]],
        [[19.3032588959, 4.7344074249, -23.4573631287, 11.0278778076]],
    ),
]


@functools.cache
def arrays():
    """Weights made from a seed; RandomState's numbers never change."""
    random, found = np.random.RandomState(0), {}
    for name, shape in inception_weights.expected().items():
        numbers = random.random_sample(shape).astype(np.float32)
        if name.endswith("/kernel"):
            numbers = (2 * numbers - 1) * np.float32((6 / np.prod(shape[:-1])) ** 0.5)
        elif name.endswith(("/gamma", "/moving_variance")):
            numbers = 0.5 + numbers
        else:
            numbers = numbers - np.float32(0.5)
        found[name] = numbers
    return found


def pictures():
    random = np.random.RandomState(1)
    shapes = (2, 32, 32, 3), (1, 48, 80, 3), (1, 340, 400, 3)
    return [random.randint(0, 256, shape).astype(np.uint8) for shape in shapes]


@pytest.fixture(scope="module")
def network():
    """Made under another policy than it computes in."""
    weights = inception_weights.Weights(arrays(), "seeded", "0" * 64)
    with pytest.MonkeyPatch.context() as patch, policy("mixed_bfloat16"):
        patch.setattr(inception_weights, "load", lambda path: weights)
        return Inception("seeded")


@pytest.mark.slow
def test_the_numbers_of_torch_fidelity(network):
    for images, wanted in zip(pictures(), REFERENCE, strict=True):
        same_as(network(images), wanted)


def same_as(found, wanted):
    for name, step, values in zip(inception.OUTPUTS, (512, 252, 252), wanted, strict=True):
        size = np.abs(found[name]).max()
        np.testing.assert_allclose(found[name][:, ::step] / size, np.array(values) / size, rtol=0, atol=3e-6)


# --- what people have instead of the network, each of which the numbers above tell from it ---


@pytest.fixture(scope="module")
def true(network):
    return network(pictures()[0])["features"][:1]


def told_apart(found, true):
    """Features move by more than a thousandth of the largest, and the comparison with torch-fidelity's fails."""
    found = {name: np.asarray(values) for name, values in found.items()}
    assert np.abs(found["features"] - true).max() > 1e-3 * np.abs(true).max()
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        same_as(found, [values[:1] for values in REFERENCE[0]])


def scaled(pixels):
    return (tf.cast(pixels, tf.float32) - 128.0) * 0.0078125


OTHER_INPUTS = {
    "x / 127.5 - 1": lambda x: inception.resize(x) / 127.5 - 1,
    "half-pixel centres": lambda x: scaled(tf.image.resize(x, [299, 299])),
    "aligned corners": lambda x: scaled(
        tf.raw_ops.ResizeBilinear(images=x, size=[299, 299], align_corners=True, half_pixel_centers=False)
    ),
    "clean-fid's bicubic": lambda x: scaled(clean_resize(x)),
    "blue, green, red": lambda x: scaled(inception.resize(x[..., ::-1])),
}


@pytest.mark.parametrize("name", OTHER_INPUTS)
def test_another_preprocessing_is_told_apart(network, true, name):
    images = pictures()[0][:1]
    told_apart(network._compute(OTHER_INPUTS[name](images)), true)


def without_gamma(monkeypatch):
    return {name: np.ones_like(values) if name.endswith("/gamma") else values for name, values in arrays().items()}


def with_torchs_epsilon(monkeypatch):
    monkeypatch.setattr(inception, "EPSILON", 1e-5)
    return arrays()


@pytest.mark.parametrize("change", [without_gamma, with_torchs_epsilon])
def test_another_normalisation_is_told_apart(network, true, change, monkeypatch):
    try:
        inception.assign(network.network, change(monkeypatch))
        told_apart(network._compute(scaled(inception.resize(pictures()[0][:1]))), true)
    finally:
        monkeypatch.undo()
        inception.assign(network.network, arrays())


def padding_counted(step, x):
    if step.kind == "average":
        x = keras.layers.ZeroPadding2D(1)(x)
        step = dataclasses.replace(step, padding="valid")
    return POOL(step, x)


def last_pool_averages(steps):
    return *steps[:-1], changed(steps[-1], lambda step: AVERAGE if step == MAXIMUM else step)


def splits_in_the_other_order(steps):
    def turned(step):
        return Branches(step.name, step.steps[::-1]) if isinstance(step, Branches) else step

    return *steps[:-2], changed(steps[-2], turned), changed(steps[-1], turned)


def changed(block, change):
    return Branches(block.name, tuple(tuple(change(step) for step in branch) for branch in block.steps))


POOL = inception._pool


@pytest.mark.parametrize(
    "name, value",
    [
        ("_pool", padding_counted),
        ("STEPS", last_pool_averages(STEPS)),
        ("STEPS", splits_in_the_other_order(STEPS)),
    ],
    ids=["padding counted", "last pool averages", "splits in the other order"],
)
def test_another_network_is_told_apart(true, name, value, monkeypatch):
    monkeypatch.setattr(inception, name, value)
    other = inception.build()
    inception.assign(other, arrays())
    told_apart(other(scaled(inception.resize(pictures()[0][:1]))), true)


def test_logits_with_the_bias_are_told_apart(network):
    found = network(pictures()[0][:1])
    told_apart({**found, "logits_unbiased": found["logits"], "features": found["logits"]}, found["logits_unbiased"])


# --- and what else it promises ---


def test_shapes_and_counts(network):
    assert sum(np.prod(shape) for shape in inception_weights.expected().values()) == 23_885_392
    assert len(inception_weights.expected()) == 472
    # Batch normalisations are folded into kernels and biases: of five arrays two are left.
    assert len(network.network.weights) == 2 * 94 + 2
    assert len(shapes()) == len({conv.name for conv in shapes()}) == len({conv.torch for conv in shapes()}) == 94
    assert not network.network.trainable_variables
    for count in (0, 1):
        found = network(np.zeros([count, 5, 7, 3], np.uint8))
        assert {name: values.shape for name, values in found.items()} == {
            "features": (count, 2048),
            "logits": (count, 1008),
            "logits_unbiased": (count, 1008),
        }


def test_a_folded_convolution_is_the_convolution_and_its_normalisation():
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=[3, 3, 2, 4]).astype(np.float32)
    gamma, beta, mean, variance = rng.uniform(0.001, 2, [4, 4]).astype(np.float32)
    x = rng.normal(size=[1, 5, 5, 2])
    plain = tf.nn.conv2d(x, kernel.astype(np.float64), 1, "VALID").numpy()
    wanted = gamma * (plain - mean) / np.sqrt(variance + np.float64(1e-3)) + beta
    folded, bias = inception.folded(kernel, gamma, beta, mean, variance)
    assert folded.dtype == bias.dtype == np.float64
    np.testing.assert_allclose(tf.nn.conv2d(x, folded, 1, "VALID") + bias, wanted, rtol=1e-12)


def test_the_sides_within_the_network(network):
    sides = {"pool_3": None, "mixed": 35, "mixed_2": 35, "mixed_3": 17, "mixed_7": 17, "mixed_8": 8, "mixed_10": 8}
    channels = {"mixed": 256, "mixed_2": 288, "mixed_3": 768, "mixed_7": 768, "mixed_8": 1280, "mixed_10": 2048}
    for name, side in list(sides.items())[1:]:
        assert network.network.get_layer(name).output.shape == (None, side, side, channels[name])


def test_batches_of_any_size_give_the_same_numbers(network):
    images = np.random.default_rng(0).integers(0, 256, [3, 24, 24, 3], np.uint8)
    whole = network(images)
    for size in (1, 2):
        for name, values in network(images, batch_size=size).items():
            np.testing.assert_allclose(values, whole[name], rtol=0, atol=3e-6 * np.abs(whole[name]).max())


def test_float32_whatever_the_policy(network):
    images = pictures()[0]
    before = network(images)
    with policy("mixed_bfloat16"):
        under = network(images)
    for name, values in under.items():
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, before[name])
    assert all(layer.compute_dtype == "float32" for layer in network.network.layers)
    assert {variable.dtype for variable in network.network.weights} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


def test_tf32_is_off_inside_and_as_before_outside():
    assert tf.config.experimental.tensor_float_32_execution_enabled()
    with inception.full_float32():
        assert not tf.config.experimental.tensor_float_32_execution_enabled()
    assert tf.config.experimental.tensor_float_32_execution_enabled()


def test_grey_images_are_the_same_in_three_colours(network):
    grey = np.random.default_rng(0).integers(0, 256, [2, 28, 28, 1], np.uint8)
    found, wanted = network(grey), network(np.repeat(grey, 3, axis=3))
    np.testing.assert_array_equal(found["features"], wanted["features"])


def test_the_bias_is_all_that_lies_between_the_logits(network):
    found = network(pictures()[0])
    np.testing.assert_array_equal(found["logits"], found["logits_unbiased"] + arrays()["softmax/bias"])


@pytest.mark.parametrize(
    "images, reason",
    [
        (np.zeros([1, 8, 8, 3], np.float32), "takes uint8 images .* got float32"),
        (np.zeros([8, 8, 3], np.uint8), r"got the shape \[8, 8, 3\]"),
        (np.zeros([1, 8, 8, 4], np.uint8), r"got the shape \[1, 8, 8, 4\]"),
        (np.zeros([1, 0, 8, 3], np.uint8), r"got the shape \[1, 0, 8, 3\]"),
    ],
)
def test_other_images_are_refused(network, images, reason):
    with pytest.raises(ValueError, match=reason):
        network(images)


def test_the_clean_resize(network, monkeypatch):
    weights = inception_weights.Weights(arrays(), "seeded", inception_weights.DIGESTS[0] + "0" * 56)
    monkeypatch.setattr(inception_weights, "load", lambda path: weights)
    monkeypatch.setattr(inception, "build", lambda: network.network)
    monkeypatch.setattr(inception, "assign", lambda network, arrays: None)
    clean = Inception("seeded", resize="clean")
    clean._compute = lambda pixels: dict.fromkeys(inception.OUTPUTS, pixels[:, 150, :, 0])
    monkeypatch.setattr(inception, "OUTPUTS", dict.fromkeys(inception.OUTPUTS, 299))
    images = pictures()[0]
    np.testing.assert_array_equal(clean(images)["features"], ((clean_resize(images) - 128) / 128)[:, 150, :, 0])
    assert clean.verified and clean.extractor["input_resize"] == "pil-bicubic-299"
    assert network.extractor["input_resize"] == "tf1-bilinear-299"


def test_another_resize_is_refused_before_the_weights_are_looked_for():
    with pytest.raises(ValueError, match="resize must be 'tf1' or 'clean'; got 'legacy'"):
        Inception("nowhere", resize="legacy")


@pytest.mark.parametrize("size", [0, -1, 1.5, True, None, "8"])
def test_other_batch_sizes_are_refused(network, size):
    with pytest.raises(ValueError, match="batch_size must be an integer of at least 1"):
        network(pictures()[0], batch_size=size)


def test_unverified_weights_are_named_by_their_digest(network):
    assert not network.verified and network.extractor["id"] == "inception@00000000"


@pytest.mark.parametrize("shape", [(2, 32, 32, 3), (1, 48, 80, 3), (1, 340, 400, 3), (1, 299, 299, 3), (1, 1, 1, 3)])
def test_the_resize_is_tensorflow_1s(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    found = inception.resize(images).numpy()
    np.testing.assert_array_equal(found, by_definition(images))
    np.testing.assert_array_equal(found, tf.compat.v1.image.resize_bilinear(images, [299, 299]))


def by_definition(images):
    """Pixel i of n is read at i * n / 299: four neighbours, mixed first along x and then along y."""
    images = images.astype(np.float32)

    def axis(size):
        place = np.arange(299, dtype=np.float32) * (np.float32(size) / np.float32(299))
        low = np.floor(place).astype(int)
        return low, np.minimum(low + 1, size - 1), place - low.astype(np.float32)

    top, bottom, down = axis(images.shape[1])
    left, right, along = axis(images.shape[2])
    along, down = along[:, None], down[:, None, None]

    def mixed(rows):
        a, b = images[:, rows][:, :, left], images[:, rows][:, :, right]
        return a + (b - a) * along

    return mixed(top) + (mixed(bottom) - mixed(top)) * down
