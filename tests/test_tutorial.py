"""docs/tutorial.md is followed word for word in a copy of the checkout, but for the length of its trainings."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tutorial.md"


def steps():
    """("file", path, text) and ("commands", text) in the order of the page."""
    pattern = r"(?:^`([\w/.]+)`:\n\n)?^```(\w+)\n(.*?)^```"
    for path, language, text in re.findall(pattern, PAGE.read_text(), flags=re.MULTILINE | re.DOTALL):
        yield ("file", path, text) if path else ("commands", language, text)


def parts():
    """The two parts of the page, which do not need each other."""
    found = list(steps())
    middle = next(at for at, step in enumerate(found) if "adversarial_autoencoder" in step[1])
    return {"objective": found[:middle], "cast": found[middle:]}


@pytest.mark.slow
@pytest.mark.parametrize("part", ["objective", "cast"])
def test_the_page_can_be_followed(tmp_path, part):
    for folder in ("kgan", "recipes", "tools", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("setup.cfg", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / file, tmp_path / file)
    runner = tmp_path / "bin" / "kgan"
    runner.parent.mkdir()
    runner.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'from kgan.cli import main; main()' \"$@\"\n")
    runner.chmod(0o755)
    python = tmp_path / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = inherited | {"PYTHONPATH": str(tmp_path), "PATH": path}
    for kind, name, text in parts()[part]:
        if kind == "file":
            (tmp_path / name).write_text(text)
            continue
        assert name == "sh"
        short = re.sub(r"^(kgan fit .*)$", r"\1 --steps 20", text, flags=re.MULTILINE)
        made = subprocess.run(["sh", "-ec", short], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert made.returncode == 0, f"{short}\n{made.stdout[-2000:]}\n{made.stderr[-3000:]}"
    if part == "objective":
        assert (tmp_path / "ring.png").read_bytes().startswith(b"\x89PNG")
    else:
        with np.load(tmp_path / "codes.npz") as codes:
            assert codes["latents"].shape[1] == 2
        assert (tmp_path / "served" / "saved_model.pb").is_file()
