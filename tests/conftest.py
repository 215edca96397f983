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
from tests import casts

# Whoever drops an unfinished iterator waits until the thread that tunes its pipeline wakes, up to a minute
# (TensorFlow 2.21). Tests drop many, and the garbage collector of a later test then waits.
UNTUNED = tf.data.Options()
UNTUNED.autotune.enabled = False
_iterator = tf.data.Dataset.__iter__
tf.data.Dataset.__iter__ = lambda dataset: _iterator(dataset.with_options(UNTUNED))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Of a test that is marked `few(n)`, all cases but the first n are slow ones."""
    seen: dict[str, int] = {}
    for item in items:
        few = item.get_closest_marker("few")
        if few is not None:
            name = item.nodeid.partition("[")[0]
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > few.args[0]:
                item.add_marker(pytest.mark.slow)


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
        gan = objective(*networks(objective), **options)
        gan.compile(**{f"{player}_optimizer": optimizer() for player in gan.players}, **(compiled or {}))
        return gan

    return make


def networks(objective):
    """Small networks for points in the plane, as the objective wants them: see also `tests.casts`."""
    cast = casts.of(objective)
    if cast is not None:
        return cast.networks((2,))
    classes = {"conditioning": "concatenation", "num_classes": 4} if objective is kgan.ACGAN else {}
    latent_dim = 14 if objective is kgan.InfoGAN else 3
    generator = kgan.architectures.MLPGenerator(data_shape=(2,), latent_dim=latent_dim, units=(8, 8), **classes)
    if objective in (kgan.EBGAN, kgan.BEGAN):
        return generator, kgan.architectures.MLPAutoencoder(data_shape=(2,), units=(8,), code_dim=4)
    heads = {
        kgan.SNGAN: {"normalization": "spectral"},
        kgan.ACGAN: {"conditioning": "auxiliary", "num_classes": 4},
        kgan.InfoGAN: {"conditioning": "auxiliary", "num_classes": 10, "num_conditions": 2},
    }
    return generator, kgan.architectures.MLPDiscriminator(data_shape=(2,), units=(8, 8), **heads.get(objective, {}))


def numbers(model):
    """Every weight and every optimizer slot of a game, as arrays."""
    return [variable.numpy() for variable in [*model.weights, *model.optimizer.variables]]
