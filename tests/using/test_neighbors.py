"""A generator that copies is seen; the neighbours are the nearest of all."""

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import kgan
from kgan.cli import main
from kgan.evaluation import Generated, Real
from kgan.evaluation.extractors import Pixels
from kgan.metrics import nearest_neighbors
from kgan.using import neighbors as drawing
from tests.evaluation.doubles import npz


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    recipe = folder / "small.yaml"
    recipe.write_text(
        f"""
steps: 1
batch_size: 8
precision: float32
dataset: {{NPZ: {{path: {npz(folder, count=90).path}}}}}
generator: {{DCGANGenerator: {{latent_dim: 4, width: 8}}}}
discriminator: {{DCGANDiscriminator: {{width: 8}}}}
objective: {{StandardGAN: {{}}}}
optimizers: {{generator: {{Adam: {{}}}}, discriminator: {{Adam: {{}}}}}}
"""
    )
    result = CliRunner().invoke(main, ["fit", str(recipe), "--run-dir", str(folder / "run")])
    assert result.exit_code == 0, result.output
    return folder / "run"


def test_the_nearest_of_all_whatever_the_blocks(tmp_path, monkeypatch):
    real = Real(npz(tmp_path, count=90))
    images = np.concatenate(list(real.images(90)))
    queries = {"samples": npz(tmp_path, count=20, seed=1, name="other.npz").batch(np.arange(20)).images}
    rows = [Pixels()(x)["features"] for x in (queries["samples"], images)]
    expected = nearest_neighbors(*rows, 4)
    for held in (7, 40, 8192):
        monkeypatch.setattr(drawing, "ROWS", held)
        monkeypatch.setattr("kgan.evaluation.sources.BLOCK", 16)
        distances, indices = drawing._nearest(queries, real, 4, Pixels(), "pixels")
        np.testing.assert_allclose(distances["samples"], expected[0], rtol=1e-9)
        np.testing.assert_array_equal(indices["samples"], expected[1])
    np.testing.assert_array_equal(
        real.dataset.batch(real.places(indices["samples"][:, 0])).images, images[expected[1][:, 0]]
    )


def test_copies_have_distance_zero(tmp_path, run, monkeypatch):
    copies = kgan.datasets.NPZ(str(run.parent / "images.npz")).batch(np.arange(90)).images
    monkeypatch.setattr(Generated, "images", lambda self, count: iter([copies[:count]]))
    (medians,) = drawing.neighbors(run, tmp_path / "n.png", count=3, k=2, spaces=["pixels"]).values()
    assert medians == (0.0, None)


def test_the_command(tmp_path, run):
    out = tmp_path / "n.png"
    result = CliRunner().invoke(main, ["neighbors", str(run), "--out", str(out), "-n", "3", "-k", "2"])
    assert result.exit_code == 0 and result.stderr == ""
    lines = result.stdout.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["pixels", "discriminator"] and lines[2] == str(out)
    with Image.open(out) as picture:
        assert picture.width > 300 and len(picture.convert("L").getcolors(256)) > 20


MISTAKES = [
    (["--out", "n.jpg"], "expected the name of a PNG file, like n.png"),
    (["--out", "n.png", "-k", "0"], "0 is not in the range"),
    (["--out", "n.png", "--space", "vgg"], "there is no extractor 'vgg'"),
    (["--out", "n.png", "--space", "classifier"], "names no classes, and has no classifier"),
    ([], "Missing option '--out'"),
]


@pytest.mark.parametrize("words, message", MISTAKES)
def test_mistakes(tmp_path, run, words, message, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["neighbors", str(run), *words])
    assert result.exit_code == 2 and message in result.stderr and len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_run(tmp_path, run):
    for folder in (tmp_path, tmp_path / "nowhere"):
        result = CliRunner().invoke(main, ["neighbors", str(folder), "--out", str(tmp_path / "n.png")])
        assert result.exit_code == 2 and "is no run folder, and its training images are not known." in result.stderr
    with pytest.raises(ValueError, match="k must be from 1 to 90"):
        drawing.neighbors(run, tmp_path / "n.png", k=91)
