"""What README.md and docs/ say is so: programs run, commands have such options, links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md")), ROOT / "recipes" / "README.md"]

page = pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def test_the_first_page_is_short():
    assert len(README.read_bytes()) <= 6_600


def test_the_keras_script_runs_word_for_word(tmp_path):
    (script,) = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    lines = [line for line in script.splitlines() if line.strip()]
    assert len(lines) <= 24, "it is meant to be short"
    # Word for word, but for its length.
    short = re.sub(r"steps_per_epoch=\d+", "steps_per_epoch=2", re.sub(r"epochs=\d+", "epochs=1", script))
    assert short != script
    subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", short], check=True, cwd=tmp_path)
    assert list(tmp_path.rglob("*.png"))


@page
def test_every_link_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_every_page_and_picture_is_linked():
    linked = {
        (path.parent / target).resolve()
        for path in PAGES for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text())
    }  # fmt: skip
    for path in (ROOT / "docs").iterdir():
        assert path.resolve() in linked, path.name


def test_every_recipe_is_in_the_table():
    for path in (ROOT / "recipes").glob("*.yaml"):
        assert f"({path.name})" in (ROOT / "recipes" / "README.md").read_text(), path.name


@page
def test_commands_name_options_that_exist(path):
    from click.testing import CliRunner

    from kgan.cli import main

    shell = "\n".join(re.findall(r"```sh\n(.*?)```", path.read_text(), flags=re.DOTALL)).replace("\\\n", " ")
    table = "\n".join(re.findall(r"`(kgan [a-z][^`]*)`", path.read_text()))
    for command, rest in re.findall(r"^kgan (\w+)(.*)$", f"{shell}\n{table}", flags=re.MULTILINE):
        known = CliRunner().invoke(main, [command, "--help"])
        assert known.exit_code == 0, command
        for option in re.findall(r"(?<=\s)--?[a-z][a-z-]*", rest.partition("#")[0]):
            assert option in known.output, f"kgan {command} {option}"


def test_what_is_generated_is_fresh():
    made = subprocess.run([sys.executable, "tools/renew.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout


@page
@pytest.mark.parametrize("word", ["TODO", "FIXME", "to be measured"])
def test_nothing_is_left_open(path, word):
    assert word not in path.read_text()
