"""YAML to objects and back. The constructors' signatures are the schema."""

import dataclasses
import importlib
import inspect
from pathlib import Path

import yaml

from kgan.configurable import arguments
from kgan.precision import POLICIES
from kgan.schema import Wrong, check_names, check_type, hints, nearest, what

# Where the class of an object is looked up: by its section, or by the argument that it is given to.
ROOMS = {
    "dataset": ["kgan.datasets"],
    "generator": ["kgan.architectures"],
    "discriminator": ["kgan.architectures"],
    "objective": ["kgan.objectives"],
    "optimizers": ["keras.optimizers"],
    "callbacks": ["kgan.callbacks", "keras.callbacks"],
    "regularizers": ["kgan.regularizers"],
    "adversarial_loss": ["kgan.losses"],
    "learning_rate": ["keras.optimizers.schedules"],
    "kernel_initializer": ["keras.initializers"],
}

# What a recipe need not say, because something else in it does.
PROVIDED = {
    "generator": {"image_shape", "data_shape"},
    "discriminator": {"image_shape", "data_shape"},
    "objective": {"generator", "discriminator", "seed"},
    "optimizers": {"name"},
}


class RecipeError(ValueError):
    """A recipe that cannot be followed: one line that says where, what was expected, and what is there."""


@dataclasses.dataclass
class Recipe:
    """A training, in plain containers, with every default spelled out.

    `dataset`, `generator`, `discriminator` and `objective` are {class: {argument: value}}; `optimizers` has one
    such object for each player; `callbacks` is a list of them; `checkpoint` and `log` hold the arguments of
    `kgan.callbacks.Checkpoint` and `Log`.
    """

    name: str
    dataset: dict
    generator: dict
    discriminator: dict
    objective: dict
    optimizers: dict
    steps: int
    batch_size: int = 64
    seed: int = 0
    precision: str = "auto"
    log: dict = dataclasses.field(default_factory=dict)
    checkpoint: dict = dataclasses.field(default_factory=dict)
    callbacks: list = dataclasses.field(default_factory=list)
    source: str = dataclasses.field(default="recipe", metadata={"written": False})

    def document(self):
        """The recipe as plain containers, in the order in which it reads well."""
        order = ["name", "seed", "steps", "batch_size", "precision"]
        written = [f.name for f in dataclasses.fields(self) if f.metadata.get("written", True)]
        return {name: getattr(self, name) for name in [*order, *(n for n in written if n not in order)]}

    def text(self):
        """The recipe as YAML."""
        return yaml.safe_dump(self.document(), sort_keys=False, width=100)

    def build(self, section, spec, **provided):
        """Makes the object of a resolved `spec`; what its constructor refuses becomes a RecipeError."""
        try:
            return _build(section, spec, provided)
        except (ValueError, TypeError, OSError, ImportError) as error:
            raise RecipeError(f"{self.source}: {section}: {_one_line(error)}") from error


def load(path, overrides=()):
    """Reads a recipe, applies overrides such as "objective.ema=0.9", checks all of it, fills the defaults in.

    Args:
        path: of the YAML file.
        overrides: strings "key.path=value"; values are YAML.

    Raises:
        RecipeError: in one line: the file, the key's path, what was expected, the nearest valid name.

    Example:
        >>> load("missing.yaml")
        Traceback (most recent call last):
        kgan.recipe.RecipeError: missing.yaml: no such file.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecipeError(f"{path}: no such file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: cannot be read: {_one_line(error)}") from None
    try:
        data = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise RecipeError(f"{path}: not valid YAML: {_one_line(error)}") from None
    try:
        if not isinstance(data, dict):
            raise Wrong("", f"expected a mapping of sections, got {what(data)}")
        for override in overrides:
            _override(data, override)
        data.setdefault("name", path.stem)
        return dataclasses.replace(_resolve(data), source=str(path))
    except Wrong as error:
        raise RecipeError(f"{path}: {error}") from None


def difference(a, b):
    """The first key path at which two documents differ, with both values; None where they agree.

    Example:
        >>> difference({"objective": {"WGAN": {"clip": 0.01}}}, {"objective": {"WGAN": {"clip": 0.1}}})
        ('objective.WGAN.clip', 0.01, 0.1)
    """
    if isinstance(a, dict) and isinstance(b, dict):
        for key in [*a, *(key for key in b if key not in a)]:
            found = difference(a.get(key), b.get(key))
            if found:
                return (f"{key}.{found[0]}".rstrip("."), *found[1:])
        return None
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (one, other) in enumerate(zip(a, b, strict=True)):
            found = difference(one, other)
            if found:
                return (f"{index}.{found[0]}".rstrip("."), *found[1:])
        return None
    return None if a == b else ("", a, b)


class _Loader(yaml.SafeLoader):
    """The safe loader, which also refuses a key that is given twice."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if not isinstance(key, str):
                raise yaml.YAMLError(f"the key {key!r} is no string (line {node.start_mark.line + 1})")
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"the key {key!r} is given twice (line {node.start_mark.line + 1})")
        return super().construct_mapping(node, deep)


def _override(data, override):
    path, equals, text = override.partition("=")
    keys = path.split(".")
    if not equals or not all(keys):
        raise Wrong("--set", f"expected KEY.PATH=VALUE, got {override!r}")
    try:
        value = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise Wrong(f"--set {path}", f"the value is not valid YAML: {_one_line(error)}") from None
    node = data
    for index, key in enumerate(keys):
        if _is_object(node) and key not in node:  # the class's name may be left out
            (name,) = node
            node[name] = node = node[name] or {}
        last = index == len(keys) - 1
        if isinstance(node, list):
            if not key.isdigit() or int(key) >= len(node):
                raise Wrong(f"--set {path}", f"there are {len(node)} entries, numbered from 0; {key!r} is none of them")
            key = int(key)
        elif not isinstance(node, dict):
            raise Wrong(f"--set {path}", f"{'.'.join(keys[:index])} has nothing inside it")
        if last:
            node[key] = value
        elif isinstance(node, dict) and node.get(key) is None:
            node[key] = node = {}
        else:
            node = node[key]


def _resolve(data):
    fields = {field.name: field for field in dataclasses.fields(Recipe) if field.metadata.get("written", True)}
    check_names("", data, fields)
    missing = [name for name, field in fields.items() if name not in data and _required(field)]
    if missing:
        raise Wrong("", f"missing: {', '.join(missing)}")
    values = {}
    for name, field in fields.items():
        value = data[name] if name in data else _default(field)
        if name in ("dataset", "generator", "discriminator", "objective"):
            value = _resolve_object(name, name, value, PROVIDED.get(name, set()))
        elif name in ("log", "checkpoint"):
            cls = getattr(importlib.import_module("kgan.callbacks"), name.capitalize())
            skip = {"images_per_step", "dataset_size"}
            value = _resolve_arguments(name, cls, {} if value is None else value, skip)
        elif name == "optimizers":
            value = _resolve_optimizers(value)
        elif name == "callbacks":
            if not isinstance(value, list):
                raise Wrong(name, f"expected a list of objects, got {what(value)}")
            value = [_resolve_object(f"{name}.{i}", name, item, set()) for i, item in enumerate(value)]
        else:
            value = check_type(name, value, field.type)
        values[name] = value
    for name in ("steps", "batch_size"):
        if values[name] < 1:
            raise Wrong(name, f"expected at least 1, got {values[name]}")
    if values["seed"] < 0:
        raise Wrong("seed", f"expected at least 0, got {values['seed']}")
    if values["precision"] not in POLICIES:
        raise Wrong("precision", f"expected one of {', '.join(POLICIES)}, got {values['precision']!r}")
    if "/" in values["name"] or not values["name"].strip("."):
        raise Wrong("name", f"expected a name for a folder, got {values['name']!r}")
    return Recipe(**values)


def _resolve_optimizers(value):
    if not isinstance(value, dict):
        raise Wrong("optimizers", f"expected one object for each player, got {what(value)}")
    players = {"generator": None, "discriminator": None}
    check_names("optimizers", value, players)
    for player in players:
        if player not in value:
            raise Wrong("optimizers", f"missing: {player}")
    return {player: _resolve_object(f"optimizers.{player}", "optimizers", value[player], PROVIDED["optimizers"]) for player in players}


def _resolve_object(path, room, spec, provided):
    if not _is_object(spec):
        raise Wrong(path, f"expected one object, like {{ClassName: {{argument: value}}}}, got {what(spec)}")
    ((name, given),) = spec.items()
    cls = find_class(path, room, name)
    return {name: _resolve_arguments(f"{path}.{name}", cls, {} if given is None else given, provided)}


def _resolve_arguments(path, cls, given, provided):
    if not isinstance(given, dict):
        raise Wrong(path, f"expected a mapping of arguments, got {what(given)}")
    known = arguments(cls)
    check_names(path, given, known)
    annotated = hints(cls)
    resolved = {}
    for name, parameter in known.items():
        here = f"{path}.{name}"
        if name in given:
            resolved[name] = _resolve_value(here, name, given[name], annotated.get(name))
        elif name in provided:
            continue
        elif parameter.default is inspect.Parameter.empty:
            raise Wrong(here, f"missing; {cls.__name__} needs it")
        else:
            resolved[name] = _spell_out(parameter.default)
    return resolved


def _resolve_value(path, name, value, hint):
    if name in ROOMS and isinstance(value, list):
        return [_resolve_object(f"{path}.{index}", name, item, set()) for index, item in enumerate(value)]
    if name in ROOMS and _is_object(value):
        return _resolve_object(path, name, value, set())
    return check_type(path, value, hint)


def find_class(path, room, name):
    """The class that `name` means in the section or argument `room`; `path` is for the message."""
    candidates = {}
    for module in reversed(ROOMS[room]):
        module = importlib.import_module(module)
        names = getattr(module, "__all__", None) or dir(module)
        candidates |= {n: getattr(module, n) for n in names if isinstance(getattr(module, n), type)}
    if name not in candidates:
        raise Wrong(path, f"there is no {name!r}{nearest(name, candidates)}")
    return candidates[name]


def _build(room, spec, provided):
    ((name, values),) = spec.items()
    cls = find_class(room, room, name)
    known = arguments(cls)
    built = {}
    for argument, value in values.items():
        if argument in ROOMS and isinstance(value, list):
            value = [_build(argument, item, {}) for item in value]
        elif argument in ROOMS and _is_object(value):
            value = _build(argument, value, {})
        built[argument] = value
    return cls(**{name: value for name, value in provided.items() if name in known} | built)


def _is_object(spec):
    return isinstance(spec, dict) and len(spec) == 1 and next(iter(spec))[:1].isupper()


def _spell_out(default):
    """A default value as a recipe would write it."""
    if isinstance(default, list | tuple):
        return [_spell_out(item) for item in default]
    if hasattr(default, "get_config"):
        return {type(default).__name__: {k: _spell_out(v) for k, v in default.get_config().items()}}
    return default


def _one_line(error):
    return " ".join(str(error).split()) or type(error).__name__


def _required(field):
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _default(field):
    return field.default_factory() if field.default is dataclasses.MISSING else field.default
