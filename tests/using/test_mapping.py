"""`kgan map`, from a `.keras` file and an export, and what else a game that maps is asked for."""

import keras
import numpy as np
import pytest
from click.testing import CliRunner

import kgan
from kgan.cli import main
from kgan.images import write_png

SHAPE = (8, 8, 1)


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A folder with a game that maps, its export, and a few pictures."""
    folder = tmp_path_factory.mktemp("maps")
    keras.utils.set_random_seed(0)
    maps = [kgan.architectures.ResidualTranslator(SHAPE, width=2, halvings=1, blocks=1) for _ in range(2)]
    judges = [kgan.architectures.PatchDiscriminator(SHAPE, width=2, halvings=1) for _ in range(2)]
    gan = kgan.CycleGAN(*maps, *judges)
    gan.save(folder / "maps.keras")
    gan.export(folder / "served")
    images = np.random.default_rng(0).integers(0, 256, (5, *SHAPE), dtype=np.uint8)
    np.savez(folder / "five.npz", images=images)
    for index, image in enumerate(images):
        write_png(folder / "pictures" / f"p{index}.png", image)
    return folder, gan, images


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize("model", ["maps.keras", "served"])
@pytest.mark.parametrize("to", ["a", "b"])
def test_the_same_from_everywhere(here, tmp_path, model, to):
    folder, gan, images = here
    made = run("map", folder / model, folder / "five.npz", "--to", to, "--npz", tmp_path / "made.npz")
    assert made.exit_code == 0, made.output
    with np.load(tmp_path / "made.npz") as arrays:
        assert np.abs(arrays["images"].astype(int) - gan.map(images, to=to).astype(int)).max() <= 1


def test_files_keep_their_names_and_a_picture_has_pairs(here, tmp_path):
    folder, _, _ = here
    files = [folder / "pictures" / name for name in ("p1.png", "p3.png")]
    made = run("map", folder / "maps.keras", *files, "--out-dir", tmp_path / "out", "--out", tmp_path / "pairs.png")
    assert made.exit_code == 0, made.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["p1.png", "p3.png"]
    assert (tmp_path / "pairs.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["map", "maps.keras", "five.npz"], "say where the images go"),
        (["map", "maps.keras", "five.npz", "--to", "c", "--npz", "x.npz"], "maps to b or a"),
        (["map", "maps.keras", "--npz", "x.npz"], "name them"),
        (["map", "maps.keras", "five.npz", "more.npz", "--npz", "x.npz"], "is no image file"),
        (["map", "maps.keras", "Showers: {size: 4}", "--npz", "x.npz"], "maps images of (8, 8, 1)"),
        (["sample", "maps.keras", "--npz", "x.npz"], "good for `kgan map`, not for `kgan sample`"),
        (["sample", "served", "--npz", "x.npz"], "good for `kgan map`, not for `kgan sample`"),
        (["encode", "maps.keras", "--npz", "x.npz"], "good for `kgan map`, not for `kgan encode`"),
    ],
)
def test_a_mistake_is_one_line(here, monkeypatch, arguments, says):
    monkeypatch.chdir(here[0])
    made = run(*arguments)
    assert made.exit_code == 2 and says in made.output and made.output.count("\n") == 1, made.output
    assert not (here[0] / "x.npz").exists()
