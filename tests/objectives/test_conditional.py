"""How labels reach both networks: fakes are made, judged and penalised with the labels of the data."""

import keras
import numpy as np
import pytest

import kgan

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
