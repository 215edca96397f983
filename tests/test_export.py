"""The served generator is the live one, and needs neither kgan nor Keras."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan import export as exporting
from kgan.export import export


@pytest.fixture
def images_gan():
    gan = kgan.StandardGAN(
        kgan.architectures.DCGANGenerator((8, 8, 1), latent_dim=4, width=4),
        kgan.architectures.DCGANDiscriminator((8, 8, 1), width=4),
    )
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    gan.train_on_batch(np.random.default_rng(0).uniform(-1, 1, [16, 8, 8, 1]).astype("float32"))
    return gan


def test_both_signatures_equal_the_live_generator(images_gan, tmp_path):
    served = tf.saved_model.load(export(images_gan, tmp_path / "served"))
    live = images_gan.sample(5, seed=2**40)
    made = served.serve(num_samples=tf.constant(5), seed=tf.constant(2**40, tf.int64))["images"].numpy()
    assert made.dtype == np.uint8 and made.shape == (5, 8, 8, 1)
    assert np.abs(made.astype(int) - live).max() <= 1
    latents = images_gan.latents(3, seed=1)
    given = served.signatures["from_latents"](latents=latents)["images"].numpy()
    assert np.abs(given.astype(int) - images_gan.sample(3, seed=1)).max() <= 1
    np.testing.assert_array_equal(kgan.load(tmp_path / "served").sample(5, seed=2**40), made)
    assert [path.name for path in tmp_path.iterdir()] == ["served"]


def test_it_serves_where_kgan_and_keras_cannot_be_imported(images_gan, tmp_path):
    export(images_gan, tmp_path / "served")
    code = """
import sys
sys.modules["keras"] = sys.modules["kgan"] = None
import tensorflow as tf
served = tf.saved_model.load(sys.argv[1])
images = served.signatures["serve"](num_samples=tf.constant(2), seed=tf.constant(0, tf.int64))["images"]
assert images.shape == (2, 8, 8, 1), images.shape
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "served")], check=True, capture_output=True)


def test_vectors_and_labels(tmp_path):
    z, y = keras.Input([3]), keras.Input([], dtype="int32")
    embedded = keras.layers.Embedding(4, 3)(y)
    generator = keras.Model([z, y], keras.layers.Dense(2)(keras.layers.Concatenate()([z, embedded])))
    x = keras.Input([2])
    gan = kgan.WGANGP(generator, keras.Model(x, keras.layers.Dense(1)(x)))
    export(gan, tmp_path / "served")
    served = kgan.load(tmp_path / "served")
    np.testing.assert_allclose(served.sample(4, seed=1, labels=2), gan.sample(4, seed=1, labels=2), atol=1e-5)
    with pytest.raises(ValueError, match="needs labels="):
        served.sample(4)


def test_an_existing_place_is_not_overwritten(images_gan, tmp_path):
    (tmp_path / "served").mkdir()
    with pytest.raises(FileExistsError, match="exists already; choose another place"):
        export(images_gan, tmp_path / "served")
    assert list((tmp_path / "served").iterdir()) == []


def test_a_difference_is_an_error_and_leaves_nothing(images_gan, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "to_uint8", lambda values: np.zeros(values.shape, np.uint8))
    with pytest.raises(RuntimeError, match="differs from the live one by"):
        export(images_gan, tmp_path / "served")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_export_left_is_removed_by_the_next(images_gan, tmp_path):
    process = subprocess.Popen(["true"])
    process.wait()
    left = tmp_path / f".tmp-{process.pid}-served"
    left.mkdir()
    (left / "saved_model.pb").write_text("half")
    export(images_gan, tmp_path / "served")
    assert [path.name for path in tmp_path.iterdir()] == ["served"]
