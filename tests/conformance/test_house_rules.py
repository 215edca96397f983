"""Which modules may know a network by its literal name, or decide by an array's rank; steps without a question."""

import ast
from pathlib import Path

import kgan
from kgan import recipe
from kgan.recipe import catalogue

ROOT = Path(kgan.__file__).parent

# Networks are attributes of games, so games, and what is made for one cast alone, may name them.
OF_ONE_CAST = (
    "games", "objectives",
    "callbacks/older_players.py", "callbacks/train_weaker.py",  # a generator against a discriminator
    "recipe/recipe.py",  # sections of recipes of format 1
)  # fmt: skip
# "generator" is a key of a score's record: what was scored, which may be a folder of images.
OTHER_MEANINGS = ("evaluation/records.py", "using/scoring.py", "callbacks/evaluate.py")

HOLDERS = ("game", "gan", "model", "self.game", "self.model", "plan")
LOOKS_UP = ("getattr", "setattr", "hasattr")

# Rooms of tools, which ask the game's `Kind` how examples are stored, drawn and compared.
TOOLS = ("callbacks", "evaluation", "products", "running", "runs", "using")
# Ranks of other things than examples.
OF_OTHER_ARRAYS = {
    "callbacks/lipschitz_picture.py": 1,  # a kernel has more axes than a bias
    "evaluation/scores.py": 1,  # labels are classes or vectors
    "runs/settings.py": 1,  # a setting is a number or a list
}


def names_of_networks():
    objectives = catalogue.members("kgan.objectives").values()
    return {name for cls in objectives for name in recipe.recipe.network_names(cls)}


def modules():
    for path in sorted(ROOT.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def literal_names(tree, names):
    """Look-ups of networks by a literal name: x.generator, getattr(x, "generator"), x["generator"], == "generator"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) in HOLDERS:
            yield ast.unparse(node)
        inside: list = []
        if isinstance(node, ast.Compare):
            inside = [node.left, *node.comparators]
        elif isinstance(node, ast.Subscript):
            inside = [node.slice]
        elif isinstance(node, ast.Call) and (not isinstance(node.func, ast.Name) or node.func.id in LOOKS_UP):
            inside = node.args
        parts = [part for one in inside for part in (one.elts if isinstance(one, ast.List | ast.Tuple) else [one])]
        for part in parts:
            if isinstance(part, ast.Constant) and part.value in names:
                yield ast.unparse(node)


def ranks(tree):
    """Comparisons that ask how many axes an array has."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            text = ast.unparse(node)
            if ".ndim" in text or "np.ndim(" in text or ".rank" in text or ("len(" in text and ".shape)" in text):
                yield text


def test_tools_look_up_no_network_by_a_literal_name():
    names = names_of_networks()
    assert {"generator", "discriminator", "encoder", "generator_ab"} <= names
    found = {
        place: list(literal_names(tree, names))
        for place, tree in modules()
        if not place.startswith(OF_ONE_CAST) and place not in OTHER_MEANINGS
    }
    assert {place: lines for place, lines in found.items() if lines} == {}


def test_tools_do_not_tell_media_by_the_rank_of_an_array():
    found = {place: list(ranks(tree)) for place, tree in modules() if place.startswith(TOOLS)}
    assert {place: len(lines) for place, lines in found.items() if lines} == OF_OTHER_ARRAYS


def test_no_train_step_asks_about_anything():
    """What is optional is inside the verbs, so that a step reads as the paper's algorithm."""
    found = [
        f"{place}:{node.lineno}"
        for place, tree in modules()
        for step in ast.walk(tree)
        if isinstance(step, ast.FunctionDef) and step.name == "train_step"
        for node in ast.walk(step)
        if isinstance(node, ast.If | ast.IfExp)
    ]
    assert found == []


def test_the_rules_see_what_breaks_them():
    names = {"generator"}
    for line in (
        "model.generator", 'getattr(game, "generator")', 'game.inputs_of["generator"]', 'name == "generator"',
        'name in ("generator", "other")', 'game.run_averaged("generator", x)',
    ):  # fmt: skip
        assert len(list(literal_names(ast.parse(line), names))) == 1, line
    for line in ("loss.generator(scores)", 'network(name="generator")', "generator(latents)"):
        assert not list(literal_names(ast.parse(line), names)), line
    assert len(list(ranks(ast.parse("if images.ndim == 4 and len(x.shape) > 2: pass")))) == 2
