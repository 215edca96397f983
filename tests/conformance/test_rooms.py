"""What must hold of everything in every room."""

import inspect

import pytest

from kgan.configurable import arguments
from kgan.recipe import catalogue

MEMBERS = [(room, cls) for room in catalogue.ROOMS for cls in catalogue.members(f"kgan.{room}").values()]

pytestmark = pytest.mark.parametrize(("room", "cls"), MEMBERS, ids=lambda value: getattr(value, "__name__", value))


def test_the_docstring_describes_every_argument_and_has_an_example(room, cls):
    text = inspect.getdoc(cls)
    for name in arguments(cls):
        assert name in text, f"the docstring of {cls.__name__} says nothing of {name}"
    assert ">>>" in text, f"the docstring of {cls.__name__} has no example"


def test_arguments_are_annotated(room, cls):
    for name, parameter in arguments(cls).items():
        assert parameter.annotation is not inspect.Parameter.empty, f"{cls.__name__}({name}) has no annotation"


def test_configurations_come_back(room, cls):
    """Of all that can be made from its defaults; networks, layers, data sets and games have tests of their own."""
    required = [name for name, p in arguments(cls).items() if p.default is inspect.Parameter.empty]
    if required or room in ("datasets", "layers"):
        return
    config = cls().get_config()
    assert set(config) == set(arguments(cls))
    assert cls.from_config(config).get_config() == config
