"""Everything in every room, by name: the live classes, of which `kgan.listing` keeps the words."""

import importlib
import inspect
import re

from kgan.configurable import arguments

ROOMS = {
    room: f"kgan.{room}" for room in ("objectives", "losses", "regularizers", "layers", "architectures", "datasets",
                                      "callbacks", "augment", "schedules", "priors")
} | {room: f"kgan.tricks.{room}" for room in ("constraints", "pool", "replay", "top_k")}  # fmt: skip

# Base classes and wrappers, which a recipe cannot name.
CONTRACTS = {
    "AdversarialLoss", "Augmentation", "Callback", "CallbackList", "Configurable", "Dataset", "Distance", "GAN",
    "Compiled", "Fitted",
    "Game", "Kind", "LatentVariableModel", "Network", "Optimizer", "LearningRateSchedule", "LossScaleOptimizer",
    "MultiOptimizer",
    "OptimizerMap", "Prior", "Regularizer", "View",
}  # fmt: skip


def overview():
    """A line for each class of each room: its name and the first sentence of its docstring."""
    lines = []
    for room, members in _rooms().items():
        lines += ["", f"{room}:"] if lines else [f"{room}:"]
        width = max(map(len, members))
        lines += [f"  {name:{width}}  {_first_sentence(cls)}" for name, cls in members.items()]
    return "\n".join(lines)


def describe(name):
    """Docstring, arguments and defaults of one class; also of the contracts, to which docstrings refer."""
    room, cls = everything()[name]
    lines = [f"{name} ({room})", "", inspect.getdoc(cls), "", "Arguments and defaults:"]
    for argument, parameter in arguments(cls).items():
        required = parameter.default is inspect.Parameter.empty
        default = "" if required else f" = {_shown(parameter.default)}"
        lines.append(f"  {argument}{default}")
    if not arguments(cls):
        lines.append("  none")
    return "\n".join(lines)


def everything():
    """{name of a class: (room, class)}, the contracts included."""
    return {name: (room, cls) for room, module in ROOMS.items() for name, cls in _classes(module).items()}


def table():
    """What `kgan.listing` ships."""
    return {"overview": overview(), "shown": {name: describe(name) for name in sorted(everything())}}


def members(room):
    """The classes of a module by name, without contracts (Dataset, Regularizer, GAN and so on) and exceptions."""
    return {name: cls for name, cls in _classes(room).items() if name not in CONTRACTS}


def _classes(room):
    """The classes of a module by name, without exceptions."""
    module = importlib.import_module(room)
    found = {name: getattr(module, name) for name in getattr(module, "__all__", dir(module))}
    return {
        name: cls for name, cls in sorted(found.items()) if isinstance(cls, type) and not issubclass(cls, Exception)
    }


def _rooms():
    return {room: members(module) for room, module in ROOMS.items()}


def _first_sentence(cls):
    text = " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
    return re.split(r"(?<! al)\. ", text)[0].rstrip(".") + "."


def _shown(default):
    if isinstance(default, list | tuple):
        return "(" + ", ".join(map(_shown, default)) + ("," if len(default) == 1 else "") + ")"
    if hasattr(default, "get_config"):
        inside = ", ".join(f"{name}={value!r}" for name, value in default.get_config().items())
        return f"{type(default).__name__}({inside})"
    return repr(default)
