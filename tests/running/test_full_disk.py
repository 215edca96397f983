"""A file system without room left: a small one that is really full."""

# ruff: noqa: F401, F811 (fixtures of another module)

import subprocess
import sys
from pathlib import Path

import pytest

from kgan.runs import checkpoint
from tests.running.filling import fill
from tests.running.test_experiment import TOY, everything, log, same, whole
from tests.running.test_faults import kgan as here
from tests.running.test_kills import KGAN

FULL = "No space left on device"


@pytest.fixture
def disk(tmp_path):
    """A file system of 600 kB in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)]
    try:
        made = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError as error:
        pytest.skip(f"a small file system cannot be mounted here: {error}")
    if made.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_every_writer_says_so_in_an_os_error_and_leaves_nothing(disk):
    command = [sys.executable, "-m", "tests.running.full_disk", disk]
    root = Path(__file__).parents[2]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    lines = [line.split(" ", 2) for line in result.stdout.splitlines()]
    assert len(lines) == 3 * 13
    for leave, name, said in lines:
        if name == "lines":
            assert said == "whole", leave
        elif name == "cache":
            assert said == f"the reference could not be kept in {disk}/cache/kgan/references ({FULL})."
        else:
            assert said.startswith(f"{FULL}: ") and said.removesuffix(" log.jsonl").removesuffix(" nothing") != said
            assert "tmp-" not in said, (leave, name)


def kgan(*arguments, cwd):
    """The command in a process of its own: (exit code, its lines on standard error)."""
    command = [*KGAN, *(str(argument) for argument in arguments)]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    return result.returncode, result.stderr.splitlines()


@pytest.mark.parametrize(
    ("leave", "stands"),
    [
        (120_000, True),
        pytest.param(0, None, marks=pytest.mark.slow),
        pytest.param(5_000, None, marks=pytest.mark.slow),
        pytest.param(30_000, None, marks=pytest.mark.slow),
        pytest.param(60_000, None, marks=pytest.mark.slow),
    ],
)
def test_a_run_ends_with_a_line_and_goes_on_when_there_is_room(disk, whole, monkeypatch, leave, stands):
    (disk / "toy.yaml").write_text(TOY)
    fill(disk, leave)
    code, lines = kgan("fit", "toy.yaml", "--run-dir", "run", cwd=disk)
    assert code == 1
    assert len(lines) == 1 and lines[0].startswith("kgan: run/")
    assert lines[0].endswith(f": {FULL}; make room, and run the same command again.")
    assert not list(disk.rglob(".tmp-*"))
    found = checkpoint.latest(disk / "run" / "checkpoints")  # a damaged one would be a warning
    assert (found is not None) == bool(stands)
    (disk / "filling").unlink()
    monkeypatch.chdir(disk)
    assert here("fit", "toy.yaml", "--run-dir", "run") == (0, [])
    same(whole, disk / "run")
