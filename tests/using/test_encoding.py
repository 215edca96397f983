"""Latents of examples from a run, by the command and the function behind it."""

import numpy as np
import pytest
from click.testing import CliRunner

import kgan
from kgan import cli
from kgan.using.encoding import encode

TOY = """
steps: 2
batch_size: 8
precision: float32
dataset: {RingOfGaussians: {size: 40}}
generator: {MLPGenerator: {latent_dim: 3, units: [4]}}
encoder: {MLPEncoder: {units: [4]}}
discriminator: {MLPJointDiscriminator: {units: [4]}}
objective: {BiGAN: {}}
optimizers: {generator: {Adam: {}}, encoder: {Adam: {}}, discriminator: {Adam: {}}}
log: {every: 1}
"""


def command(*arguments):
    result = CliRunner().invoke(cli.main, [str(argument) for argument in arguments])
    return result.exit_code, result.output.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoding")
    (folder / "toy.yaml").write_text(TOY)
    assert command("fit", folder / "toy.yaml", "--run-dir", folder / "run") == (0, f"done: {folder / 'run'}")
    return folder / "run"


def test_the_latents_of_a_runs_own_data_with_their_labels(run, tmp_path):
    assert command("encode", run, "--npz", tmp_path / "codes.npz") == (0, str(tmp_path / "codes.npz"))
    ring = kgan.datasets.RingOfGaussians(size=40)
    batch = ring.batch(np.arange(40))
    with np.load(tmp_path / "codes.npz") as arrays:
        np.testing.assert_array_equal(arrays["labels"], batch.labels)
        np.testing.assert_allclose(arrays["latents"], kgan.load(run).encode(ring.encode(batch.images)), atol=1e-6)


def test_the_first_of_other_data(run, tmp_path):
    encode(run, "RingOfGaussians: {size: 9, seed: 1}", 4, tmp_path / "codes.npz")
    with np.load(tmp_path / "codes.npz") as arrays:
        assert arrays["latents"].shape == (4, 3) and arrays["latents"].dtype == np.float32


def test_what_cannot_be_encoded_is_one_line_and_nothing_is_written(run, tmp_path):
    out = tmp_path / "codes.npz"
    game = kgan.load(run)
    game.save(tmp_path / "game.keras")
    game.export(tmp_path / "served")
    plain = kgan.StandardGAN(game.generator, kgan.architectures.MLPDiscriminator((2,), units=(4,)))
    plain.save(tmp_path / "plain.keras")
    for arguments, says in (
        (
            [tmp_path / "plain.keras"],
            "holds a game StandardGAN, which is good for `kgan sample`, not for `kgan encode`.",
        ),
        ([tmp_path / "served"], "is an export; give the run folder, or call the signature encode"),
        ([tmp_path / "game.keras"], "is no run folder, and does not say which data to encode; name them."),
        ([run, "Showers: {size: 20}"], "The encoder takes examples of (2,), and the data have "),
        ([run, "nowhere.npz"], "nowhere.npz does not exist"),
        ([tmp_path / "nothing"], "is no .keras file, run folder or exported SavedModel."),
    ):
        code, line = command("encode", *arguments, "--npz", out)
        assert code and says in line and line.startswith("kgan"), line
        assert not out.exists()


def test_a_network_that_takes_labels_says_so_without_them(toy, ring):
    vae = kgan.VAE(
        kgan.architectures.MLPGenerator((2,), latent_dim=3, units=(4,)),
        kgan.architectures.MLPEncoder((2,), latent_dim=3, units=(4,), conditioning="concatenation", num_classes=4),
    )
    vae.compile(generator_optimizer="sgd", encoder_optimizer="sgd")
    with pytest.raises(ValueError, match="^This encoder takes labels; fit it on"):
        vae.fit(ring, batch_size=32, verbose=0)
