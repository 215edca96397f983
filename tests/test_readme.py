"""The README's program is a test."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


def test_the_keras_script_runs_word_for_word(tmp_path):
    (script,) = blocks("python")
    lines = [line for line in script.splitlines() if line.strip()]
    assert len(lines) <= 24, "it is meant to be short"
    # Word for word, but for its length.
    short = re.sub(r"steps_per_epoch=\d+", "steps_per_epoch=2", re.sub(r"epochs=\d+", "epochs=1", script))
    assert short != script
    subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", short], check=True, cwd=tmp_path)
    assert list(tmp_path.rglob("*.png"))


def test_every_recipe_is_in_the_table_and_every_link_leads_somewhere():
    for path in (ROOT / "recipes").glob("*.yaml"):
        assert path.name in TEXT, f"{path.name} is not in the README"
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (ROOT / target).exists(), target


def test_commands_name_options_that_exist():
    from click.testing import CliRunner

    from kgan.cli import main

    for command, *rest in re.findall(r"^kgan (\w+)(.*)$", TEXT, flags=re.MULTILINE):
        known = CliRunner().invoke(main, [command, "--help"])
        assert known.exit_code == 0, command
        for option in re.findall(r"(?<=\s)--?[a-z-]+", rest[0]):
            assert option in known.output, f"kgan {command} {option}"


@pytest.mark.parametrize("word", ["TODO", "FIXME", "to be measured"])
def test_nothing_is_left_open(word):
    assert word not in TEXT
