"""No update of a weight overtakes a read of it: what makes it wait survives TensorFlow's graph optimizers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("arguments", "lost"),
    [
        pytest.param([], {}, marks=pytest.mark.slow),
        pytest.param(["on"], {"FGAN": 1, "R3GAN": 2, "StandardGAN": 1}, marks=pytest.mark.slow),
    ],
    ids=["kgan's setting", "TensorFlow's setting"],
)
def test_an_update_waits_for_the_reads_before_it(tmp_path, arguments, lost):
    """When the second fails because nothing is lost, TensorFlow is mended and kgan need not set the option any more."""
    environment = os.environ | {
        "TF_DUMP_GRAPH_PREFIX": str(tmp_path), "TF_CPP_VMODULE": "meta_optimizer=4", "TF_CPP_MIN_LOG_LEVEL": "0",
    }  # fmt: skip
    script = [sys.executable, "-m", "tests.games.lost_edges", *arguments]
    done = subprocess.run(script, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    counts = {name: (int(kept), int(gone)) for name, kept, gone in map(str.split, done.stdout.splitlines())}
    assert len(counts) == 4
    assert all(kept > 60 for kept, _ in counts.values())
    assert {name: gone for name, (_, gone) in counts.items() if gone} == lost
