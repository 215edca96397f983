"""Clipping is a constraint of the critic's weights."""

import keras
import numpy as np
import pytest

import kgan


@pytest.mark.parametrize("clip", [0.01, 0.001])
def test_every_weight_lies_in_the_interval_from_the_start_and_after_every_step(toy, ring, clip):
    gan = toy(kgan.WGAN, lambda: keras.optimizers.RMSprop(0.05), clip=clip)
    touched = False
    for step in range(5):
        sizes = [np.abs(weight.numpy()).max() for weight in gan.discriminator.trainable_variables]
        assert max(sizes) <= np.float32(clip), step
        touched |= max(sizes) == np.float32(clip)
        gan.train_on_batch(ring[:40])
    assert touched, "large steps must reach the bounds"
    assert max(np.abs(weight.numpy()).max() for weight in gan.generator.trainable_variables) > clip


def test_a_weight_with_another_constraint_is_refused():
    generator = kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=3, units=(8,))
    critic = keras.Sequential([keras.Input([2]), keras.layers.Dense(1, kernel_constraint="max_norm")])
    with pytest.raises(ValueError, match="already has the constraint"):
        kgan.WGAN(generator, critic)


def test_the_same_critic_may_be_wrapped_again_with_the_same_clip():
    generator = kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=3, units=(8,))
    critic = kgan.architectures.MLPDiscriminator(data_shape=(2,), units=(8,))
    kgan.WGAN(generator, critic)
    kgan.WGAN(generator, critic)
    with pytest.raises(ValueError, match="already has the constraint"):
        kgan.WGAN(generator, critic, clip=0.1)


def test_clip_must_be_positive(toy):
    with pytest.raises(ValueError, match="clip must be above 0"):
        toy(kgan.WGAN, clip=0.0)
