"""The command line: exit codes, one line for a mistake, signals, and silence on stderr."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from kgan import callbacks
from kgan.cli import main

TOY = """
name: toy
steps: 4
batch_size: 8
precision: float32
log: {every: 2}
dataset: {RingOfGaussians: {size: 64}}
generator: {MLPGenerator: {latent_dim: 2, units: [8]}}
discriminator: {MLPDiscriminator: {units: [8]}}
objective: {StandardGAN: {}}
optimizers:
  generator: {Adam: {learning_rate: 1.0e-3}}
  discriminator: {Adam: {learning_rate: 1.0e-3}}
"""
KGAN = [sys.executable, "-c", "from kgan.cli import main; main(prog_name='kgan')"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory with toy.yaml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text(TOY)
    return tmp_path


@pytest.fixture
def trained(here):
    """The same, with a finished run in runs/toy."""
    assert kgan("fit", "toy.yaml").exit_code == 0
    return here


def kgan(*arguments):
    """What the command leaves: exit_code, stdout, stderr; what is no user's mistake is raised."""
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code or not result.stderr
    return result


def mistake(*arguments, code=2):
    result = kgan(*arguments)
    assert result.exit_code == code
    assert result.stderr.count("\n") == 1
    return result.stderr.rstrip("\n")


def test_fit_then_sample_then_export(trained):
    assert (trained / "runs" / "toy" / "log.jsonl").is_file()
    assert kgan("sample", "runs/toy", "-n", "4", "--out", "grid.png").stdout == "grid.png\n"
    assert kgan("export", "runs/toy", "served").stdout == "served\n"
    assert kgan("sample", "served", "-n", "4", "--npz", "all.npz").stdout == "all.npz\n"
    assert mistake("export", "runs/toy", "served") == (
        "kgan: served exists already; choose another place or remove it."
    )
    assert mistake("export", "served", "again") == "kgan: served is an export already."


def test_fit_says_plain_lines(here):
    lines = kgan("fit", "toy.yaml", "--run-dir", "run").stdout.splitlines()
    assert lines[0] == "toy: 64 examples of (2,), float32, into run"
    assert lines[1].startswith("step 2/4  d_loss ")
    assert "images/s  eta 0:00:0" in lines[1]
    assert lines[-1] == "done: run"
    assert kgan("fit", "toy.yaml", "--run-dir", "run").stdout.splitlines() == [
        "run has all of its 4 steps; a larger --steps goes on.", "done: run",
    ]  # fmt: skip
    assert "going on from step 4" in kgan("fit", "toy.yaml", "--run-dir", "run", "--steps", "6").stdout


def test_dry_run_prints_the_recipe_and_both_networks_and_writes_nothing(here):
    out = kgan("fit", "toy.yaml", "--dry-run", "--set", "objective.ema=0.5").stdout
    assert "ema: 0.5" in out
    assert 'Model: "generator"' in out
    assert 'Model: "discriminator"' in out
    assert [entry.name for entry in here.iterdir()] == ["toy.yaml"]
    assert mistake("fit", "toy.yaml", "--dry-run", "--set", "log.every=0").startswith("kgan: toy.yaml: log.every: ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["fti"], "kgan: No such command 'fti'."),
        (["--foo"], "kgan: No such option '--foo'."),
        (["fit"], "kgan fit: Missing argument 'RECIPE'."),
        (
            ["fit", "toy.yaml", "--steps", "x"],
            "kgan fit: Invalid value for '--steps': 'x' is not a valid integer range.",
        ),
        (["fit", "toy.yaml", "--steps", "0"], "kgan fit: Invalid value for '--steps': 0 is not in the range x>=1."),
        (["fit", "nowhere.yaml"], "kgan: nowhere.yaml: no such file."),
        (["fit", "."], "kgan: .: expected a recipe's file, and this is a folder."),
        (["fit", "toy.yaml", "--set", "stepz=3"], "kgan: toy.yaml: stepz: there is no such key; did you mean 'steps'?"),
        (["fit", "toy.yaml", "--set", "steps"], "kgan: toy.yaml: --set: expected KEY.PATH=VALUE, got 'steps'."),
        (["fit", "toy.yaml", "--run-dir", "."], "kgan: .: the folder holds other files (toy.yaml) and no run;"),
        (["fit", "toy.yaml", "--run-dir", "toy.yaml"], "kgan: toy.yaml: cannot write there (File exists);"),
        (["fit", "toy.yaml", "--run-dir", "toy.yaml/run"], "kgan: toy.yaml/run: cannot write there (Not a directory);"),
        (
            ["sample", "nowhere", "--out", "a.png"],
            "kgan: nowhere is no .keras file, run folder or exported SavedModel.",
        ),
        (["sample", "nowhere"], "kgan: say where the samples go: --out grid.png, --out-dir DIR or --npz FILE."),
        (
            ["sample", "nowhere", "-n", "0", "--out", "a.png"],
            "kgan sample: Invalid value for '-n': 0 is not in the range",
        ),
        (["export", "nowhere", "out"], "kgan: nowhere is no .keras file, run folder or exported SavedModel."),
        (["show", "WGANPG"], "kgan: There is no 'WGANPG'; did you mean 'WGANLP'? (`kgan list` has all)."),
    ],
)
def test_a_mistake_is_one_line_and_code_2(here, arguments, line):
    assert mistake(*arguments).startswith(line)
    assert [entry.name for entry in here.iterdir()] == ["toy.yaml"]


def test_a_run_without_checkpoint_has_no_samples(here):
    (here / "run").mkdir()
    (here / "run" / "recipe.yaml").write_text(TOY)
    line = "kgan: There is no checkpoint in run/checkpoints; train first, with `kgan fit`."
    assert mistake("sample", "run", "--out", "a.png") == line
    assert mistake("export", "run", "out") == line
    assert sorted(entry.name for entry in here.iterdir()) == ["run", "toy.yaml"]


def test_a_place_that_cannot_be_written_is_code_1(trained):
    assert mistake("sample", "runs/toy", "--out", "toy.yaml/a.png", code=1).startswith("kgan: toy.yaml")


def test_divergence_is_code_3(here, monkeypatch):
    def diverge(self, batch, logs=None):
        if self.step == 3:
            raise callbacks.Diverged("Training diverged at step 3: d_loss is nan.")

    monkeypatch.setattr(callbacks.StopOnNonFinite, "on_train_batch_end", diverge)
    line = mistake("fit", "toy.yaml", "--set", "checkpoint.every=2", code=3)
    assert line == (
        "kgan: Training diverged at step 3: d_loss is nan. "
        "The last finite checkpoint is kept: runs/toy/checkpoints/step-00000002.json."
    )


def test_divergence_keeps_the_beginning(here):
    line = mistake("fit", "toy.yaml", "--set", "optimizers.generator.learning_rate=1.0e+38", code=3)
    assert line.startswith("kgan: Training diverged at step ")
    assert line.endswith("The last finite checkpoint is kept: runs/toy/checkpoints/step-00000000.json.")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_leaves(here, monkeypatch, number, code):
    monkeypatch.setattr(callbacks.Progress, "on_train_batch_end", lambda self, batch, logs: signal.raise_signal(number))
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    assert mistake("fit", "toy.yaml", code=code) == (
        f"kgan: {number.name} at step 1: saved; the same command goes on from here."
    )
    assert (here / "runs" / "toy" / "checkpoints" / "step-00000001.json").is_file()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def test_list_and_show():
    assert "  WGANGP " in kgan("list").stdout
    assert kgan("show", "WGANGP").stdout.startswith("WGANGP (objectives)\n")


def test_help_is_fast_and_does_not_import_tensorflow():
    program = "import sys\nfrom kgan.cli import main\ntry: main(['fit', '--help'])\n"
    program += "except SystemExit: print({'tensorflow', 'keras', 'numpy'} & set(sys.modules))"
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        seconds.append(time.perf_counter() - begun)
        assert result.stdout.startswith("Usage: ")
        assert result.stdout.endswith("set()\n")
        assert not result.stderr
    assert min(seconds) < 0.5


def start(*arguments, **options):
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.Popen(
        [*KGAN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **options
    )


def test_a_real_process_is_silent_stops_at_a_signal_and_goes_on(here):
    process = start("fit", "toy.yaml", "--run-dir", "run", "--set", "steps=1000000")
    for line in process.stdout:
        if line.startswith("step 2/"):
            break
    assert mistake("fit", "toy.yaml", "--run-dir", "run", "--steps", "1000000") == (
        "kgan: run: another process is training in this run folder."
    )
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    assert errors.count("\n") == 1
    assert errors.startswith("kgan: SIGTERM at step ")
    step = int(errors.split()[4].rstrip(":"))

    process = start("fit", "toy.yaml", "--run-dir", "run", "--set", f"steps={step + 3}")
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert f"going on from step {step}\n" in output
    logged = [json.loads(line)["step"] for line in (here / "run" / "log.jsonl").read_text().splitlines()]
    assert logged[-1] == step + 3
    assert logged[:-1] == list(range(2, step + 3, 2))


def test_a_signal_at_start_up_is_one_line_too(here):
    process = start("fit", "toy.yaml")
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    assert errors in (
        "kgan: interrupted by SIGTERM.\n",
        "kgan: SIGTERM at step 1: saved; the same command goes on from here.\n",
    )
