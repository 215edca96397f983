"""The benchmark on the toys: what it measures, what it does again, what its table says."""

import importlib.util
import json
import types
from pathlib import Path

import keras
import numpy as np
import pytest

import kgan

FILE = Path(__file__).resolve().parents[1] / "tools" / "toy_benchmark.py"


@pytest.fixture
def tool(monkeypatch):
    """The script as a module, with small networks and short runs."""
    import sys

    spec = importlib.util.spec_from_file_location("toy_benchmark", FILE)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "toy_benchmark", module)  # dataclasses look there
    spec.loader.exec_module(module)
    module.UNITS, module.BATCH, module.COUNT, module.PER_EXECUTION = (8, 8, 8), 16, 64, 2
    return module


def asked(tmp_path, **options):
    given = {
        "only": None,
        "data": None,
        "seeds": 3,
        "updates": 20,
        "critic": False,
        "why": False,
        "out": tmp_path,
        "jobs": 1,
    }
    return types.SimpleNamespace(**given | options)


@pytest.mark.slow
def test_every_objective_has_a_row(tool):
    ring = kgan.datasets.RingOfGaussians(size=100)
    built = [tool.build(entry, ring, 0, steps=10) for entry in tool.ENTRIES.values()]
    objectives = {name for name in kgan.__all__ if isinstance(getattr(kgan, name), type)}
    baselines = {"GaussianSampler", "VAE", "BiGAN", "CycleGAN", "MGAN"}  # no games of one generator and one judge
    assert {type(gan).__name__ for gan in built} | baselines >= objectives
    for entry, gan in zip(tool.ENTRIES.values(), built, strict=True):
        assert gan.discriminator_steps == entry.k


@pytest.mark.slow
def test_as_many_updates_for_all_and_a_rate_that_ends_at_zero(tool, monkeypatch):
    monkeypatch.setattr(tool, "toy", lambda name, size=100, seed=0: kgan.datasets.RingOfGaussians(size=size, seed=seed))
    made, build = [], tool.build
    monkeypatch.setattr(tool, "build", lambda *given: made.append(build(*given)) or made[-1])
    result, samples = tool.train("WGAN", "ring", 0, 30)
    (gan,) = made
    assert int(gan.step.numpy()) == 6 and int(gan.discriminator_optimizer.iterations.numpy()) == 30
    for player in (gan.generator_optimizer, gan.discriminator_optimizer):
        assert float(player.learning_rate) == 0.0
    assert samples.shape == (64, 2) and {"seconds", "ms_per_update", "estimate", "K"} == set(result)


def test_the_estimate_of_a_linear_critic(tool):
    critic = keras.Sequential([keras.Input([2]), keras.layers.Dense(1)])
    critic.layers[0].kernel.assign([[3.0], [4.0]])
    gan = kgan.WGANGP(kgan.architectures.MLPGenerator((2,), 2, (4,)), critic)
    real, fake = np.float32([[1, 0], [3, 0]]), np.float32([[0, 1], [0, 3]])
    assert tool.estimated(gan, real, fake) == pytest.approx(3 * 2 - 4 * 2)


def test_the_truth_is_good_and_near_and_gaussians_are_not(tool):
    tool.COUNT = 400
    found = {name: tool.measured("ring", tool.baseline(name, "ring", 0, 0)[1]) for name in tool.BASELINES[:3]}
    assert found["truth"]["modes"] == 8 and found["truth"]["good"] > 0.98
    assert found["truth"]["w1"] < 0.5 < 5 * found["Gaussian"]["w1"] and found["Gaussian"]["good"] < 0.05
    assert "modes" not in tool.measured("swiss roll", tool.held_out("swiss roll", 2).images)


def test_a_full_gaussian_knows_of_correlation(tool, tmp_path, monkeypatch):
    line = 0.2 * np.random.default_rng(0).standard_normal([500, 1]) * [[1.0, 1.0]]
    np.save(tmp_path / "line.npy", line.astype("float32"))
    monkeypatch.setattr(tool, "toy", lambda *_: kgan.datasets.NPZ(tmp_path / "line.npy"))
    tool.COUNT = 2000
    correlation = {
        name: np.corrcoef(tool.baseline(name, "line", 0, 0)[1].T)[0, 1]
        for name in ("Gaussian per coordinate", "Gaussian")
    }
    assert abs(correlation["Gaussian per coordinate"]) < 0.1 and correlation["Gaussian"] > 0.99


def test_the_autoencoder_is_trained_on_minibatches_like_the_games(tool):
    tool.COUNT = 200
    result, samples = tool.baseline("VAE", "ring", 0, 8)
    assert samples.shape == (200, 2) and np.isfinite(samples).all() and result["seconds"] > 0


@pytest.mark.slow
def test_the_generator_stands_still_while_the_critic_learns(tool, monkeypatch):
    monkeypatch.setattr(tool, "CRITIC_STEPS", (2, 4))
    points = tool.critic("WGAN-GP", "ring", 0)
    assert [point["step"] for point in points] == [2, 4]
    for point in points:  # far away, the critic has had the time
        assert point["exact"] > 0.3 and point["after"] > max(point["before"], 0.1)


def test_conditional_ones_are_not_trained_without_labels(tool, tmp_path):
    made = tool.jobs(asked(tmp_path, only=["AC-GAN", "LSGAN"]))
    assert [(job["name"], job["data"]) for job in made] == [
        ("LSGAN", "ring"), ("AC-GAN", "ring"), ("LSGAN", "grid"), ("AC-GAN", "grid"), ("LSGAN", "swiss roll"),
    ]  # fmt: skip


@pytest.mark.slow
def test_the_variants_are_rows_of_their_own_that_differ(tool, tmp_path):
    made = {job["name"] for job in tool.jobs(asked(tmp_path, why=True))}
    assert made == set(tool.VARIANTS) and not made & set(tool.ENTRIES)
    ring = kgan.datasets.RingOfGaussians(size=100)
    for name, entry in tool.VARIANTS.items():
        original = tool.ENTRIES[name.split(", ")[0]]
        assert tool.build(entry, ring, 0, steps=10).discriminator_steps == original.k
        same = [getattr(entry, field) == getattr(original, field) for field in ("make", "discriminator", "code_dim")]
        assert not all(same) or (entry.optimizer, entry.rates) != (original.optimizer, original.rates)


def test_what_is_done_is_not_done_again_and_what_failed_is(tool, tmp_path, monkeypatch):
    done = []

    def run(job, out):
        done.append(job)
        return write(out, job | ({"failed": "x"} if job["data"] == "grid" else {"w1": 1.0}))

    monkeypatch.setattr(tool, "run", run)
    (tmp_path / "samples").mkdir()
    tool.perform(asked(tmp_path, only=["WGAN-GP"]))
    assert [(job["data"], job["seed"]) for job in done] == [(data, seed) for seed in range(3) for data in tool.DATA]
    done.clear()
    tool.perform(asked(tmp_path, only=["WGAN-GP", "truth"]))
    assert [(job["name"], job["data"]) for job in done].count(("WGAN-GP", "grid")) == 3
    assert [(job["name"], job["data"]) for job in done if job["name"] == "truth"] == [("truth", d) for d in tool.DATA]
    assert len(done) == 6


def write(out, line):
    with open(out / "results.jsonl", "a") as file:
        file.write(json.dumps(line) + "\n")
    return line


def test_the_table(tool):
    base = {"seed": 0, "updates": 10, "critic": False}
    ring = {"modes": 8, "of": 8, "good": 0.75, "w1": 0.1, "estimate": 2.0, "K": 100.0, "seconds": 20.0}
    lines = [
        base | {"name": "WGAN", "data": "ring"} | ring,
        base | {"name": "WGAN", "data": "swiss roll", "w1": 0.2, "estimate": 3.0, "K": 50.0, "seconds": 30.0},
        base | {"name": "LSGAN", "data": "swiss roll", "failed": "FloatingPointError: the samples are not finite"},
        base | {"name": "truth", "data": "ring", "modes": 8, "of": 8, "good": 0.989, "w1": 0.074},
    ]
    rows = tool.table(lines).splitlines()
    assert rows[2] == "| truth | 0 | 8/8, 99% | 0.074 |  |  |  |  |  |  |  |"
    assert rows[3] == "| WGAN | 0 | 8/8, 75% | 0.100 | ≥ 0.02 |  |  |  | 0.200 | ≥ 0.06 | 25 |"
    assert "failed: FloatingPointError: the samples are not finite" in rows[4]
    assert all(row.count("|") == rows[0].count("|") for row in rows)


def test_the_critics_table(tool):
    point = {"step": 50, "exact": 2.0, "before": 1.0, "after": 1.9}
    line = {"name": "WGAN-GP", "data": "ring", "seed": 0, "critic": True, "points": [point]}
    assert tool.critic_table([line]).splitlines()[2] == "| WGAN-GP | ring | 50 | 2.000 | 1.000 | 1.900 | -5.0% |"


def test_the_picture_shows_what_is_there(tool, tmp_path):
    (tmp_path / "samples").mkdir()
    job = {"name": "truth", "data": "ring", "seed": 0, "updates": 10, "critic": False, "w1": 0.1, "modes": 8, "of": 8,
           "good": 1.0}  # fmt: skip
    np.savez(tool.sample_path(tmp_path, job), samples=tool.held_out("ring").images)
    write(tmp_path, job)
    write(tmp_path, job | {"data": "grid", "failed": "no reason"})
    tool.picture(tool.report(tmp_path), tmp_path)
    assert (tmp_path / "toys.png").stat().st_size > 1000


def test_a_run_is_a_process_whose_failure_is_a_line(tool, tmp_path, monkeypatch):
    monkeypatch.setattr(
        tool.subprocess, "run", lambda *_, **__: types.SimpleNamespace(returncode=1, stderr="a\nb: c\n\n")
    )
    job = {"name": "truth", "data": "ring", "seed": 0, "updates": 10, "critic": False}
    assert tool.run(job, tmp_path)["failed"] == "b: c"
    assert tool.results(tmp_path)[tool.key(job)]["failed"] == "b: c"
