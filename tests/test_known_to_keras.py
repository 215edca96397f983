"""Keras finds kgan's classes in files, in whichever order the two were imported."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import kgan
import kgan.register
from kgan import known_to_keras


def test_every_class_is_named():
    classes = {name: cls for name, cls in keras.saving.get_custom_objects().items() if name.startswith("kgan>")}
    # Examples in docstrings register classes of their own, which no module holds.
    held = {name for name, cls in classes.items() if getattr(sys.modules[cls.__module__], cls.__name__, None) is cls}
    registered = {name.removeprefix("kgan>") for name in held}
    missing, gone = registered - set(known_to_keras.NAMES), set(known_to_keras.NAMES) - registered
    assert not missing, f"name these in kgan/known_to_keras.py: {' '.join(sorted(missing))}"
    assert not gone


@pytest.mark.parametrize(
    "imports",
    [
        "import kgan, keras",
        pytest.param("import keras, kgan", marks=pytest.mark.slow),
        pytest.param("import kgan.layers, keras", marks=pytest.mark.slow),
        pytest.param(
            "import importlib, kgan, keras; importlib.reload(keras); importlib.reload(kgan)", marks=pytest.mark.slow
        ),
    ],
)
def test_a_game_is_loaded_by_keras(toy, tmp_path, imports):
    gan = toy(kgan.StandardGAN)
    gan.save(tmp_path / "game.keras")
    kgan.architectures.DCGANGenerator((8, 8, 1), latent_dim=4, width=4).save(tmp_path / "generator.keras")
    code = f"""
import sys
{imports}
assert "kgan.register" not in sys.modules
gan = keras.models.load_model("game.keras")
import numpy
numpy.save("made.npy", gan.sample(3))
assert keras.models.load_model("generator.keras").name == "generator"
assert isinstance(gan, kgan.StandardGAN) and gan.compiled
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env=environment)
    np.testing.assert_array_equal(np.load(tmp_path / "made.npy"), gan.sample(3))


def test_the_finder_finds_what_it_would_be_without_it():
    spec = importlib.util.spec_from_file_location("keras", keras.__file__)
    for _ in range(2):  # to look for Keras is not to import it
        found = known_to_keras.AfterKeras.find_spec("keras") if known_to_keras.AfterKeras in sys.meta_path else spec
        assert found.origin == spec.origin and type(found.loader) is type(spec.loader)
    assert known_to_keras.AfterKeras.find_spec("kera") is None


def test_nothing_is_put_in_the_place_of_a_class_that_is_there():
    known_to_keras.announce()
    assert keras.saving.get_registered_object("kgan>WGAN") is kgan.WGAN
