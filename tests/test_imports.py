"""Who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import kgan

ROOT = Path(kgan.__file__).parent
ANYONE = {
    "batch", "configurable", "distances", "files", "images", "kinds", "labels", "precision", "randomness", "ranges",
    "remarks",
    "schedules",
}  # fmt: skip
ALLOWED = {
    "cli": {"listing", "recipe", "running", "runs", "using", "callbacks", "classifier", "evaluation"},
    "using": {"running", "recipe", "runs", "register", "classifier", "datasets", "evaluation", "games", "guards",
              "metrics", "products"},
    "running": {"recipe", "callbacks", "runs", "objectives", "architectures", "datasets"},
    "recipe": set(),
    "callbacks": {"runs", "evaluation", "datasets", "layers", "regularizers", "tricks"},
    "evaluation": {"metrics", "classifier", "datasets"},
    "classifier": {"datasets", "metrics"},
    "objectives": {"games", "products", "guards", "losses", "priors", "regularizers", "layers",
                   "tricks"},
    "games": {"runs", "guards", "priors", "products", "losses", "regularizers", "augment", "layers", "tricks", "using"},
    "runs": {"guards"},
    "guards": {"layers"},
    "register": {"architectures", "augment", "callbacks", "datasets", "layers", "losses", "objectives", "priors",
                 "regularizers", "tricks"},
    "known_to_keras": set(),
    "listing": set(),
    "moved": set(),
    "priors": set(),
    "products": set(),
    "augment": set(),
    "tricks": set(),
    "architectures": {"layers"},
    "regularizers": set(),
    "layers": set(),
    "losses": set(),
    "datasets": set(),
    "metrics": set(),
    **{name: set() for name in ANYONE},
}  # fmt: skip


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
