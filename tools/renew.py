"""Writes anew what follows from the code: run it after a class or a recipe was added.

    python tools/renew.py [--check]

* kgan/objectives/__init__.py and kgan/__init__.py: the objectives, all games in the folders of kgan/objectives;
* kgan/known_to_keras.py: the names of all classes that can stand in a file;
* kgan/listing.json: what `kgan list` and `kgan show` say;
* recipes/README.md: the table of the recipes, from what they say.

With --check nothing is written; the exit code is 1 where something is out of date.
"""

import importlib
import itertools
import json
import os
import re
import sys
import textwrap
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
ABOUT = """# Recipes

`kgan fit recipes/NAME.yaml` trains one; `--dry-run` prints it with every default spelled out. Each header says the
command, the time, the machine and what was measured, or that nothing was. Fashion-MNIST is looked for in `$KGAN_DATA`,
Debian's package (`apt-get install dataset-fashion-mnist`), a prepared tfds folder and Keras' cache before it is
downloaded; the other sets likewise. Toys and showers are made on the spot.

This table is written by `python tools/renew.py`.

| recipe | objective | what | data | measured |
|---|---|---|---|---|
"""
CONTRACTS = {
    "Game": "kgan.games.game",
    "GAN": "kgan.games.gan",
    "LatentVariableModel": "kgan.games.latent_variable_model",
}


def objectives():
    """{name of a game: its module}, of all files in the folders of kgan/objectives."""
    from kgan.games.game import Game

    found = {}
    for path in sorted((ROOT / "kgan" / "objectives").glob("*/*.py")):
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for name, value in vars(module).items():
            if isinstance(value, type) and issubclass(value, Game) and value.__module__ == module.__name__:
                found[name] = module.__name__
    return found


def isort(names):
    """As ruff sorts names: constants, classes, the rest."""
    return sorted(names, key=lambda name: (not name.isupper(), name))


def renewed():
    """{path: text} of all that is generated."""
    games = objectives()
    everything = CONTRACTS | games
    lines = [f"from {module} import {name}" for name, module in everything.items()]
    head = '"""The games: Keras models whose `train_step` reads like the paper\'s algorithm box."""\n'
    names = "".join(f'    "{name}",\n' for name in isort(everything))
    texts = {"kgan/objectives/__init__.py": "\n".join([head, *sorted(lines), "", f"__all__ = [\n{names}]\n"])}

    path = "kgan/__init__.py"
    listed = "".join(f'    "{name}",\n' for name in sorted(games))
    texts[path] = re.sub(r"_OBJECTIVES = \(\n.*?\)\n", f"_OBJECTIVES = (\n{listed})\n", read(path), flags=re.DOTALL)

    import keras

    importlib.import_module("kgan.register")
    registry = keras.saving.get_custom_objects().items()
    ours = {key.partition(">")[2]: value.__module__ for key, value in registry if key.startswith("kgan>")}
    known = [name for name, module in ours.items() if module.startswith("kgan.") and "known_to_keras" not in module]
    path = "kgan/known_to_keras.py"
    text = ", ".join(f'"{name}"' for name in sorted(known)) + ","
    lines = textwrap.wrap(text, 116, break_long_words=False, break_on_hyphens=False)
    body = "\n".join(f"    {line}" for line in lines)
    texts[path] = re.sub(
        r"NAMES = \(\n.*?\n\)  # fmt: skip", lambda _: f"NAMES = (\n{body}\n)  # fmt: skip", read(path), flags=re.DOTALL
    )
    from kgan.recipe import catalogue

    texts["kgan/listing.json"] = json.dumps(catalogue.table(), indent=0, ensure_ascii=False) + "\n"
    texts["recipes/README.md"] = f"{ABOUT}{recipes()}\n"
    return texts


def recipes():
    """The table of all recipes: what each is by the first sentence of its header, and when it was measured."""
    import yaml

    lines = []
    for path in sorted((ROOT / "recipes").glob("*.yaml")):
        text = path.read_text()
        header = " ".join(
            line[1:].strip() for line in itertools.takewhile(lambda line: line[:1] == "#", text.splitlines())
        )
        said = re.split(r"(?<! al)\.(?: |$)", header)[0].split(" kgan fit ")[0].rstrip(":")
        plan = yaml.safe_load(text)
        (objective,), (dataset,) = plan["objective"], plan["dataset"]
        if dataset == "Domains":
            dataset = " and ".join(
                name for name in ("FashionMNIST", "MNIST", "CIFAR10") if name in str(plan["dataset"])
            )
        measured = re.search(r"[Mm]easured,? (?:on )?(\d{4}-\d\d-\d\d)", header)
        lines.append(
            f"| [{path.name}]({path.name}) | {objective} | {said} | {dataset} | {measured[1] if measured else ''} |"
        )
    return "\n".join(lines)


def read(path):
    return (ROOT / path).read_text() if (ROOT / path).exists() else ""


def main(check):
    stale = {path: text for path, text in renewed().items() if read(path) != text}
    for path, text in stale.items():
        if not check:
            (ROOT / path).write_text(text)
        print(f"{path}: {'out of date; run python tools/renew.py' if check else 'written'}")
    return bool(check and stale)


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
