"""Conditional, instance and virtual batch normalisation against batch normalisation itself."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kgan
from kgan.layers import ConditionalBatchNormalization, InstanceNormalization, ReferenceBatch, VirtualBatchNormalization

SHAPES = [(6, 5), (6, 7, 5), (6, 3, 4, 5)]


def numbers(shape, seed=0):
    """Per channel another mean and spread."""
    x = np.random.default_rng(seed).normal(size=shape)
    return (x * np.linspace(0.5, 3, shape[-1]) + np.arange(shape[-1])).astype("float32")


def batch_norm(x, **options):
    """Keras' own, as in training."""
    return layers.BatchNormalization(epsilon=1e-5, **options)(x, training=True).numpy()


# --- conditional batch normalisation ---


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "condition", [np.array([0, 1, 2, 2, 1, 0]), np.linspace(-1, 1, 12, dtype="float32").reshape(6, 2)]
)
def test_at_first_it_is_batch_normalisation(shape, condition):
    layer = ConditionalBatchNormalization(3 if condition.ndim == 1 else None)
    x = numbers(shape)
    np.testing.assert_allclose(layer([x, condition], training=True), batch_norm(x), atol=1e-5)


def test_each_class_has_its_own_gain_and_bias():
    layer = ConditionalBatchNormalization(3)
    x, y = numbers((6, 3, 4, 5)), np.array([0, 1, 2, 2, 1, 0])
    layer([x, y])
    gamma, beta = np.arange(15.0).reshape(3, 5), -np.arange(15.0).reshape(3, 5)
    layer.gamma.set_weights([gamma])
    layer.beta.set_weights([beta])
    expected = gamma[y][:, None, None] * batch_norm(x) + beta[y][:, None, None]
    np.testing.assert_allclose(layer([x, y], training=True), expected, atol=1e-4)


def test_of_vectors_gain_and_bias_are_linear_functions():
    layer = ConditionalBatchNormalization()
    x, y = numbers((6, 5)), numbers((6, 2), 1)
    layer([x, y])
    a, b = np.arange(10.0).reshape(2, 5), np.arange(10.0).reshape(2, 5)[::-1]
    layer.gamma.set_weights([a, np.ones(5)])
    layer.beta.set_weights([b, np.zeros(5)])
    np.testing.assert_allclose(layer([x, y], training=True), (1 + y @ a) * batch_norm(x) + y @ b, atol=1e-4)


def test_the_moving_statistics_are_those_of_all_classes_and_used_in_inference():
    layer, x = ConditionalBatchNormalization(2, momentum=0.75), numbers((6, 5))
    layer([x, np.zeros(6, int)], training=True)
    mean, variance = (weight.numpy() for weight in layer.normalization.non_trainable_weights)
    np.testing.assert_allclose(mean, 0.25 * x.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(variance, 0.75 + 0.25 * x.var(axis=0), rtol=1e-5)
    expected = (x - mean) / np.sqrt(variance + 1e-5)
    for y in (0, 1):
        np.testing.assert_allclose(layer([x, np.full(6, y)], training=False), expected, rtol=1e-4, atol=1e-5)


def test_a_class_that_is_not_there_gets_no_gradient():
    layer, x = ConditionalBatchNormalization(3), tf.constant(numbers((4, 5)))
    y = tf.constant([0, 2, 2, 0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer([x, y], training=True) ** 3)
    gradient = tf.convert_to_tensor(tape.gradient(loss, layer.gamma.embeddings.value)).numpy()
    assert (gradient[1] == 0).all() and (gradient[[0, 2]] != 0).all()


def test_conditions_are_not_rounded_by_half_precision():
    layer = ConditionalBatchNormalization(dtype="mixed_bfloat16")
    y = np.array([[1.0], [1.001]], "float32")  # the same in bfloat16
    layer([numbers((2, 1)), y])
    layer.beta.set_weights([np.array([[1000.0]]), np.array([-1000.0])])
    layer.gamma.set_weights([np.array([[0.0]]), np.array([0.0])])
    np.testing.assert_allclose(tf.cast(layer([numbers((2, 1)), y]), tf.float32), [[0], [1]], atol=0.01)


@pytest.mark.parametrize("synchronized", [True, False])
def test_on_several_replicas_its_statistics_are_those_of_one_device(replicas, synchronized):
    def game():
        latents, labels = keras.Input([3]), keras.Input([], dtype="int32")
        x = layers.Dense(4)(latents)
        x = ConditionalBatchNormalization(3, synchronized=synchronized, name="conditional")([x, labels])
        images, seen = keras.Input([2]), keras.Input([], dtype="int32")
        gan = kgan.StandardGAN(
            keras.Model([latents, labels], layers.Dense(2)(layers.LeakyReLU()(x))),
            keras.Model([images, seen], layers.Dense(1)(layers.Concatenate()([images, layers.Embedding(3, 2)(seen)]))),
        )
        gan.compile(generator_optimizer=keras.optimizers.SGD(0.05), discriminator_optimizer=keras.optimizers.SGD(0.05))
        return gan

    if not synchronized:
        with replicas.scope(), pytest.raises(ValueError, match=r"make it with ConditionalBatchNormalization\(sync"):
            game()
        return
    one = game()
    with replicas.scope():
        two = game()
    two.set_weights(one.get_weights())
    data = (numbers((40, 2)), np.arange(40) % 3)
    for gan in (one, two):
        gan.fit(tf.data.Dataset.from_tensor_slices(data).batch(8), epochs=1, verbose=0)
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-6)


# --- instance normalisation ---


@pytest.mark.parametrize("shape", SHAPES[1:])
def test_instance_normalisation_is_batch_normalisation_of_one(shape):
    x, layer = numbers(shape), InstanceNormalization()
    together = layer(x).numpy()
    for index in range(len(x)):
        one = x[index : index + 1]
        np.testing.assert_allclose(together[index : index + 1], batch_norm(one), atol=1e-5)


def test_brightness_and_contrast_of_an_instance_do_not_matter():
    x, layer = numbers((6, 8, 8, 5)), InstanceNormalization()
    np.testing.assert_allclose(layer(7 * x + 3), layer(x), atol=1e-3)
    output = layer(x).numpy()
    np.testing.assert_allclose(output.mean(axis=(1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(output.std(axis=(1, 2)), 1, atol=1e-4)


def test_gain_and_bias_are_each_channels():
    x, layer = numbers((2, 4, 4, 3)), InstanceNormalization()
    before = layer(x).numpy()
    layer.set_weights([np.array([1.0, 2.0, 3.0]), np.array([0.0, -1.0, 5.0])])
    np.testing.assert_allclose(layer(x), before * [1, 2, 3] + [0, -1, 5], atol=1e-5)


# --- virtual batch normalisation ---


@pytest.mark.parametrize("shape", SHAPES)
def test_an_example_is_normalised_in_a_batch_of_the_reference_and_itself(shape):
    x, reference = numbers(shape), numbers((4, *shape[1:]), 1)
    layer = VirtualBatchNormalization()
    outputs, normalized = layer([x, reference])
    for index in range(len(x)):
        together = batch_norm(np.concatenate([reference, x[index : index + 1]]))
        np.testing.assert_allclose(outputs[index], together[-1], atol=1e-5)
    np.testing.assert_allclose(normalized, batch_norm(reference), atol=1e-5)


def test_the_examples_of_a_minibatch_do_not_influence_each_other():
    x, reference, layer = numbers((6, 3, 3, 2)), numbers((4, 3, 3, 2), 1), VirtualBatchNormalization()
    np.testing.assert_allclose(layer([x, reference])[0][:2], layer([x[:2], reference])[0], atol=1e-6)
    for training in (True, False):
        np.testing.assert_array_equal(layer([x, reference], training=training)[0], layer([x, reference])[0])


def virtual():
    latents = keras.Input([4])
    reference = ReferenceBatch(size=5, name="reference")(latents)
    dense = layers.Dense(8)
    x, reference = VirtualBatchNormalization()([dense(latents), dense(reference)])
    return keras.Model(latents, layers.Dense(2)(layers.ReLU()(x)))


def test_the_reference_batch_is_saved_never_trained_and_follows_the_weights(tmp_path):
    model, x = virtual(), numbers((3, 4))
    held = numbers((5, 4), 2)
    model.get_layer("reference").hold(held)
    before = model(x).numpy()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.get_layer("reference").reference, held)
    np.testing.assert_array_equal(loaded(x), before)
    model.layers[2].set_weights([3 * weight for weight in model.layers[2].get_weights()])
    np.testing.assert_allclose(model(x), before, atol=1e-3)  # a scaled layer scales the reference, too
    assert not any("reference" in weight.path for weight in model.trainable_weights)


def test_a_generator_with_virtual_batch_normalisation_trains(ring):
    discriminator = keras.Sequential([keras.Input([2]), layers.Dense(1)])
    gan = kgan.StandardGAN(virtual(), discriminator)
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    held = gan.generator.get_layer("reference").reference.numpy()
    gan.fit(ring, batch_size=40, verbose=0)
    for network in (gan.generator, gan.ema_generator):
        np.testing.assert_array_equal(network.get_layer("reference").reference, held)
    assert abs(held.std() - 1) < 0.5 and gan.sample(3).shape == (3, 2)


# --- errors ---


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: ConditionalBatchNormalization(0), "num_classes must be at least 1; got 0"),
        (lambda: ConditionalBatchNormalization(momentum=1.0), r"momentum must be in \[0, 1\); got 1.0"),
        (lambda: ConditionalBatchNormalization(epsilon=-1), "epsilon must be at least 0; got -1"),
        (lambda: ConditionalBatchNormalization(3)(tf.zeros([2, 3])), r"takes a pair, \[x, y\]; got the shape \(2, 3\)"),
        (
            lambda: ConditionalBatchNormalization(3)([tf.zeros([2, 3]), tf.zeros([2, 1])]),
            r"classes as integers, \[N\]; g",
        ),
        (
            lambda: ConditionalBatchNormalization()([tf.zeros([2, 3]), tf.zeros([2])]),
            "unless num_classes is given; got",
        ),
        (
            lambda: InstanceNormalization()(tf.zeros([2, 3])),
            r"\[N, ..., channels\] with pixels; got the shape \(2, 3\)",
        ),
        (
            lambda: InstanceNormalization()(tf.zeros([2, 1, 1, 3])),
            "of one pixel is zero, whatever it was; got the shape",
        ),
        (
            lambda: VirtualBatchNormalization()([tf.zeros([2, 3]), tf.zeros([2, 4])]),
            "a reference batch of examples like x",
        ),
        (lambda: ReferenceBatch(1), "size must be at least 2; got 1"),
        (lambda: ReferenceBatch(2)(keras.Input([None, 3])), "needs to know the shape of an example; got"),
    ],
)
def test_what_they_refuse(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_another_reference_than_the_layers_is_refused():
    layer = ReferenceBatch(2)
    layer(tf.zeros([1, 3]))
    with pytest.raises(ValueError, match=r"hold takes examples of the shape \(2, 3\); got \(3, 3\)"):
        layer.hold(np.zeros([3, 3]))
