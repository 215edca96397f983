"""Samples of trained models as files."""

import subprocess

import keras
import numpy as np
import pytest
from PIL import Image

import kgan
from kgan import recipe
from kgan.running import experiment
from kgan.runs import checkpoint
from kgan.using import sampling
from kgan.using.export import export

OPTIMIZERS = """
optimizers:
  generator: {Adam: {}}
  discriminator: {Adam: {}}
"""
VECTORS = """
steps: 1
batch_size: 4
precision: float32
dataset: {RingOfGaussians: {size: 8}}
generator: {MLPGenerator: {latent_dim: 2, units: [8]}}
discriminator: {MLPDiscriminator: {units: [8]}}
objective: {StandardGAN: {}}
"""
IMAGES = VECTORS.replace("{RingOfGaussians: {size: 8}}", "{NPZ: {path: images.npz}}")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folder with runs and exports."""
    folder = tmp_path_factory.mktemp("runs")
    np.savez(folder / "images.npz", images=np.zeros([8, 8, 8, 3], np.uint8))
    for name, text in (("vectors", VECTORS), ("images", IMAGES.replace("images.npz", str(folder / "images.npz")))):
        (folder / f"{name}.yaml").write_text(text + OPTIMIZERS)
        gan = experiment.fit(recipe.load(folder / f"{name}.yaml"), folder / name, say=lambda line: None)
    export(gan, folder / "export")
    for name, gan in {"classes": conditional(), "own": with_own_networks()}.items():
        gan.run_dir = folder / name
        checkpoint.save(gan, gan.run_dir / "checkpoints", {})
        export(gan, folder / f"served {name}")
    return folder


def conditional():
    """A game of vectors with four classes, one-hot, which takes a fifth for none if nobody looks."""
    classes = {"conditioning": "concatenation", "num_classes": 4}
    gan = kgan.StandardGAN(
        kgan.architectures.MLPGenerator((2,), 2, (3,), **classes),
        kgan.architectures.MLPDiscriminator((2,), (3,), **classes),
    )
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    return gan


def with_own_networks():
    """The same with networks that do not tell how many classes there are."""
    z, x, y = keras.Input([2]), keras.Input([2]), keras.Input([], dtype="int32")

    def network(values, units):
        both = keras.layers.Concatenate()([values, keras.layers.Embedding(4, 3)(y)])
        return keras.Model([values, y], keras.layers.Dense(units)(both))

    gan = kgan.StandardGAN(network(z, 2), network(x, 1))
    gan.compile(generator_optimizer="adam", discriminator_optimizer="adam")
    return gan


def test_samples_of_one_class(runs, tmp_path):
    for model in ("classes", "served classes"):
        sampling.sample(runs / model, 3, 0, 3, None, npz=tmp_path / f"{model}.npz")
    with np.load(tmp_path / "classes.npz") as a, np.load(tmp_path / "served classes.npz") as b:
        np.testing.assert_allclose(a["samples"], b["samples"], atol=1e-5)


def test_images(runs, tmp_path):
    out, out_dir, npz = tmp_path / "grid.png", tmp_path / "each", tmp_path / "all.npz"
    assert sampling.sample(runs / "images", 11, 0, None, None, out, out_dir, npz) == [out, out_dir, npz]
    with np.load(npz) as arrays:
        assert list(arrays) == ["images"]
        images = arrays["images"]
    assert images.dtype == np.uint8
    assert images.shape == (11, 8, 8, 3)
    assert sorted(path.name for path in out_dir.iterdir()) == [f"{index:02d}.png" for index in range(11)]
    with Image.open(out_dir / "07.png") as picture, Image.open(out) as grid:
        np.testing.assert_array_equal(np.asarray(picture), images[7])
        assert grid.width > 4 * 8
        assert grid.height > 3 * 8


def test_vectors_also_come_in_the_units_of_their_data_set(runs, tmp_path):
    sampling.sample(runs / "vectors", 5, 0, None, None, tmp_path / "points.png", None, tmp_path / "v.npz")
    assert (tmp_path / "points.png").stat().st_size
    with np.load(tmp_path / "v.npz") as arrays:
        assert sorted(arrays) == ["samples", "values"]
        np.testing.assert_allclose(arrays["values"], arrays["samples"] * (2.0 + 6 * 0.02), rtol=1e-6)


def test_an_export_gives_the_samples_of_its_run(runs, tmp_path):
    sampling.sample(runs / "images", 3, 7, None, None, npz=tmp_path / "a.npz")
    sampling.sample(runs / "export", 3, 7, None, None, npz=tmp_path / "b.npz")
    with np.load(tmp_path / "a.npz") as a, np.load(tmp_path / "b.npz") as b:
        assert np.abs(a["images"].astype(int) - b["images"].astype(int)).max() <= 1


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        ("images", {"out": "grid.jpg"}, "--out grid.jpg: expected the name of a PNG file, like grid.png."),
        ("images", {"out": "grid.png", "label": 3}, "This generator takes no labels."),
        ("images", {"out": "grid.png", "truncation": 0.0}, "truncation must be above 0"),
        ("images", {"out": "grid.png", "truncation": float("nan")}, "truncation must be above 0"),
        ("images", {"out": "grid.png", "truncation": float("inf")}, "truncation must be above 0 and finite; got inf."),
        ("classes", {"out": "p.png", "label": 4}, "--label 4: expected a class from 0 to 3."),
        ("classes", {"out": "p.png", "label": -1}, "--label -1: expected a class from 0 to 3."),
        ("classes", {"out": "p.png"}, "say which samples to make with labels="),
        ("served classes", {"npz": "v.npz", "label": 4}, "--label 4: expected a class from 0 to 3."),
        ("served classes", {"npz": "v.npz", "label": -1}, "--label -1: expected a class from 0 to 3."),
        ("own", {"npz": "v.npz", "label": 4}, "--label 4: expected a class from 0 to 3."),
        ("own", {"npz": "v.npz", "label": -1}, "--label -1: expected a class from 0 to 3."),
        ("served own", {"npz": "v.npz", "label": 4}, "--label 4: expected a class from 0 to 3."),
        ("export", {"out": "grid.png", "truncation": 1.0}, "truncation needs the run folder."),
        ("vectors", {"out_dir": "each"}, "Vectors are no pictures"),
    ],
)
def test_what_cannot_be_sampled_is_refused_and_nothing_written(runs, tmp_path, monkeypatch, model, options, says):
    monkeypatch.chdir(tmp_path)
    arguments = {"count": 2, "seed": 0, "label": None, "truncation": None, **options}
    with pytest.raises(ValueError) as error:
        sampling.sample(runs / model, **arguments)
    assert says in str(error.value)
    assert not list(tmp_path.iterdir())


def test_samples_are_not_mixed_with_other_files(runs, tmp_path):
    for _ in range(2):  # the same command twice is no mixture
        sampling.sample(runs / "images", 3, 0, None, None, out_dir=tmp_path)
    with pytest.raises(ValueError, match="it holds other files .2.png.; choose an empty folder."):
        sampling.sample(runs / "images", 2, 0, None, None, out_dir=tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_what_a_killed_command_left_is_no_other_file(runs, tmp_path):
    process = subprocess.Popen(["true"])
    process.wait()
    (tmp_path / f".tmp-{process.pid}-1.png").write_text("half")
    sampling.sample(runs / "images", 2, 0, None, None, out_dir=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.png", "1.png"]


def test_a_missing_model_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="is no .keras file, run folder or exported SavedModel."):
        sampling.sample(tmp_path, 2, 0, None, None, out=tmp_path / "grid.png")
