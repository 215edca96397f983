"""Every recipe in recipes/ is built and run for two steps, narrow and on made-up data where its own need files."""

from pathlib import Path

import numpy as np
import pytest

from kgan import recipe
from kgan.running import experiment

RECIPES = sorted((Path(__file__).parent.parent / "recipes").glob("*.yaml"))
SHAPES = {"FashionMNIST": (28, 28), "MNIST": (28, 28), "CIFAR10": (32, 32, 3)}


# Deep networks take half a minute to trace, and most recipes differ from another one in sizes and data alone: of each
# family of objectives one, and of each trick.
SHORT = {
    "acgan_ring", "ali_grid", "began_ring", "consensus_gan_ring", "dcgan_fashion", "diffaugment_fashion", "ebgan_ring",
    "gaussian_ring", "infogan_ring", "mgan_ring", "older_players_ring", "r3gan_ring", "replay_ring", "sngan_ring",
    "unrolled_gan_ring", "vae_ring", "wgan_gp_showers", "wgan_long_phases_ring",
}  # fmt: skip
PARAMETERS = [path if path.stem in SHORT else pytest.param(path, marks=pytest.mark.slow) for path in RECIPES]


@pytest.fixture(params=RECIPES, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.mark.parametrize("path", PARAMETERS, ids=lambda path: path.stem)
def test_two_steps(path, tmp_path):
    plan = recipe.load(path)
    small = ["steps=2", "batch_size=4", "precision=float32", "log.every=1"]
    (name,) = plan.dataset
    if name in SHAPES:
        pixels = np.random.default_rng(0).integers(0, 256, [64, *SHAPES[name]], dtype=np.uint8)
        np.savez(tmp_path / "data.npz", images=pixels, labels=np.arange(64) % 10)
        small.append(f"dataset={{NPZ: {{path: {tmp_path / 'data.npz'}, labels: labels}}}}")
    else:
        small.append("dataset.size=64")
    ((name, given),) = plan.objective.items()
    for repeated in ("discriminator_steps", "unroll_steps"):  # two show what five would, and are traced sooner
        if given.get(repeated, 0) > 2:
            small.append(f"objective.{name}.{repeated}=2")
    for player in plan.networks:
        (family,) = plan.networks[player]
        if family != "GaussianGenerator":  # as wide as the data
            small.append(f"{player}.units=[8]" if family.startswith("MLP") else f"{player}.width=4")
    gan = experiment.fit(recipe.load(path, small), tmp_path / "run", say=lambda line: None)
    assert gan.step.numpy() == 2
    assert all(np.isfinite(weight.numpy()).all() for weight in gan.weights)
    assert (tmp_path / "run" / "samples" / "step-00000002.png").exists()


def test_the_header_says_command_and_measurement(path):
    head = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert len(head) >= 2
    text = "\n".join(head)
    assert f"kgan fit recipes/{path.name}" in text
    assert "measured" in text.lower(), "say what was measured, when and on what, or that nothing was, and why"


def test_the_name_is_the_files(path):
    assert recipe.load(path).name == path.stem


def test_resolved_it_is_the_same_recipe(path, tmp_path):
    plan = recipe.load(path)
    (tmp_path / "recipe.yaml").write_text(plan.text())
    assert recipe.load(tmp_path / "recipe.yaml").document() == plan.document()
