"""What earlier versions of kgan wrote, which must load and go on for ever: tests/fixtures/format_1 is of kgan 0.1.0."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import kgan
from kgan import recipe
from kgan.running import experiment

OLD = Path(__file__).parent / "fixtures" / "format_1"
LABELS = {"sngan": [0, 1, 2, 3], "acgan": [0, 1, 2, 3]}


@pytest.fixture
def expected():
    """Samples of the games, before and after they went on, as the version that wrote them gave them."""
    with np.load(OLD / "expected.npz") as arrays:
        return dict(arrays)


def samples(gan, name):
    return gan.sample_values(4, seed=1, labels=LABELS.get(name))


def circle():
    angle = np.linspace(0, 6.28, 48)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype("float32")


@pytest.mark.parametrize("name", ["sngan", "infogan", "vae"])
def test_a_keras_file_loads_and_trains_on(name, expected):
    gan = kgan.load(OLD / f"{name}.keras")
    np.testing.assert_allclose(samples(gan, name), expected[name], atol=1e-5)
    labels = np.arange(48) % 4 if name in LABELS else None
    gan.fit(circle(), labels, batch_size=48, epochs=1, verbose=0, shuffle=False)
    np.testing.assert_allclose(samples(gan, name), expected[f"{name}_on"], atol=1e-4)


def test_a_run_folder_loads_and_goes_on(tmp_path, expected):
    run = tmp_path / "acgan"
    shutil.copytree(OLD / "acgan", run)
    np.testing.assert_allclose(samples(kgan.load(run), "acgan"), expected["acgan"], atol=1e-5)
    said = []
    plan = recipe.load(run / "recipe.yaml", ["steps=30"])
    gan = experiment.fit(plan, run, allow_inexact=True, say=said.append)
    assert "going on from step 20" in said
    np.testing.assert_allclose(samples(gan, "acgan"), expected["acgan_on"], atol=1e-4)
    assert samples(kgan.load(run), "acgan").shape == (4, 2)  # what was written now is of the present format
