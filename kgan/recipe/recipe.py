"""YAML to objects and back. The constructors' signatures are the schema."""

import dataclasses
import difflib
import inspect
import typing
from pathlib import Path
from typing import Annotated

import keras
import yaml

from kgan.configurable import Configurable, arguments
from kgan.precision import POLICIES
from kgan.ranges import Range
from kgan.recipe import plain_yaml
from kgan.recipe.catalogue import members
from kgan.recipe.keras_arguments import ANNOTATIONS
from kgan.recipe.schema import (
    Wrong,
    check_names,
    check_type,
    cut,
    hint_of,
    nearest,
    one_line,
    what,
)

# In which packages a class name is looked up, by the section or by the argument of a Keras object. For arguments of
# kgan's own objects their annotations say it.
ROOMS = {
    "dataset": ["kgan.datasets"],
    "networks": ["kgan.architectures"],
    "objective": ["kgan.objectives"],
    "optimizers": ["keras.optimizers"],
    "log": ["kgan.callbacks"],
    "checkpoint": ["kgan.callbacks"],
    "monitor": ["kgan.callbacks"],
    "callbacks": ["kgan.callbacks", "keras.callbacks"],
    "learning_rate": ["kgan.schedules", "keras.optimizers.schedules"],
    "kernel_initializer": ["keras.initializers"],
}

# Arguments that a recipe leaves out, because other parts of it give them.
PROVIDED = {
    "objective": {"seed", "kind"},
    "optimizers": {"name"},
    "log": {"file", "images_per_step", "dataset_size"},
    "checkpoint": {"folder", "allow_inexact"},
    "monitor": {"data"},
    "callbacks": {"data"},
}

# Callbacks that every run has already, and Keras callbacks that a recipe cannot describe, or that would save, log or
# resume in another way than the run folder does.
NO_CALLBACKS = {
    "Checkpoint", "Log", "Monitor", "Progress", "StopOnNonFinite", "StopOnSignal",
    "BackupAndRestore", "CSVLogger", "History", "LambdaCallback", "LearningRateScheduler", "ModelCheckpoint",
    "OrbaxCheckpoint", "ProgbarLogger", "RemoteMonitor", "SwapEMAWeights", "TerminateOnNaN",
}  # fmt: skip

# Provided arguments that a recipe may repeat, if it gives the same value.
SAID_TWICE = {"image_shape", "data_shape", "labels", "name", "seed"}

# A recipe writes into its run folder and nowhere else, and not over what every run has there.
RESERVED = {".lock", "checkpoints", "environment.json", "evaluations.jsonl", "log.jsonl", "recipe.yaml", "report.html"}

# The format of recipes. In format 1 (kgan 0.1.0) a network had three arguments for its labels. Old arguments are
# translated by `Configurable.migrated`, whichever format the file names.
FORMAT = 2

# Bytes. A longer file is refused unread, because no recipe is so long.
LONGEST = 2**18


class RecipeError(ValueError):
    """A recipe that cannot be followed: one line that says where, what was expected, and what is there."""


@dataclasses.dataclass
class Recipe:
    """A training, in plain containers, with every default spelled out.

    `dataset` and `objective` are {class: {argument: value}}; `networks` has one such object for each network that the
    objective takes, and `optimizers` for each player; `callbacks` is a list of them; `checkpoint`, `log` and `monitor`
    hold the arguments of `kgan.callbacks.Checkpoint`, `Log` and `Monitor`. In the file each network has a section of
    its own name.
    """

    name: str
    dataset: dict
    networks: dict
    objective: dict
    optimizers: dict
    steps: Annotated[int, Range("[1, 2147483647]")]
    batch_size: Annotated[int, Range("[1, 1048576]")] = 64
    seed: Annotated[int, Range("[0, 4294967295]")] = 0
    format: Annotated[int, Range("[1, 2]")] = FORMAT
    precision: str = "auto"
    log: dict = dataclasses.field(default_factory=dict)
    checkpoint: dict = dataclasses.field(default_factory=dict)
    monitor: dict = dataclasses.field(default_factory=dict)
    callbacks: list = dataclasses.field(default_factory=list)
    source: str = dataclasses.field(default="recipe", metadata={"written": False})

    def document(self):
        """The recipe as plain containers, in the order in which it reads well."""
        written = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.metadata.get("written", True)}
        if not self.optimizers:
            del written["optimizers"]
        networks = written.pop("networks")
        first = {
            name: written.pop(name)
            for name in ("name", "format", "seed", "steps", "batch_size", "precision", "dataset")
        }
        return first | networks | written

    @property
    def objective_class(self):
        """The class of the objective."""
        (name,) = self.objective
        return find_class("objective", "objective", name)

    def text(self):
        """The recipe as YAML."""
        return plain_yaml.write(self.document())

    def build(self, path, spec, **provided):
        """Makes the object of a resolved `spec`, found at the key `path`; what it refuses becomes a RecipeError."""
        try:
            section = path.partition(".")[0]
            return _build("networks" if section in self.networks else section, spec, provided)
        except (ValueError, TypeError, ArithmeticError, OSError, ImportError, MemoryError) as error:
            raise RecipeError(one_line(f"{self.source}: {path}: {_reason(error)}")) from error


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
    data = read(path)
    try:
        for override in overrides:
            _override(data, override)
        data.setdefault("name", Path(path).stem)
        return dataclasses.replace(_resolve(data), source=str(path))
    except Wrong as error:
        raise RecipeError(one_line(f"{path}: {error}")) from None


def read(path):
    """The mapping that a recipe's file holds, as it is written there; `RecipeError` if it holds none."""
    try:
        with open(path, "rb") as file:
            content = file.read(LONGEST + 1)
        if len(content) > LONGEST:
            raise RecipeError(
                one_line(f"{path}: expected a recipe, of at most {LONGEST // 1024} KB, got a larger file.")
            )
        data = plain_yaml.parse(content.decode("utf-8"))
    except FileNotFoundError:
        raise RecipeError(one_line(f"{path}: no such file.")) from None
    except IsADirectoryError:
        raise RecipeError(one_line(f"{path}: expected a recipe's file, and this is a folder.")) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise RecipeError(one_line(f"{path}: cannot be read: {reason}.")) from None
    except RecipeError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RecipeError(one_line(f"{path}: not valid YAML: {plain_yaml.explain(error)}.")) from None
    if not isinstance(data, dict):
        raise RecipeError(one_line(f"{path}: expected a mapping of sections, got {what(data)}."))
    return data


def dataset(text):
    """The data set that a text names as a recipe's section would.

    Args:
        text: "FashionMNIST", or with arguments "FashionMNIST: {split: test}".

    Raises:
        RecipeError: there is none of that name, or it cannot be made; one line.

    Example:
        >>> len(dataset("Showers: {size: 20}"))
        20
    """
    try:
        spec = plain_yaml.parse(text)
        spec = {spec: {}} if isinstance(spec, str) else spec
        return _build("dataset", _resolve_object("dataset", "dataset", spec), {})
    except Wrong as error:
        raise RecipeError(one_line(error)) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise RecipeError(one_line(f"{cut(text)}: not valid YAML: {plain_yaml.explain(error)}.")) from None
    except (ValueError, TypeError, ArithmeticError, OSError, ImportError, MemoryError) as error:
        raise RecipeError(one_line(f"{cut(text)}: {_reason(error)}")) from error


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


def _reason(error):
    text = str(error).rstrip(".") or type(error).__name__
    if isinstance(error, MemoryError):
        return f"it does not fit into the memory ({text}); make it smaller."
    return text if text.endswith("?") else f"{text}."


def _override(data, override):
    path, equals, text = override.partition("=")
    keys, path = path.split("."), cut(path)
    if not equals or not all(keys) or len(keys) > plain_yaml.DEEPEST:
        raise Wrong("--set", f"expected KEY.PATH=VALUE, got {cut(override)!r}")
    try:
        value = plain_yaml.parse(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Wrong(f"--set {path}", f"the value is not valid YAML: {plain_yaml.explain(error)}") from None
    node = data
    for index, key in enumerate(keys):
        if _is_object(node) and key not in node:  # the class's name may be left out
            (name,) = node
            if node[name] is None:
                node[name] = {}
            node = node[name]
        last = index == len(keys) - 1
        if isinstance(node, list):
            if not key.isdecimal() or len(key) > 9 or int(key) >= len(node):
                count = f"is {len(node)} entry" if len(node) == 1 else f"are {len(node)} entries"
                raise Wrong(f"--set {path}", f"there {count}, numbered from 0; {cut(key)!r} is none of them")
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
    del fields["networks"]
    objective = _objective(data)
    networks = network_names(objective)
    for name in data:
        if name not in fields and name not in networks:
            raise Wrong(cut(str(name)), _no_section(name, data[name], objective, [*fields, *networks]))
    unused = [] if objective.players else ["optimizers"]
    if unused and data.get("optimizers"):
        raise Wrong("optimizers", "the objective has none; leave it out")
    known = [*networks, *(name for name, field in fields.items() if _required(field))]
    missing = [name for name in known if name not in (*data, *unused)]
    if missing:
        raise Wrong("", f"missing: {', '.join(missing)}")
    values = {}
    for name, field in fields.items():
        value = data[name] if name in data else _default(field) if name not in unused else {}
        if name in ("dataset", "objective"):
            value = _resolve_object(name, name, value)
        elif name in ("log", "checkpoint", "monitor"):
            cls = find_class(name, name, name.capitalize())
            value = _resolve_arguments(name, name, cls, value)
        elif name == "optimizers":
            value = _resolve_optimizers(value, objective.players)
        elif name == "callbacks":
            value = _resolve_callbacks([] if value is None else value)
        else:
            value = check_type(name, value, field.type)
        values[name] = value
    values["networks"] = {
        name: _resolve_object(name, "networks", data[name], objective.provides(name)) for name in networks
    }
    values["format"] = FORMAT  # it is written anew
    if values["precision"] not in POLICIES:
        raise Wrong("precision", f"expected one of {', '.join(POLICIES)}, got {values['precision']!r}")
    name = values["name"]
    fits = name.strip(".") and name == name.strip() and name.isprintable()
    if not fits or "/" in name or len(name.encode()) > 200:
        raise Wrong("name", f"expected a name for a folder, got {what(name)}")
    return Recipe(**values)


def _no_section(name, value, objective, known):
    """What to say of a section that the recipe's objective does not know."""
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.75)
    if near or not _is_object(value):
        return f"there is no such key{nearest(name, near or known)}"
    return f"{objective.__name__} has no such network; its networks are {', '.join(network_names(objective))}"


def _resolve_callbacks(value):
    if not isinstance(value, list):
        raise Wrong("callbacks", f"expected a list of objects, got {what(value)}")
    return [_resolve_object(f"callbacks.{index}", "callbacks", item) for index, item in enumerate(value)]


def _objective(data):
    """The class of a recipe's objective."""
    if "objective" not in data:
        fields = [field.name for field in dataclasses.fields(Recipe) if _required(field)]
        missing = [name for name in fields if name not in ("networks", *data)]
        raise Wrong("", f"missing: {', '.join(missing)}, and the objective's networks")
    (name,) = data["objective"] if _is_object(data["objective"]) else ("",)
    if not name:
        _resolve_object("objective", "objective", data["objective"])  # which says what is wrong with it
    return find_class("objective", "objective", name)


def network_names(objective):
    """The networks that an objective takes: its constructor's arguments that are Keras models."""
    return [name for name, parameter in arguments(objective).items() if parameter.annotation is keras.Model]


def _resolve_optimizers(value, players):
    if not isinstance(value, dict):
        raise Wrong("optimizers", f"expected one object for each player, got {what(value)}")
    check_names("optimizers", value, players)
    for player in players:
        if player not in value:
            raise Wrong("optimizers", f"missing: {player}")
    resolved = {}
    for player in players:
        path = f"optimizers.{player}"
        resolved[player] = _resolve_object(path, "optimizers", value[player])
    return resolved


def _resolve_object(path, room, spec, provided=None):
    if not _is_object(spec):
        raise Wrong(path, f"expected one object, like {{ClassName: {{argument: value}}}}, got {what(spec)}")
    ((name, given),) = spec.items()
    cls = find_class(path, room, name)
    return {name: _resolve_arguments(f"{path}.{name}", room, cls, given, provided)}


def _resolve_arguments(path, room, cls, given, provided=None):
    given = {} if given is None else given
    if not isinstance(given, dict):
        raise Wrong(path, f"expected a mapping of arguments, got {what(given)}")
    known = arguments(cls)
    given = spelled(cls.migrated(given)) if hasattr(cls, "migrated") else given
    provided = PROVIDED.get(room, ()) if provided is None else provided
    if room == "objective":
        provided = {*provided, *network_names(cls)}
    settled = [name for name in known if name in provided and name not in SAID_TWICE]
    for name in settled:
        if name in given:
            raise Wrong(f"{path}.{name}", "expected nothing, for it is settled by the run; leave it out")
    check_names(path, given, [name for name in known if name not in settled])
    numeric = room in ("optimizers", "learning_rate", "callbacks")
    resolved = {}
    for name, parameter in known.items():
        here = f"{path}.{name}"
        if name in given:
            resolved[name] = _resolve_value(here, name, given[name], _hint(name, parameter, numeric))
            if name == "folder":
                _check_folder(here, resolved[name])
        elif name in provided:
            continue
        elif parameter.default is inspect.Parameter.empty:
            raise Wrong(here, f"missing; {cls.__name__} needs it")
        else:
            default = spelled(parameter.default)
            resolved[name] = float(default) if _is_float(parameter.annotation) else default
    return resolved


def _hint(name, parameter, numeric):
    """What an argument may be: as it is annotated, as is known of Keras' arguments, or as its default tells."""
    if parameter.annotation is not inspect.Parameter.empty:
        return parameter.annotation
    return (numeric and ANNOTATIONS.get(name)) or hint_of(parameter.default, numeric)


def _is_float(annotation):
    return annotation is float or getattr(annotation, "__origin__", None) is float


def _check_folder(path, value):
    """Files are written into the run folder."""
    if isinstance(value, str):
        place = Path(value)
        inside = place.parts and not place.is_absolute() and ".." not in place.parts and value.isprintable()
        if not inside:
            raise Wrong(path, f"expected a path inside the run folder, got {what(value)}")
        if place.parts[0] in RESERVED:
            raise Wrong(path, f"expected another name than {place.parts[0]}, which every run has for itself")


def _resolve_value(path, name, value, hint):
    several = typing.get_origin(hint) in (list, tuple)
    room = _room(name, hint)
    if room and several and isinstance(value, list) and any(map(_is_object, value)):
        return [_resolve_object(f"{path}.{index}", room, item) for index, item in enumerate(value)]
    if room and not several and _is_object(value):
        return _resolve_object(path, room, value)
    return check_type(path, value, hint)


def _room(name, hint):
    """Where the class of an object is looked up that the argument `name` takes; None if it takes none."""
    if name in ROOMS:
        return name
    if isinstance(hint, type) and issubclass(hint, Configurable) and not issubclass(hint, keras.Model):
        kgan, room, *rest = hint.__module__.split(".")
        return ".".join([kgan, room, *rest[: room == "tricks"]])
    return next((room for option in typing.get_args(hint) if (room := _room("", option))), None)


def find_class(path, room, name):
    """The class that `name` means in the section or argument `room`; `path` is for the message."""
    candidates = {}
    for module in reversed(ROOMS.get(room, [room])):
        candidates |= members(module)
    if room == "callbacks":
        candidates = {n: cls for n, cls in candidates.items() if n not in NO_CALLBACKS}
        if name.lower() in ("checkpoint", "log", "monitor"):
            raise Wrong(path, f"every run has a {name}; its arguments go into the section {name.lower()!r}")
    if name not in candidates:
        raise Wrong(path, f"there is no {cut(name)!r} here{nearest(name, candidates)}")
    return candidates[name]


def _build(room, spec, provided):
    ((name, values),) = spec.items()
    cls = find_class(room, room, name)
    known = arguments(cls)
    built = {}
    for argument, value in values.items():
        inside = _room(argument, known[argument].annotation)
        if inside and isinstance(value, list) and any(map(_is_object, value)):
            value = [_build(inside, item, {}) for item in value]
        elif inside and _is_object(value):
            value = _build(inside, value, {})
        built[argument] = value
    return cls(**{name: value for name, value in provided.items() if name in known} | built)


def _is_object(spec):
    return isinstance(spec, dict) and len(spec) == 1 and next(iter(spec))[:1].isupper()


def spelled(default):
    """A value as a recipe would write it."""
    if isinstance(default, list | tuple):
        return [spelled(item) for item in default]
    if isinstance(default, dict):
        return {name: spelled(item) for name, item in default.items()}
    if hasattr(default, "get_config"):
        return {type(default).__name__: {k: spelled(v) for k, v in default.get_config().items()}}
    return default


def _required(field):
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _default(field):
    return field.default_factory() if field.default is dataclasses.MISSING else field.default
