"""Training on real images, and what the quickstart promises."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from kgan import datasets, recipe
from kgan.running import experiment

RECIPES = Path(__file__).parent.parent / "recipes"
FASHION = Path("/usr/share/datasets/fashion-mnist")


@pytest.mark.skipif(not FASHION.is_dir(), reason="Debian's package dataset-fashion-mnist is not installed")
@pytest.mark.slow
def test_a_few_steps_on_fashion_mnist_twice_are_bitwise_the_same(tmp_path):
    changes = ["steps=3", "batch_size=8", "generator.width=8", "discriminator.width=8"]
    plan = recipe.load(RECIPES / "wgan_gp_fashion.yaml", changes)
    one, other = (experiment.fit(plan, tmp_path / name, say=lambda line: None) for name in ("one", "other"))
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert one.sample(2).shape == (2, 28, 28, 1)


@pytest.mark.slow
def test_the_quickstarts_showers_have_the_right_total_signal(tmp_path):
    plan = recipe.load(RECIPES / "wgan_gp_showers.yaml")
    gan = experiment.fit(plan, tmp_path / "run", say=lambda line: None)
    simulated = datasets.Showers(split="test", size=2000)
    truth = simulated.batch(np.arange(2000)).images.sum(axis=(1, 2, 3))
    made = simulated.decode(gan.sample_values(2000, seed=1)).sum(axis=(1, 2, 3))
    assert wasserstein_distance(truth, made) <= 0.3 * truth.std()
