"""YAML of plain values: the safe loader, and stricter."""

import yaml

from kgan.recipe.schema import cut

# The most levels and values that a recipe may have, counted after every alias is replaced by its anchor's value.
DEEPEST, MOST = 20, 50_000


def parse(text):
    """The plain value that a YAML text stands for.

    Raises:
        yaml.YAMLError, ValueError, RecursionError: `explain` says why.

    Example:
        >>> parse("{steps: 3}")
        {'steps': 3}
    """
    return yaml.load(text, Loader)


def write(value):
    """`value` as YAML, in the order in which it is.

    Example:
        >>> print(write({"steps": 3}), end="")
        steps: 3
    """
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, width=100)


class Dumper(yaml.SafeDumper):
    """The safe dumper, which writes the same list twice rather than once with an anchor."""

    def ignore_aliases(self, data):
        return True


class Loader(yaml.SafeLoader):
    """The safe loader, which also refuses a key that is given twice, or is no string, and what is no plain value."""

    def get_single_node(self):
        node = super().get_single_node()
        if node is not None:
            _measure(node, {})
        return node

    def construct_undefined(self, node):
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        problem = f"the tag {cut(tag)} has no place in a recipe"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                shown = cut(key.value) if isinstance(key, yaml.ScalarNode) else "[...]"
                raise yaml.constructor.ConstructorError(None, None, f"the key {shown} is no string", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {cut(key.value)!r} is given twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for _tag in ("binary", "omap", "pairs", "set"):
    Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", Loader.construct_undefined)
Loader.add_constructor(None, Loader.construct_undefined)


def _measure(node, known, depth=1):
    """(values, levels) of a node with every alias replaced; refuses those of which there are too many."""
    if id(node) not in known and depth <= DEEPEST:  # the depth ends the recursion where a node contains itself
        inside = [] if isinstance(node, yaml.ScalarNode) else node.value
        inside = [child for pair in inside for child in pair] if isinstance(node, yaml.MappingNode) else inside
        sizes = [_measure(child, known, depth + 1) for child in inside]
        known[id(node)] = 1 + sum(values for values, _ in sizes), 1 + max((levels for _, levels in sizes), default=0)
    values, levels = known.get(id(node), (0, DEEPEST + 1))
    if levels > DEEPEST or values > MOST:
        problem = (
            f"nested more than {DEEPEST} deep" if levels > DEEPEST else f"its anchors stand for over {MOST} values"
        )
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    return values, levels


# Messages of the YAML parser, and how kgan words them.
PLAINLY = {
    "found character '\\t' that cannot start any token": "a tab; indent with spaces",
    "found unexpected end of stream": "a quote is not closed",
    "second occurrence": "an anchor of the same name for the second time",
    "but found another document": "another document; a recipe is one",
    "expected <block end>, but found '<block mapping start>'": "indented otherwise than the lines above it",
    "mapping values are not allowed here": "a second colon in a line; write {key: value}, or put the text in quotes",
}


def explain(error):
    """What is wrong with a text, in words that help to mend it."""
    if isinstance(error, RecursionError):
        return f"nested more than {DEEPEST} deep"
    if isinstance(error, yaml.reader.ReaderError):
        return f"the character {error.character:#04x} is not allowed"
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return "a number has too many digits" if "digits" in str(error) else error
    return f"line {mark.line + 1}, column {mark.column + 1}: {PLAINLY.get(error.problem, error.problem)}"
