"""What `kgan list` and `kgan show` know."""

import inspect
import re
import subprocess
import sys

import pytest

from kgan import listing
from kgan.configurable import arguments
from kgan.recipe import catalogue

MEMBERS = {name: (room, cls) for room in catalogue.ROOMS for name, cls in catalogue.members(f"kgan.{room}").items()}
# No paper's: ways to read files, and to look at sets, a linear map, the usual priors.
UNPUBLISHED = {"GaussianGenerator", "ImageFolder", "NPZ", "Normal", "Uniform", "Domains", "Negative", "Part", "Turned"}


@pytest.mark.parametrize("room", catalogue.ROOMS)
def test_every_room_is_listed_with_all_members(room):
    lines = catalogue.overview().splitlines()
    assert f"{room}:" in lines
    for name in catalogue.members(f"kgan.{room}"):
        (line,) = [line for line in lines if line.split()[:1] == [name]]
        assert line.endswith(".")
        assert "et al." not in line[-7:]


def test_contracts_and_exceptions_are_no_members():
    assert set(catalogue.members("kgan.objectives")) >= {"StandardGAN", "WGAN", "WGANGP"}
    assert not {"GAN", "Game"} & set(catalogue.members("kgan.objectives"))
    assert not {"Diverged", "Interrupted"} & set(catalogue.members("kgan.callbacks"))
    assert "LossScaleOptimizer" not in catalogue.members("keras.optimizers")


def test_one_thing_is_described_with_its_defaults():
    text = catalogue.describe("WGANGP").splitlines()
    assert text[0] == "WGANGP (objectives)"
    assert "  discriminator_steps = 5" in text
    assert "  regularizers = (GradientPenalty(weight=10.0),)" in text
    assert "  generator" in text


def test_a_misspelt_name_gets_the_nearest():
    with pytest.raises(KeyError) as error:
        listing.describe("WGANPG")
    assert error.value.args[0] == "There is no 'WGANPG'; did you mean 'WGANLP'? (`kgan list` has all)."


@pytest.mark.parametrize("name", MEMBERS)
def test_what_is_shown_says_the_source_and_every_argument(name):
    room, cls = MEMBERS[name]
    text = catalogue.describe(name)
    if room != "callbacks" and name not in UNPUBLISHED:
        assert re.search(r"https://(arxiv|doi|www)\.", text)
    _, _, described = inspect.getdoc(cls).partition("\nArgs:\n")
    for argument in arguments(cls):
        assert re.search(rf"^    ([\w, ]+, )?{argument}\b[\w, ]*:", described, re.MULTILINE), argument
    for other in re.findall(r"see\s+`(\w+)`", text):
        assert catalogue.describe(other)


def test_contracts_can_be_shown_and_nothing_is_said_to_be_nothing():
    assert "  ema = 0.999" in catalogue.describe("GAN").splitlines()
    assert catalogue.describe("Hinge").endswith("Arguments and defaults:\n  none")
    assert "  units = (512, 512)" in catalogue.describe("MLPAutoencoder").splitlines()


@pytest.mark.parametrize("arguments", [["list"], ["show", "WGANGP"]])
def test_neither_tensorflow_nor_keras_is_imported(arguments):
    script = (
        "import sys\nfrom kgan.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert not {'tensorflow', 'keras', 'numpy'} & set(sys.modules)"
    )
    made = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    shown = listing.overview() if arguments == ["list"] else listing.describe("WGANGP")
    assert made.stdout == f"{shown}\n"
