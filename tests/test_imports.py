"""Who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import kgan

ROOT = Path(kgan.__file__).parent
ANYONE = {"configurable", "batch", "images", "randomness", "files", "precision"}
ALLOWED = {
    "cli": {
        "experiment",
        "recipe",
        "catalogue",
        "classifier",
        "sampling",
        "rating",
        "export",
        "loading",
        "callbacks",
        "training",
        "devices",
        "workers",
        "scoring",
        "evaluation",
        "neighbors",
    },
    "catalogue": set(),
    "sampling": {"recipe", "loading", "datasets"},
    "rating": {"recipe", "loading"},
    "experiment": {
        "recipe",
        "callbacks",
        "objectives",
        "architectures",
        "datasets",
        "run_folder",
        "training",
        "devices",
        "workers",
        "checkpoint",
    },
    "run_folder": {"recipe", "environment"},
    "training": {"guards"},
    "devices": set(),
    "workers": set(),
    "environment": set(),
    "recipe": {"schema", "plain_yaml", "catalogue"},
    "plain_yaml": {"schema"},
    "schema": set(),
    "loading": {"devices", "register", "checkpoint", "guards", "objectives"},
    "register": {
        "architectures",
        "augment",
        "callbacks",
        "constraints",
        "datasets",
        "layers",
        "losses",
        "objectives",
        "regularizers",
        "replay",
        "schedules",
        "top_k",
    },
    "export": {"devices"},
    "known_to_keras": set(),
    "checkpoint": {"objectives", "environment", "saving"},
    "saving": set(),
    "settings": set(),
    "classifier": {"datasets", "metrics"},
    "callbacks": {
        "checkpoint",
        "environment",
        "settings",
        "evaluation",
        "datasets",
        "constraints",
        "layers",
        "regularizers",
    },
    "evaluation": {"metrics", "classifier", "datasets", "distances"},
    "neighbors": {"recipe", "classifier", "evaluation", "loading", "metrics"},
    "scoring": {"recipe", "datasets", "evaluation", "loading"},
    "guards": {"layers"},
    "objectives": {
        "training",
        "guards",
        "saving",
        "settings",
        "losses",
        "regularizers",
        "constraints",
        "layers",
        "augment",
        "replay",
        "top_k",
        "export",
    },
    "augment": set(),
    "replay": set(),
    "top_k": set(),
    "schedules": set(),
    "architectures": {"layers"},
    "regularizers": set(),
    "layers": set(),
    "losses": set(),
    "distances": set(),
    "constraints": set(),
    "datasets": set(),
    "metrics": set(),
    **{name: set() for name in ANYONE},
}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_import_rule(path):
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    assert room in ALLOWED, f"{room} has no place in the import rule; give it one here and in the design"
    for name in imports(path):
        package, _, rest = name.partition(".")
        if (
            package != "kgan"
            or not rest
            or (not (ROOT / rest.split(".")[0]).exists() and not (ROOT / (rest.split(".")[0] + ".py")).exists())
        ):
            continue
        imported = rest.split(".")[0]
        assert imported in ALLOWED[room] | ANYONE | {room}, f"{room} must not import {imported} ({path.name}: {name})"


def test_importing_kgan_does_not_import_tensorflow():
    code = "import sys, kgan, kgan.cli; assert not {'tensorflow', 'keras', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_public_names():
    for name in kgan.__all__:
        assert getattr(kgan, name) is not None and name in dir(kgan)
    with pytest.raises(AttributeError, match="no attribute 'WGANPG'"):
        _ = kgan.WGANPG
