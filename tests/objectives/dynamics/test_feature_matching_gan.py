"""Feature matching: f, its means, who learns from what."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from tests.conftest import numbers


def game(**options):
    """G(z) = z A + b; f(x) = (x_0, x_1, x_0 + x_1) in the layer "hidden", and a score of its own on top."""
    generator = keras.Sequential([keras.Input([2]), keras.layers.Dense(2, kernel_initializer="identity")])
    x = keras.Input([2])
    hidden = keras.layers.Dense(3, name="hidden")
    discriminator = keras.Model(x, keras.layers.Dense(1, name="score")(hidden(x)))
    hidden.kernel.assign([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    gan = kgan.FeatureMatchingGAN(generator, discriminator, **options)
    gan.compile(generator_optimizer=keras.optimizers.SGD(0.1), discriminator_optimizer=keras.optimizers.SGD(0.0))
    gan._latents = lambda draws, count: tf.reshape(tf.range(2.0 * tf.cast(count, tf.float32)), [-1, 2])
    return gan


@pytest.mark.parametrize("layer", [None, "hidden"])
def test_the_loss_is_the_squared_distance_of_the_mean_features(layer):
    """Data (1, 2) and (3, 6), fakes (0, 1) and (2, 3): the means differ by (1, 2, 3)."""
    gan = game(layer=layer)
    x = np.float32([[1, 2], [3, 6]])
    assert gan.test_on_batch(x, return_dict=True)["g_loss"] == pytest.approx(1 + 4 + 9, rel=1e-6)
    gan.train_on_batch(x)
    # d loss / d b = -2 (1, 2, 3) K^T, K the kernel of f
    np.testing.assert_allclose(gan.generator.layers[0].bias.numpy(), [0.1 * 2 * (1 + 3), 0.1 * 2 * (2 + 3)], rtol=1e-5)


def test_the_output_layer_can_be_matched_too():
    gan = game(layer="score")
    gan.discriminator.get_layer("score").kernel.assign([[1.0], [1.0], [1.0]])
    assert gan.test_on_batch(np.float32([[1, 2], [3, 6]]), return_dict=True)["g_loss"] == pytest.approx(36, rel=1e-6)


def test_the_discriminator_learns_as_in_the_standard_game(toy, ring):
    one, other = (toy(cls, lambda: keras.optimizers.SGD(0.1)) for cls in (kgan.StandardGAN, kgan.FeatureMatchingGAN))
    other.set_weights(one.get_weights())
    for gan in (one, other):
        gan.train_on_batch(ring[:40])
    for a, b in zip(one.discriminator.weights, other.discriminator.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-7)
    assert any(not np.allclose(a, b) for a, b in zip(one.generator.weights, other.generator.weights, strict=True))


def test_the_features_are_no_weights_of_their_own(toy):
    assert len(numbers(toy(kgan.FeatureMatchingGAN))) == len(numbers(toy(kgan.StandardGAN)))


def test_labels_reach_the_features():
    """f(x, y) = x + y: with the same labels on both sides it cancels, so that only the images differ."""
    z, y = keras.Input([2]), keras.Input([2])
    generator = keras.Model([z, y], keras.layers.Dense(2)(keras.layers.Concatenate()([z, y])))
    x, y = keras.Input([2]), keras.Input([2])
    hidden = keras.layers.Add(name="sum")([x, y])
    gan = kgan.FeatureMatchingGAN(generator, keras.Model([x, y], keras.layers.Dense(1)(hidden)))
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")
    batch = kgan.batch.Batch(tf.constant([[1.0, 2.0]]), tf.constant([[10.0, 20.0]]))
    np.testing.assert_array_equal(gan.features(batch).numpy(), [[11.0, 22.0]])
    assert np.isfinite(gan.train_on_batch(np.ones([4, 2], "float32"), np.ones([4, 2], "float32"))).all()


def test_what_is_refused():
    with pytest.raises(ValueError, match="has no layer 'hiden'; it has .*hidden, score"):
        game(layer="hiden")
    x, y = keras.Input([2]), keras.Input([], dtype="int32")
    features = keras.layers.Dense(4)(x)
    projection = kgan.layers.Projection(3)([features, y])
    generator = keras.Sequential([keras.Input([2]), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="has several inputs; say with layer="):
        kgan.FeatureMatchingGAN(generator, keras.Model([x, y], projection))
