"""The critic of a per-sample penalty, and the penalty in the game."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.batch import Batch


@pytest.mark.parametrize("objective", [kgan.WGANGP, kgan.WGANLP])
def test_batch_normalisation_in_the_critic_is_refused(objective):
    generator = kgan.architectures.DCGANGenerator((16, 16, 1), width=4)
    with pytest.raises(ValueError, match="The critic has batch normalisation"):
        objective(generator, kgan.architectures.DCGANDiscriminator((16, 16, 1), width=4))
    objective(generator, kgan.architectures.DCGANDiscriminator((16, 16, 1), width=4, normalization="layer"))


@pytest.mark.parametrize(("objective", "expected"), [(kgan.WGANGP, 10 * 0.5**2), (kgan.WGANLP, 0.0)])
def test_a_linear_critics_penalty_in_the_game(objective, expected):
    generator = kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=3, units=(8,))
    critic = keras.Sequential([keras.Input([2]), keras.layers.Dense(1)])
    critic.layers[0].kernel.assign([[0.3], [0.4]])
    gan = objective(generator, critic)
    real = Batch(tf.constant(np.random.default_rng(0).normal(size=[8, 2]), tf.float32))
    value = gan.penalties(gan.discriminator, real, gan.fakes(real))
    assert float(value) == pytest.approx(expected, abs=1e-6)
    assert float(gan.penalties(gan.generator, real, gan.fakes(real))) == 0


def test_penalties_add_up():
    generator = kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=3, units=(8,))
    critic = keras.Sequential([keras.Input([2]), keras.layers.Dense(1)])
    critic.layers[0].kernel.assign([[3.0], [4.0]])
    both = [kgan.regularizers.GradientPenalty(1.0), kgan.regularizers.LipschitzPenalty(2.0)]
    gan = kgan.StandardGAN(generator, critic, regularizers=both)
    real = Batch(tf.zeros([8, 2]))
    assert float(gan.penalties(gan.discriminator, real, gan.fakes(real))) == pytest.approx(16 + 32, rel=1e-5)
