"""Two processes on this machine train one model; what is seen when one goes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from kgan import cli, recipe
from kgan.running import experiment
from kgan.runs import workers
from tests.running.casts import CASTS, recipe_of
from tests.running.test_experiment import everything, log

ROOT = Path(__file__).parents[2]
TOY = """
steps: 20
batch_size: 16
precision: float32
log: {every: 10}
dataset: {RingOfGaussians: {size: 600}}
generator: {MLPGenerator: {latent_dim: 2, units: [8]}}
discriminator: {MLPDiscriminator: {units: [8]}}
objective: {WGANGP: {discriminator_steps: 2}}
optimizers:
  generator: {SGD: {learning_rate: 1.0e-2}}
  discriminator: {SGD: {learning_rate: 1.0e-2}}
callbacks: [{SampleGrid: {every: 10}}, {Evaluate: {metric: w1, every: 10, num_samples: 50, patience: 90}}]
checkpoint: {every: 10, keep: 2, monitor: w1}
"""
KGAN = [sys.executable, "-c", "import sys; from kgan.cli import main; sys.argv[0] = 'kgan'; main()"]


@pytest.fixture
def launch(tmp_path):
    """Starts two workers: launch("--steps", 40) gives the launcher's process."""
    (tmp_path / "toy.yaml").write_text(TOY)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = []

    def start(*options, run="run"):
        command = [ROOT / "tools" / "launch_local_workers.sh", "2", *KGAN, "fit", "toy.yaml", "--run-dir", run]
        process = subprocess.Popen(
            [str(part) for part in [*command, *options]], cwd=tmp_path, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def processes(launcher):
    """The process numbers of the workers, the chief first."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
        found = {}
        for child in children:
            variables = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
            configured = [v for v in variables if v.startswith(b"TF_CONFIG=")]
            if configured:
                found[json.loads(configured[0][10:])["task"]["index"]] = int(child)
        if len(found) == 2:
            return [found[0], found[1]]
        time.sleep(0.05)
    raise AssertionError("the workers did not start")


def until_step(run, step):
    deadline = time.monotonic() + 60
    while not (run / "checkpoints" / f"step-{step:08d}.json").exists():
        assert time.monotonic() < deadline, "no checkpoint was made"
        time.sleep(0.02)


def test_two_workers_equal_two_replicas_and_the_chief_alone_writes(launch, tmp_path, replicas):
    out, err = launch().communicate(timeout=120)
    assert err == ""
    assert out.splitlines()[0] == "toy: 600 examples of (2,), float32, 2 replicas, into run"
    assert out.splitlines()[-1] == "done: run" and out.count("step 20/20") == 1
    compare_with_replicas(tmp_path, replicas)


@pytest.mark.slow
@pytest.mark.parametrize("cast", CASTS)
def test_two_workers_of_other_casts_equal_two_replicas(launch, tmp_path, replicas, cast):
    text = recipe_of(
        cast, {"SGD": {"learning_rate": 1e-2}}, steps=20, batch_size=16, log={"every": 10},
        checkpoint={"every": 10, "keep": 2}, callbacks=[{"SampleGrid": {"every": 10}}],
    )  # fmt: skip
    (tmp_path / "toy.yaml").write_text(text)
    _, err = launch().communicate(timeout=120)
    assert err == ""
    compare_with_replicas(tmp_path, replicas)


def compare_with_replicas(tmp_path, replicas):
    """The run of two workers has the weights, the log and the files of two replicas in one process."""
    plan = recipe.load(tmp_path / "toy.yaml")
    experiment.fit(plan, tmp_path / "mirrored", place=workers.Place(replicas), say=lambda line: None)
    step, arrays, _ = everything(tmp_path / "run")
    step_, arrays_, _ = everything(tmp_path / "mirrored")
    assert step == step_ == 20
    for name, array in arrays_.items():
        np.testing.assert_allclose(arrays[name], array, atol=1e-6, err_msg=name)
    for line, line_ in zip(log(tmp_path / "run"), log(tmp_path / "mirrored"), strict=True):
        assert line == pytest.approx(line_, rel=1e-4, abs=1e-6)
    files = [sorted(p.name for p in (tmp_path / run).rglob("*")) for run in ("run", "mirrored")]
    assert files[0] == files[1]


@pytest.mark.parametrize("who", [0, 1], ids=["chief", "worker"])
@pytest.mark.slow
def test_a_killed_worker_ends_the_others_at_once_and_the_run_goes_on(launch, tmp_path, who):
    launcher = launch("--steps", 3000)
    members = processes(launcher)
    until_step(tmp_path / "run", 20)
    os.kill(members[who], signal.SIGKILL)
    killed = time.monotonic()
    out, err = launcher.communicate(timeout=30)
    assert time.monotonic() - killed < 5
    assert launcher.returncode == 128 + signal.SIGKILL
    assert "done" not in out
    lines = [line for line in err.splitlines() if line.startswith("kgan: ")]
    assert lines == [
        f"kgan: worker {1 - who} of 2: another worker has gone; start all of them again, and the run goes on from "
        f"its last checkpoint."
    ]
    begun = everything(tmp_path / "run")[0]
    out, err = launch("--steps", begun + 20).communicate(timeout=120)
    assert f"going on from step {begun}" in out
    launch("--steps", begun + 20, run="whole").communicate(timeout=120)
    arrays, whole = everything(tmp_path / "run")[1], everything(tmp_path / "whole")[1]
    for name, array in whole.items():
        np.testing.assert_array_equal(arrays[name], array, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("who", [0, 1], ids=["chief", "worker"])
def test_a_signal_to_any_worker_saves_and_stops_all(launch, tmp_path, who):
    launcher = launch("--steps", 100000)
    members = processes(launcher)
    until_step(tmp_path / "run", 20)
    os.kill(members[who], signal.SIGTERM)
    _, err = launcher.communicate(timeout=30)
    assert launcher.returncode == 128 + signal.SIGTERM
    lines = [line for line in err.splitlines() if line.startswith("kgan: ")]
    assert len(lines) == 1 and lines[0].startswith("kgan: SIGTERM at step ")
    assert f"at step {everything(tmp_path / 'run')[0]}: saved" in lines[0]


@pytest.mark.slow
def test_what_the_chief_refuses_nobody_begins(launch, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("precious")
    launcher = launch()
    _, err = launcher.communicate(timeout=60)
    assert launcher.returncode == 2
    lines = [line for line in err.splitlines() if line.startswith("kgan: ")]
    assert lines[0] == "kgan: run: the folder holds other files (thesis.tex) and no run; choose another --run-dir."
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not of the form"),
        ("[]", "is not of the form"),
        ('{"task": {"type": "worker", "index": 0}}', "is not of the form"),
        ('{"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}', "is not of the form"),
        (
            '{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "worker", "index": 0}}',
            "TF_CONFIG names ps; kgan trains on workers alone",
        ),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}', "names ps"),
        ('{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}', "is not in its cluster"),
        ('{"cluster": {}, "task": {"type": "worker", "index": 0}}', "is not in its cluster"),
    ],
)
def test_a_wrong_configuration_is_one_line(tmp_path, monkeypatch, text, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text(TOY)
    monkeypatch.setenv("TF_CONFIG", text)
    result = CliRunner().invoke(cli.main, ["fit", "toy.yaml"])
    assert result.exit_code == 2
    assert result.stderr.startswith("kgan: TF_CONFIG") and says in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "runs").exists()
    result = CliRunner().invoke(cli.main, ["fit", "toy.yaml", "--devices", "2"])
    assert (result.exit_code, "--devices is for one process" in result.stderr) == (2, True)


def test_a_chief_is_worker_zero():
    text = '{"cluster": {"chief": ["a:1"], "worker": ["b:1"]}, "task": {"type": "worker", "index": 0}}'
    assert workers.cluster(text) == (1, ["a:1", "b:1"])
    assert workers.cluster(text.replace('"type": "worker"', '"type": "chief"')) == (0, ["a:1", "b:1"])


def test_who_does_not_come_is_named():
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        addresses = [f"127.0.0.1:{s.getsockname()[1]}" for s in (one, other)]
        with pytest.raises(ValueError, match=f"worker 0 cannot have {addresses[0]}: Address already in use"):
            workers.meet(0, addresses, 0.1)
    with pytest.raises(workers.WorkerLost, match=rf"worker 1 \({addresses[1]}\) did not come within 0.1 s"):
        workers.meet(0, addresses, 0.1)
    with pytest.raises(workers.WorkerLost, match=f"the chief, {addresses[0]}, did not come within 0.1 s"):
        workers.meet(1, addresses, 0.1)
