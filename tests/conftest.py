"""Two logical CPU devices, so that replicas can be tested on any machine; small games for every test."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
import tensorflow as tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

import keras

import kgan


@pytest.fixture(autouse=True)
def seeded():
    """Initial weights are the same in every test, whatever ran before it."""
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session")
def replicas():
    """Two replicas. One strategy for all tests: a second one would number its collective operations alike."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture
def ring():
    """160 points on a circle, float32 [160, 2]."""
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 160)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype("float32")


@pytest.fixture
def toy():
    """Factory of compiled games of small MLPs: toy(kgan.WGAN, clip=0.1)."""

    def make(objective=kgan.WGANGP, optimizer=lambda: keras.optimizers.Adam(1e-3), compiled=None, **options):
        gan = objective(
            kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=3, units=(8, 8)),
            kgan.architectures.MLPDiscriminator(data_shape=(2,), units=(8, 8), normalization=normalization(objective)),
            **options,
        )
        gan.compile(generator_optimizer=optimizer(), discriminator_optimizer=optimizer(), **(compiled or {}))
        return gan

    return make


def normalization(objective):
    """What an objective wants of its discriminator."""
    return "spectral" if objective is kgan.SNGAN else "none"


def numbers(model):
    """Every weight and every optimizer slot of a game, as arrays."""
    return [variable.numpy() for variable in [*model.weights, *model.optimizer.variables]]
