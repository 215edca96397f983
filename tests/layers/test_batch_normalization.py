"""Batch statistics: right where the mean is large, over replicas, of masked rows, and in files of Keras' own layer."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kgan
from kgan.architectures.network import normalize
from kgan.layers import BatchNormalization, ConditionalBatchNormalization

SHAPES = [(6, 5), (6, 7, 5), (6, 3, 4, 5)]


def numbers(shape, seed=0, mean=0.0):
    """Per channel another mean and spread."""
    x = np.random.default_rng(seed).normal(mean, 1.0, size=shape)
    return (x * np.linspace(0.5, 3, shape[-1]) + np.arange(shape[-1])).astype("float32")


def exact(x):
    """Normalised in float64."""
    x = x.astype("float64")
    axes = tuple(range(x.ndim - 1))
    return (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-5)


def through_normalize(x):
    inputs = keras.Input(x.shape[1:])
    return keras.Model(inputs, normalize(inputs, "batch"))(x, training=True)


WAYS = {
    "layer": lambda x: BatchNormalization()(x, training=True),
    "on each replica": lambda x: BatchNormalization(synchronized=False)(x, training=True),
    "architectures": through_normalize,
    "conditional": lambda x: ConditionalBatchNormalization(1)([x, np.zeros(len(x), "int32")], training=True),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mean", [0.0, 10.0, 100.0, 1000.0])
def test_a_mean_far_from_zero_takes_no_digits_of_the_variance(way, mean):
    """What is left is the rounding of x, of the mean and of their difference: some ulps of the mean."""
    x = numbers((64, 4, 4, 3), mean=mean)
    np.testing.assert_allclose(WAYS[way](x), exact(x), atol=2e-6 + 30 * mean * 2.0**-24)


@pytest.mark.parametrize("mean", [0.0, 1000.0])
def test_the_moving_averages(mean):
    layer, x = BatchNormalization(momentum=0.75), numbers((64, 3), mean=mean)
    layer(x, training=True)
    np.testing.assert_allclose(layer.moving_mean, 0.25 * x.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, 0.75 + 0.25 * x.astype("float64").var(axis=0), rtol=1e-3)
    expected = (x - layer.moving_mean.numpy()) / np.sqrt(layer.moving_variance.numpy() + 1e-5)
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-5)
    layer.trainable = False  # frozen, it takes them in training too
    np.testing.assert_allclose(layer(x, training=True), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_keras_own_layer_but_for_the_statistics(shape):
    x, seed = tf.constant(numbers(shape)), numbers(shape, 1)
    results = []
    for layer in (BatchNormalization(), layers.BatchNormalization(momentum=0.9, epsilon=1e-5)):
        layer.build(shape)
        for index, weight in enumerate((layer.gamma, layer.beta)):
            weight.assign(numbers(weight.shape, 2 + index))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
        slopes = tape.gradient(y, [x, layer.gamma.value, layer.beta.value], output_gradients=seed)
        results.append([y, *slopes, layer.moving_mean, layer.moving_variance, layer(x)])
        names = [weight.path.split("/")[-1] for weight in layer.weights]
        assert names == ["gamma", "beta", "moving_mean", "moving_variance"]
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-5)


def test_half_precision_keeps_float32_statistics():
    x = numbers((64, 3), mean=30.0).astype("float16")
    y = BatchNormalization(dtype="mixed_float16")(x, training=True)
    assert y.dtype == "float16"
    np.testing.assert_allclose(tf.cast(y, "float32"), exact(x), atol=2e-3)


def test_masked_rows_do_not_count():
    x, mask = numbers((6, 7, 5)), np.random.default_rng(0).random((6, 7)) < 0.6
    y = BatchNormalization()(x, training=True, mask=mask).numpy()
    np.testing.assert_allclose(y[mask], exact(x[mask]), atol=1e-5)


# --- replicas ---


def on_replicas(replicas, layer, x, mask=None):
    """The layer's outputs in training, of the halves of x on two replicas, and d (v . grad sum y^3) / dx."""
    v = numbers(x.shape, 9)

    def step(index):
        half = slice(index * len(x) // 2, (index + 1) * len(x) // 2)
        part = tf.constant(x[half])
        with tf.GradientTape() as outer:
            outer.watch(part)
            with tf.GradientTape() as inner:
                inner.watch(part)
                y = layer(part, training=True, mask=None if mask is None else tf.constant(mask[half]))
                value = tf.reduce_sum(y**3)
            slope = tf.reduce_sum(inner.gradient(value, part) * v[half])
        return y, outer.gradient(slope, part)

    @tf.function
    def run():
        def one():
            index = tf.distribute.get_replica_context().replica_id_in_sync_group
            return step(index if isinstance(index, int) else int(tf.get_static_value(index)))

        return replicas.run(one)

    return [
        np.concatenate([np.asarray(part) for part in replicas.experimental_local_results(result)]) for result in run()
    ]


def on_one(layer, x, mask=None):
    v, x = numbers(x.shape, 9), tf.constant(x)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = layer(x, training=True, mask=None if mask is None else tf.constant(mask))
            value = tf.reduce_sum(y**3)
        slope = tf.reduce_sum(inner.gradient(value, x) * v)
    return [y.numpy(), outer.gradient(slope, x).numpy()]


@pytest.mark.parametrize("mean", [0.0, pytest.param(300.0, marks=pytest.mark.slow)])
@pytest.mark.parametrize("masked", [False, True])
def test_two_replicas_are_one_device_to_the_second_derivative(replicas, mean, masked):
    x = numbers((8, 6, 3), mean=mean)
    mask = None
    if masked:
        mask = np.random.default_rng(0).random((8, 6)) < 0.6
        mask[4:, :3] = False  # the replicas keep unequal numbers of rows
    with replicas.scope():
        together = BatchNormalization()
        together.build(x.shape)
    alone = BatchNormalization()
    for ours, theirs in zip(on_replicas(replicas, together, x, mask), on_one(alone, x, mask), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3 * np.abs(theirs).max())
    np.testing.assert_allclose(together.moving_mean, alone.moving_mean, rtol=1e-5)
    np.testing.assert_allclose(together.moving_variance, alone.moving_variance, rtol=1e-4)


# --- files ---


def network(layer):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input([3]), layers.Dense(4), layer, layers.ReLU(), layers.Dense(2)])


def test_weights_of_keras_own_layer_are_those_of_kgans(tmp_path):
    old = network(layers.BatchNormalization(momentum=0.9, epsilon=1e-5, synchronized=True))
    old(numbers((20, 3)), training=True)
    old.save_weights(tmp_path / "old.weights.h5")
    new = network(BatchNormalization())
    new.set_weights([weight + 1 for weight in new.get_weights()])
    new.load_weights(tmp_path / "old.weights.h5")
    x = numbers((5, 3), 1)
    np.testing.assert_array_equal(new(x), old(x))
    np.testing.assert_allclose(new(x, training=True), old(x, training=True), atol=1e-5)


def test_a_saved_game_with_keras_own_layer_loads_and_trains(ring, tmp_path):
    gan = kgan.StandardGAN(
        network(layers.BatchNormalization(synchronized=True)), keras.Sequential([keras.Input([2]), layers.Dense(1)])
    )
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")
    gan.fit(ring, batch_size=40, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = kgan.load(tmp_path / "gan.keras")
    assert type(loaded.generator.layers[1]) is layers.BatchNormalization
    np.testing.assert_array_equal(loaded.sample(5), gan.sample(5))
    for game in (gan, loaded):
        game.fit(ring, batch_size=40, shuffle=False, verbose=0)
    np.testing.assert_array_equal(loaded.sample(5), gan.sample(5))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"momentum": 1.0}, r"momentum must be in \[0, 1\); got 1.0"), ({"epsilon": -1}, "epsilon must be at least 0")],
)
def test_what_is_out_of_range_is_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        BatchNormalization(**options)
