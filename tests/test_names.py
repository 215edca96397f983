"""Every name of kgan that a docstring, a page or a recipe mentions is there."""

import ast
import importlib
import re
from pathlib import Path

import kgan

ROOT = Path(__file__).parents[1]
# The tutorial adds these.
ADDED = {"kgan.RaLSGAN", "kgan.AdversarialAutoencoder"}


def texts():
    for path in sorted((ROOT / "kgan").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                yield path, ast.get_docstring(node) or ""
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "recipes").glob("*.yaml"))):
        yield path, path.read_text()


def is_there(name):
    parts, found = name.split("."), kgan
    for count, part in enumerate(parts[1:], 2):
        if hasattr(found, part):
            found = getattr(found, part)
            continue
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ImportError:
            return False
    return True


def test_every_name_that_is_mentioned_is_there():
    mentioned = {(path, name) for path, text in texts() for name in re.findall(r"(?<![\w./-])kgan(?:\.\w+)+", text)}
    assert len(mentioned) > 100
    wrong = {name: path.name for path, name in mentioned if name not in ADDED and not is_there(name)}
    assert wrong == {}
    assert not is_there("kgan.Replay") and is_there("kgan.replay.Replay")
