"""The served generator is the live one, and needs neither kgan nor Keras."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan import precision
from kgan.using.export import export


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


def weights_bytes(folder):
    (path,) = (folder / "variables").glob("variables.data-*")
    return path.stat().st_size


def test_the_weights_stand_in_it_once(tmp_path):
    gan = kgan.StandardGAN(
        kgan.architectures.MLPGenerator((2,), latent_dim=2, units=(200, 200)),
        kgan.architectures.MLPDiscriminator((2,), units=(4,)),
    )
    once = sum(weight.numpy().nbytes for weight in gan.ema_generator.weights)
    assert gan.export(tmp_path / "served", verbose=False) == str(tmp_path / "served")
    assert once <= weights_bytes(tmp_path / "served") < 1.02 * once
    served = tf.saved_model.load(str(tmp_path / "served"))
    drawn = {"num_samples": tf.TensorSpec((), tf.int32, "num_samples"), "seed": tf.TensorSpec((), tf.int64, "seed")}
    given = {"latents": tf.TensorSpec((None, 2), tf.float32, "latents")}
    assert {name: found.structured_input_signature[1] for name, found in served.signatures.items()} == {
        "serve": drawn, "from_latents": given, "latents": drawn, "serving_default": drawn,
    }  # fmt: skip
    np.testing.assert_array_equal(served.latents(3, 1)["latents"], gan.latents(3, 1))
    np.testing.assert_allclose(served.serve(3, 1)["samples"], gan.sample(3, seed=1), atol=1e-5)


def test_what_keras_wrote_before_still_loads(images_gan, tmp_path):
    """Earlier versions wrote the same signatures with Keras' ExportArchive."""
    archive = keras.export.ExportArchive()
    archive.track(images_gan.ema_generator)
    drawn = [tf.TensorSpec((), tf.int32, "num_samples"), tf.TensorSpec((), tf.int64, "seed")]

    def images(latents):
        values = images_gan.ema_generator(latents, training=False)
        return {"images": tf.cast(tf.clip_by_value(values * 127.5 + 128.0, 0.0, 255.0), tf.uint8)}

    archive.add_endpoint("serve", lambda num_samples, seed: images(images_gan.latents(num_samples, seed)), drawn)
    archive.add_endpoint("from_latents", images, [tf.TensorSpec((None, 4), tf.float32, "latents")])
    archive.add_endpoint("latents", lambda num_samples, seed: {"latents": images_gan.latents(num_samples, seed)}, drawn)
    archive.write_out(str(tmp_path / "old"), verbose=False)
    images_gan.export(tmp_path / "new")
    assert weights_bytes(tmp_path / "old") > 1.5 * weights_bytes(tmp_path / "new")
    old, new = kgan.load(tmp_path / "old"), kgan.load(tmp_path / "new")
    np.testing.assert_array_equal(old.sample(5, seed=2), new.sample(5, seed=2))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_it_is_float32_whatever_the_training_was(tmp_path, policy):
    with precision.policy(policy):
        gan = kgan.StandardGAN(
            kgan.architectures.ResNetGenerator((8, 8, 1), latent_dim=4, width=4, normalization="batch"),
            kgan.architectures.DCGANDiscriminator((8, 8, 1), width=4),
        )
    assert any(layer.compute_dtype != "float32" for layer in gan.generator._flatten_layers())
    gan.export(tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served"))
    assert {weight.dtype for weight in served.weights} == {tf.float32}
    for signature in served.signatures.values():
        assert signature.graph.get_operations()
        halves = [tensor for graph in graphs(signature.graph) for tensor in tensors(graph) if tensor.dtype.size == 2]
        assert not halves


def graphs(graph):
    """The graph, and those of the functions that it calls."""
    return [graph, *(function.graph for function in graph._functions.values() if hasattr(function, "graph"))]


def tensors(graph):
    return [tensor for operation in graph.get_operations() for tensor in operation.outputs]


def test_tables_and_random_states_and_replicas(tmp_path, replicas):
    z, y = keras.Input([3]), keras.Input([1], dtype="int64")
    known = keras.layers.IntegerLookup(vocabulary=[0, 7], num_oov_indices=0, output_mode="one_hot")(y)
    joined = keras.layers.Dropout(0.5)(keras.layers.Concatenate()([z, known]))
    x = keras.Input([2])
    gan = kgan.StandardGAN(keras.Model([z, y], keras.layers.Dense(2)(joined)), keras.Model(x, keras.layers.Dense(1)(x)))
    gan.export(tmp_path / "table")
    made = kgan.load(tmp_path / "table").sample(4, labels=[[7]] * 4)
    np.testing.assert_allclose(made, gan.sample(4, labels=[[7]] * 4), atol=1e-5)
    with replicas.scope():
        gan = kgan.StandardGAN(
            kgan.architectures.MLPGenerator((2,), latent_dim=2, units=(50,)),
            kgan.architectures.MLPDiscriminator((2,), units=(4,)),
        )
    gan.export(tmp_path / "replicas")
    np.testing.assert_allclose(kgan.load(tmp_path / "replicas").sample(4), gan.sample(4), atol=1e-5)


@pytest.mark.parametrize("kind", ["onnx", "litert", "h5"])
def test_other_formats_are_refused(images_gan, tmp_path, kind):
    with pytest.raises(ValueError, match=f'writes a TensorFlow SavedModel, format="tf_saved_model".*got {kind!r}'):
        images_gan.export(tmp_path / "served", format=kind)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_place_is_not_overwritten(images_gan, tmp_path):
    (tmp_path / "served").mkdir()
    with pytest.raises(FileExistsError, match="exists already; choose another place"):
        export(images_gan, tmp_path / "served")
    assert list((tmp_path / "served").iterdir()) == []


def test_a_difference_is_an_error_and_leaves_nothing(images_gan, tmp_path, monkeypatch):
    monkeypatch.setattr(kgan.kinds.Pictures, "stored", lambda self, values: np.zeros(values.shape, np.uint8))
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


def test_inside_of_a_strategys_scope(tmp_path, replicas):
    classes = {"conditioning": "concatenation", "num_classes": 3}
    with replicas.scope():
        gan = kgan.StandardGAN(
            kgan.architectures.MLPGenerator((2,), 3, [8], **classes), kgan.architectures.MLPDiscriminator((2,), [8])
        )
        gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
        gan.run_dir = tmp_path
        x, y = np.zeros([8, 2], "float32"), np.arange(8) % 3
        gan.fit(x, y, batch_size=8, verbose=0, callbacks=[kgan.callbacks.Checkpoint()])
        gan.save(tmp_path / "gan.keras")
        gan.export(tmp_path / "served")
        for place in ("served", "gan.keras", "."):
            made = kgan.load(tmp_path / place).sample(5, seed=3, labels=2)
            np.testing.assert_allclose(made, gan.sample(5, seed=3, labels=2), atol=1e-5)
    np.testing.assert_array_equal(kgan.load(tmp_path / "served").sample(5, seed=3, labels=2), made)
