"""Signatures: what a constructor names, what it hands on, and who may ask."""

import inspect
from typing import Annotated

import keras
import pytest

import kgan
from kgan.configurable import Configurable, arguments
from kgan.ranges import Range
from kgan.recipe.catalogue import members

OBJECTIVES = list(members("kgan.objectives").values())


class Painter(Configurable):
    def __init__(self, width: Annotated[int, Range("[1, 9]")], colour: str = "red", *, seed: int = 0):
        self.width, self.colour, self.seed = width, colour, seed


class Fresco(Painter):
    fixes = {"colour"}

    def __init__(self, wall: str = "north", seed: int = 7, **options):
        super().__init__(colour="blue", seed=seed, **options)
        self.wall = wall


def test_a_signature_is_merged():
    assert str(inspect.signature(Fresco)).startswith("(wall: str = 'north', seed: int = 7, *, width:")
    assert list(arguments(Fresco)) == ["wall", "seed", "width"]
    assert next(iter(inspect.signature(Fresco.__init__).parameters)) == "self"
    assert (
        arguments(Fresco)["width"].annotation.__metadata__[0] == arguments(Painter)["width"].annotation.__metadata__[0]
    )


def test_configurations_hold_what_is_handed_on_and_not_what_is_fixed():
    fresco = Fresco(width=3)
    assert fresco.get_config() == {"wall": "north", "seed": 7, "width": 3} and fresco.colour == "blue"
    assert Fresco.from_config(fresco.get_config()).get_config() == fresco.get_config()


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"width": 0}, ValueError, "^width must be from 1 to 9; got 0.$"),
        ({"width": 10}, ValueError, "^width must be from 1 to 9; got 10.$"),
        ({"width": "3"}, ValueError, "^width must be from 1 to 9; got '3'.$"),
        ({"width": 1, "wal": "south"}, TypeError, "^Fresco has no argument 'wal'; did you mean 'wall'.$"),
        ({"width": 1, "colour": "red"}, TypeError, "^Fresco fixes colour itself; leave it out.$"),
        ({"width": 1, "zzz": 2}, TypeError, "^Fresco has no argument 'zzz'; it takes wall, seed, width.$"),
    ],
)
def test_what_a_constructor_does_not_take_is_said_in_a_line(options, error, says):
    with pytest.raises(error, match=says):
        Fresco(**options)


def test_two_modules_cannot_hold_one_registered_name():
    with pytest.raises(ValueError, match="elsewhere and .*test_configurable both have a class Painter"):
        type("Painter", (Configurable,), {"__module__": f"{__name__.partition('.')[0]}.elsewhere"})
    assert keras.saving.get_registered_object(f"{__name__.partition('.')[0]}>Painter") is Painter


@pytest.mark.parametrize("cls", OBJECTIVES, ids=lambda cls: cls.__name__)
def test_no_objective_repeats_an_argument_of_its_base(cls):
    """Beside the networks, which come first and by position."""
    if "__init__" not in vars(cls) or not issubclass(cls.__mro__[1], kgan.objectives.GAN):
        return
    own = inspect.signature(inspect.unwrap(vars(cls)["__init__"])).parameters
    for name, parameter in arguments(cls.__mro__[1]).items():
        if name in own and parameter.annotation is not keras.Model:
            assert repr(own[name].default) != repr(parameter.default), f"{cls.__name__} repeats {name}"


@pytest.mark.parametrize("cls", OBJECTIVES, ids=lambda cls: cls.__name__)
def test_python_sees_the_same_signature(cls):
    assert list(inspect.signature(cls).parameters) == list(arguments(cls))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {"adversarial_loss": "hinge"},
            "adversarial_loss must be a value of kgan.losses, such as BoundarySeeking; got 'hinge'",
        ),
        (
            {"regularizers": kgan.regularizers.R1()},
            "regularizers must be a list of values of kgan.regularizers, such as DRAGAN; got <",
        ),
        ({"regularizers": ["r1"]}, "regularizers must be a list of values of kgan.regularizers, such as DRAGAN; got"),
        ({"prior": "gauss"}, 'prior must be a value of kgan.priors, or "normal" or "uniform"; got \'gauss\''),
        ({"prior": 3}, "prior must be a value of kgan.priors, such as Index; got 3"),
        ({"kind": "pictures"}, "kind must be a value of kgan.kinds, such as Pictures or None; got 'pictures'"),
        ({"replay": 5}, "replay must be a value of kgan.replay, such as Replay or None; got 5"),
    ],
)
def test_what_is_no_value_of_the_kind_that_is_wanted_is_refused(toy, options, says):
    with pytest.raises(ValueError, match=says):
        toy(kgan.StandardGAN, **options)
    usual = {"prior": "uniform", "regularizers": [kgan.regularizers.R1()], "replay": None}
    toy(kgan.StandardGAN, **usual)
