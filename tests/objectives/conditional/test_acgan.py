"""ACGAN: the class's part in both losses, labels, accuracies."""

import keras
import numpy as np
import pytest

import kgan
from tests.conftest import networks

SCORES, LOGITS = 0.7, [2.0, 0.0, -1.0, 0.0]


def constant():
    """A discriminator that says the same of everything."""
    generator, discriminator = networks(kgan.ACGAN)
    for weight in discriminator.weights:
        weight.assign(0 * weight)
    discriminator.get_layer("scores").bias.assign([SCORES])
    discriminator.get_layer("guesses").bias.assign(LOGITS)
    return generator, discriminator


def compiled(gan, rate=0.0):
    gan.compile(generator_optimizer=keras.optimizers.SGD(rate), discriminator_optimizer=keras.optimizers.SGD(rate))
    return gan


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_the_losses(weight):
    """Labels 0, 0, 0, 2 with constant logits: -log P is known, and three of four are told."""
    gan = compiled(kgan.ACGAN(*constant(), class_weight=weight))
    labels = np.int32([0, 0, 0, 2])
    found = gan.test_on_batch(np.zeros([4, 2], "float32"), labels, return_dict=True)
    log_p = np.array(LOGITS) - np.log(np.exp(LOGITS).sum())
    class_loss = -np.mean(log_p[labels])
    source = np.log1p(np.exp(-SCORES)) + np.log1p(np.exp(SCORES))
    assert found["d_loss"] == pytest.approx(source + weight * 2 * class_loss, rel=1e-5)
    assert found["g_loss"] == pytest.approx(np.log1p(np.exp(-SCORES)) + weight * class_loss, rel=1e-5)
    assert found["real_accuracy"] == found["fake_accuracy"] == 0.75
    assert gan.perfect_d_loss == 0


def test_the_generator_is_taught_the_class(ring):
    """Without the source's part, and with a fixed classifier of the sign of x_0, G(z, 1) goes right, G(z, 0) left."""
    x = keras.Input([2])
    discriminator = keras.Model(x, [keras.layers.Dense(1)(x), keras.layers.Dense(2)(x)])
    discriminator.layers[1].kernel.assign(np.zeros([2, 1]))
    discriminator.layers[2].kernel.assign([[-1.0, 1.0], [0.0, 0.0]])
    gan = kgan.ACGAN(networks(kgan.ACGAN)[0], discriminator, ema=0.0)
    gan.compile(generator_optimizer=keras.optimizers.Adam(0.02), discriminator_optimizer=keras.optimizers.SGD(0.0))
    history = gan.fit(np.tile(ring, [10, 1]), np.arange(1600) % 2, batch_size=40, verbose=0)
    assert history.history["g_loss"]
    assert (gan.sample(50, labels=0)[:, 0] < 0).all() and (gan.sample(50, labels=1)[:, 0] > 0).all()
    assert gan.inspect((ring[:40], np.arange(40, dtype="int32") % 2))["fake_accuracy"] == 1


def test_what_is_refused(ring):
    generator, discriminator = networks(kgan.ACGAN)
    unconditional = kgan.architectures.MLPGenerator((2,), 3, (4,))
    with pytest.raises(ValueError, match=r"must take \[latents, labels\], with one class number"):
        kgan.ACGAN(unconditional, discriminator)
    with pytest.raises(ValueError, match=r"must take images alone and return \[scores, class logits\]"):
        kgan.ACGAN(generator, kgan.architectures.MLPDiscriminator((2,), (4,)))
    with pytest.raises(ValueError, match="class_weight must be at least 0"):
        kgan.ACGAN(generator, discriminator, class_weight=-1)
    with pytest.raises(ValueError, match="fit it on \\(images, labels\\)"):
        compiled(kgan.ACGAN(generator, discriminator)).fit(ring, verbose=0)
