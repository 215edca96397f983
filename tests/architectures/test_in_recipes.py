"""Networks with labels in recipes: the data set says how many there are."""

import numpy as np
import pytest

from kgan import recipe
from kgan.running import experiment

TOY = """
steps: 2
batch_size: 4
precision: float32
dataset: {NPZ: {path: PATH, labels: labels}}
generator: {DCGANGenerator: {latent_dim: 3, width: 4}}
discriminator: {DCGANDiscriminator: {width: 4}}
objective: {StandardGAN: {}}
optimizers:
  generator: {Adam: {}}
  discriminator: {Adam: {}}
"""
CLASSES = np.arange(16) % 5
CONDITIONS = np.stack([np.linspace(1, 100, 16), np.linspace(0, 60, 16)], axis=1).astype("float32")
BOTH = ["generator.conditioning=concatenation", "discriminator.conditioning=projection"]


@pytest.fixture
def build(tmp_path):
    def make(labels, *overrides):
        pixels = np.random.default_rng(0).integers(0, 256, [16, 8, 8], dtype=np.uint8)
        np.savez(tmp_path / "data.npz", images=pixels, **({} if labels is None else {"labels": labels}))
        text = TOY.replace("PATH", str(tmp_path / "data.npz"))
        (tmp_path / "toy.yaml").write_text(text if labels is not None else text.replace(", labels: labels", ""))
        return experiment.build(recipe.load(tmp_path / "toy.yaml", overrides))[1]

    return make


def test_labels_do_not_enter_unless_asked(build):
    gan = build(CLASSES)
    assert not gan.conditional and len(gan.discriminator.inputs) == 1


def test_the_number_of_classes_is_the_data_sets(build):
    gan = build(CLASSES, *BOTH)
    assert gan.conditional and gan.generator.labels.count == gan.discriminator.labels.count == 5
    assert gan.sample(2, labels=[0, 4]).shape == (2, 8, 8, 1)


def test_ranges_of_conditions_are_the_data_sets(build):
    gan = build(CONDITIONS, *BOTH)
    assert list(gan.generator.labels.of.values()) == [(1, 100), (0, 60)]
    assert gan.discriminator.inputs[1].shape == (None, 2)


def test_codes_of_an_auxiliary_head_are_the_recipes(build):
    network = build(
        CLASSES,
        "discriminator={DCGANDiscriminator: {conditioning: auxiliary, labels: {Classes: {count: 7}}}}",
        "objective={InfoGAN: {categorical: [7], continuous: 0}}",
        "generator.latent_dim=9",
    ).discriminator
    assert network.outputs[1].shape == (None, 7)


@pytest.mark.parametrize(
    ("labels", "overrides", "sentence"),
    [
        (None, BOTH, "generator.DCGANGenerator.conditioning: the data set has no labels; leave it out"),
        (
            CLASSES,
            [*BOTH, "generator.labels={Classes: {count: 6}}"],
            "generator.DCGANGenerator.labels: the data set has .*5.*, not .*6",
        ),
        (
            CLASSES,
            ["generator.conditioning=projection"],
            "conditioning must be None or one of concatenation, batch_norm",
        ),
        (CLASSES, ["discriminator.labels={Classes: {count: 5}}"], "labels needs conditioning"),
    ],
)
def test_what_does_not_fit_is_told_in_a_line(build, labels, overrides, sentence):
    with pytest.raises(recipe.RecipeError, match=sentence):
        build(labels, *overrides)
