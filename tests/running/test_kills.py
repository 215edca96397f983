"""kill -9, at any moment, any number of times."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.running.casts import CASTS, recipe_of
from tests.running.test_experiment import same

# Those that play with the networks of the recipe; the others differ in these, not in what a kill could break.
OBJECTIVES = [
    "BSGAN", "FGAN", "FeatureMatchingGAN", "GeometricGAN", "HistoricalAveragingGAN", "LSGAN", "R3GAN",
    "RelativisticGAN", "StandardGAN", "UnrolledGAN", "WGAN", "WGANGP", "WGANLP",
]  # fmt: skip
KILLS = 50

RECIPE = """
steps: 8000
batch_size: 16
precision: float32
log: {{every: 70}}
checkpoint: {{every: 100, seconds: 1, keep: 2}}
monitor: {{every: 500}}
dataset: {{RingOfGaussians: {{size: 1000}}}}
generator: {{MLPGenerator: {{latent_dim: 2, units: [16, 16]}}}}
discriminator: {{MLPDiscriminator: {{units: [16, 16]}}}}
objective: {{{objective}: {{discriminator_steps: 2}}}}
optimizers:
  generator: {{Adam: {{learning_rate: 1.0e-3}}}}
  discriminator: {{Adam: {{learning_rate: 1.0e-3}}}}
callbacks:
  - SampleGrid: {{every: 500}}
  - ReduceLROnPlateau: {{monitor: d_loss, mode: min, patience: 5, factor: 0.9}}
"""

pytestmark = pytest.mark.slow


KGAN = [sys.executable, "-c", "import sys; from kgan.cli import main; sys.argv[0] = 'kgan'; main()"]


def start(folder, name):
    with open(folder / "stderr.txt", "a") as errors:
        command = [*KGAN, "fit", "recipe.yaml", "--run-dir", name]
        return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=errors)


def commits(run):
    return {path.name for path in (run / "checkpoints").glob("*.json")}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_killed_at_random_it_ends_where_it_would_have(tmp_path, objective):
    """The kills are shared by the objectives: fifty in all."""
    (tmp_path / "recipe.yaml").write_text(RECIPE.format(objective=objective))
    kill_and_compare(tmp_path, objective, -(-KILLS // len(OBJECTIVES)))


@pytest.mark.parametrize("cast", CASTS)
def test_other_casts_killed_at_random_end_where_they_would_have(tmp_path, cast):
    text = recipe_of(
        cast, {"Adam": {"learning_rate": 1e-3}}, steps=4000, batch_size=16, log={"every": 70},
        checkpoint={"every": 100, "seconds": 1, "keep": 2}, monitor={"every": 500},
        callbacks=[{"SampleGrid": {"every": 500}}],
    )  # fmt: skip
    (tmp_path / "recipe.yaml").write_text(text)
    kill_and_compare(tmp_path, cast, 8)


def kill_and_compare(tmp_path, objective, kills):
    """Trains the recipe there twice, the second time with so many kills: the runs must be the same, to the byte."""
    assert start(tmp_path, "whole").wait() == 0
    chance, run, done = random.Random(objective), tmp_path / "run", 0
    while True:
        before = commits(run)
        process = start(tmp_path, "run")
        kill = done < kills
        while kill and process.poll() is None and not commits(run) - before:
            time.sleep(0.01)
        if kill:
            time.sleep(chance.uniform(0.0, 0.4))
            process.send_signal(signal.SIGKILL)
        code = process.wait()
        if code == 0:
            break
        assert code == -signal.SIGKILL, (tmp_path / "stderr.txt").read_text()
        done += 1
    assert done == kills, "the run was too short for its kills"
    same(tmp_path / "whole", run)
    pictures = sorted((tmp_path / "whole" / "samples").iterdir())
    assert [path.name for path in pictures] == sorted(path.name for path in (run / "samples").iterdir())
    for path in pictures:
        assert path.read_bytes() == (run / "samples" / path.name).read_bytes()


def test_a_hundred_kills_during_a_save_leave_nothing_readable_but_wrong(tmp_path):
    script = Path(__file__).parent / "kill_saves.py"
    result = subprocess.run([sys.executable, script, tmp_path, "100"], capture_output=True, text=True, timeout=1200)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.startswith("100 kills")
