"""How labels reach both networks: fakes are made, judged and penalised with the labels of the data."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.using.export import export

LABELS = np.float32([[0.0], [1.0], [2.0], [3.0]])
LOG2 = np.log(2)


def generator():
    """G(z, y) = y."""
    z, y = keras.Input([2]), keras.Input([1])
    network = keras.Model([z, y], keras.layers.Dense(1)(keras.layers.Concatenate()([z, y])))
    network.layers[-1].kernel.assign([[0.0], [0.0], [1.0]])
    return network


def critic():
    """D(x, y) = x - y: 0 where the label is the right one."""
    x, y = keras.Input([1]), keras.Input([1])
    network = keras.Model([x, y], keras.layers.Dense(1)(keras.layers.Concatenate(name="both")([x, y])))
    network.layers[-1].kernel.assign([[1.0], [-1.0]])
    return network


def autoencoder():
    """D(x, y) = y: it reconstructs what has the right label."""
    network = critic()
    network.layers[-1].kernel.assign([[0.0], [1.0]])
    return network


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("objective", "discriminator", "options", "d_loss", "g_loss"),
    [
        (kgan.StandardGAN, critic, {}, 2 * LOG2, LOG2),
        (kgan.GeometricGAN, critic, {}, 2.0, 0.0),
        (kgan.WGANGP, critic, {"discriminator_steps": 1}, 0.0, 0.0),  # |grad D| = 1 at every interpolate
        (kgan.SimultaneousGAN, critic, {}, 2 * LOG2, LOG2),
        (kgan.ConsensusGAN, critic, {}, 2 * LOG2, LOG2),
        (kgan.UnrolledGAN, critic, {"unroll_steps": 1}, 2 * LOG2, -2 * LOG2),
        (kgan.HistoricalAveragingGAN, critic, {}, 2 * LOG2, LOG2),
        (kgan.FeatureMatchingGAN, critic, {"layer": "both"}, 2 * LOG2, 0.0),
        (kgan.EBGAN, autoencoder, {}, 10.0, 0.0),
        (kgan.BEGAN, autoencoder, {}, 0.0, 0.0),
    ],
)
def test_fakes_have_the_labels_of_the_data(objective, discriminator, options, d_loss, g_loss):
    """Images are their labels: with any other pairing scores and energies would not be 0."""
    gan = objective(generator(), discriminator(), **options)
    gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd")
    found = gan.test_on_batch(LABELS, LABELS, return_dict=True)
    assert found["d_loss"] == pytest.approx(d_loss, abs=1e-5) and found["g_loss"] == pytest.approx(g_loss, abs=1e-5)
    assert np.isfinite(gan.train_on_batch(LABELS, LABELS)).all()
    np.testing.assert_allclose(objective(generator(), discriminator(), **options).sample(4, labels=LABELS), LABELS)
    with pytest.raises(ValueError, match=r"fit it on \(images, labels\)"):
        gan.train_on_batch(LABELS)


@pytest.fixture
def classes():
    """Factory of a game with four classes, one-hot, which takes a fifth for none if nobody looks."""

    def make(**options):
        known = {"conditioning": "concatenation", "num_classes": 4}
        gan = kgan.StandardGAN(
            kgan.architectures.MLPGenerator((2,), 2, (3,), **known),
            kgan.architectures.MLPDiscriminator((2,), (3,), **known),
        )
        gan.compile(generator_optimizer="sgd", discriminator_optimizer="sgd", **options)
        return gan

    return make


@pytest.mark.few(2)
@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("labels", [[0, 1, 2, 4], [-1, 0, 1, 2], [0, 1, 2, 2**33], [0.0, 1.0, 2.5, 3.0]])
def test_a_class_that_the_generator_does_not_have_ends_the_training(classes, ring, labels, eagerly):
    gan = classes(run_eagerly=eagerly)
    assert gan.num_classes == 4
    before = gan.generator.get_weights()
    gan.fit(ring[:4], np.array([0, 1, 2, 3]), verbose=0)
    for step in (gan.fit, gan.evaluate):
        with pytest.raises(ValueError, match="^labels: expected classes from 0 to 3, got some from"):
            step(ring[:4], np.array(labels), verbose=0)
    assert any((a != b).any() for a, b in zip(before, gan.generator.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (4, r"labels: expected classes from 0 to 3; got 4\."),
        ([0, 1, -1], r"labels: expected classes from 0 to 3; got -1\."),
        (0.5, r"labels: expected classes from 0 to 3; got 0\.5\."),
        (np.nan, r"labels: expected classes from 0 to 3; got nan\."),
        ("cat", "labels: expected numbers, or vectors of one length; got 'cat'"),
        ([[1, 2], [3]], "labels: expected numbers, or vectors of one length"),
        ([0, 1], r"one for all samples, of shape \[\], or one for each, \[3\]; got the shape \[2\]"),
    ],
)
def test_what_are_no_labels_of_the_generator_is_refused(classes, labels, says):
    with pytest.raises(ValueError, match=says):
        classes().sample(3, labels=labels)


def test_labels_that_the_generator_takes(classes, ring):
    gan = classes()
    for dtype in ("bool", "uint8", "int64", "float32"):
        assert np.isfinite(gan.train_on_batch(ring[:4], np.array([0, 1, 1, 0], dtype))).all()
    for labels in (2, 2.0, np.uint8(2), [2, 2, 2]):
        np.testing.assert_array_equal(gan.sample(3, labels=labels), gan.sample(3, labels=2))
    own = kgan.StandardGAN(generator(), critic())
    assert own.num_classes is None and own.sample(2, labels=[0.5]).shape == (2, 1)


def test_a_served_generator_refuses_other_classes_too(classes, tmp_path):
    served = tf.saved_model.load(export(classes(), tmp_path / "served"))
    labels = tf.constant([0, 3, 4])
    for endpoint, first in ((served.serve, [3, 0]), (served.from_latents, [tf.zeros([3, 2])])):
        with pytest.raises(tf.errors.InvalidArgumentError, match="labels: expected classes from 0 to 3"):
            endpoint(*first, labels)
        assert endpoint(*first, labels - 1 + tf.constant([1, 0, 0]))["samples"].shape == (3, 2)
