"""Malformed recipes: each is answered in one line that names the file and the key, and nothing is written.

Every mutant is wrong by construction, and what would train is replaced by a marker: a mutant that gets that far
was accepted, and its test fails.
"""

import copy
import dataclasses
import functools
import inspect
import math
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from kgan import architectures, recipe
from kgan.cli import main

SEED, COUNT = 0, 300
RECIPES = sorted((Path(__file__).parents[1] / "recipes").glob("*.yaml"))
KGAN = [sys.executable, "-c", "from kgan.cli import main; main(prog_name='kgan')"]

TOY = """
name: toy
steps: 4
batch_size: 8
precision: float32
dataset: {RingOfGaussians: {size: 64}}
generator: {MLPGenerator: {latent_dim: 2, units: [8]}}
discriminator: {MLPDiscriminator: {units: [8]}}
objective: {StandardGAN: {}}
optimizers:
  generator: {Adam: {learning_rate: 1.0e-3}}
  discriminator: {Adam: {learning_rate: 1.0e-3}}
callbacks: [{SampleGrid: {}}]
"""

# How many of each kind are drawn; the kinds that are not here are lists, and all of their mutants are tested.
DRAWN = {"type": 42, "range": 26, "misspelt": 20, "unknown": 8, "missing": 8, "container": 12, "room": 8, "two keys": 4}


@dataclasses.dataclass
class Mutant:
    """A recipe that is wrong: what the file r.yaml holds, what follows on the command line, what the answer names."""

    kind: str
    name: str
    content: bytes | dict
    says: tuple = ()
    arguments: tuple = ()
    file: str = "r.yaml"

    def write(self):
        content = self.content if isinstance(self.content, bytes) else dump(self.content)
        Path("r.yaml").write_bytes(content)


class Accepted(BaseException):
    """The training would have begun."""


# --- valid recipes, small, with every default spelled out ---


IMAGES = {"FashionMNIST": "images.npz", "CIFAR10": "photographs.npz"}


def small(document):
    """The same recipe with little data and small networks."""
    document = {**document, "steps": 4, "batch_size": 8, "precision": "float32"}
    (dataset,) = document["dataset"]
    if dataset in IMAGES:
        document["dataset"] = {"NPZ": {"path": IMAGES[dataset], "labels": "labels"}}
    elif dataset == "Showers":
        document["dataset"] = {"Showers": {"size": 64, "grid": [8, 8]}}
    else:
        document["dataset"] = {dataset: {"size": 64}}
    for player in ("generator", "discriminator", "encoder"):
        for name, given in document.get(player, {}).items():
            arguments = inspect.signature(getattr(architectures, name)).parameters
            given |= {key: value for key, value in {"width": 8, "units": [8]}.items() if key in arguments}
    return document


@functools.cache
def bases():
    documents = {"toy": yaml.safe_load(TOY)}
    documents |= {path.stem: small(yaml.safe_load(path.read_text())) for path in RECIPES}
    return {name: recipe._resolve(document).document() for name, document in documents.items()}


# --- mutations of one key ---

TEXTS = ("2e-4", "5", "many")
WRONG_TYPES = {
    bool: [1, 0.5, "yes", None, [True], {"a": True}],
    int: [2.5, True, None, [1], {"a": 1}, {"Adam": {}}, math.nan, math.inf, *TEXTS],
    float: [True, None, [0.5], {"a": 0.5}, {"MNIST": {}}, *TEXTS],
    str: [3, 0.5, True, None, ["a"], {"a": "b"}, ""],
    list: [3, 0.5, "many", {"a": 1}, [], ["a"], [True], [2.5], [None], [[8]], ["8"], [{"Adam": {}}]],
}  # fmt: skip
WRONG_NUMBERS = {
    int: [-1, -(10**6), 10**30, -(10**30), math.inf, 10**400],
    float: [-1.0, math.nan, math.inf, -math.inf, 1.0e300, 10**400],
    list: [[-1], [0], [10**9], [10**30], [8, -1], [math.nan]],
}
# What an argument is that has no value by default.
ABSENT = {
    "monitor": [3, True, "loss", ["d_loss"]],
    "path": [3, True, 0.5, ["a"]],
    "labels": [True, 0.5],
    "weight_decay": ["many", True, -1.0, math.nan, "2e-4"],
    "clipnorm": ["many", True, -1.0, math.inf, "5"],
    "clipvalue": ["many", True, -0.5, 0.0],
    "global_clipnorm": ["many", True, -1.0],
    "ema_overwrite_frequency": ["many", -1, 2.5, True],
    "loss_scale_factor": ["many", -1.0, True],
    "gradient_accumulation_steps": ["many", -3, 1, 2.5, True],
}
MAY_BE_ZERO = {"seed"}
LARGEST = {
    "steps": 2**31, "batch_size": 2**20 + 1, "seed": 2**70, "latent_dim": 10**9, "width": 10**9, "growth": 10**9,
    "kernel_size": 10**9, "size": 10**12, "modes": 10**9, "side": 10**9, "discriminator_steps": 10**9, "count": 10**9,
    "beta_1": 1.0, "beta_2": 1.5, "rho": 1.0, "momentum": 1.0, "ema": 1.0, "ema_momentum": 1.5, "radius": 1.0e30,
    "stddev": 1.0e38, "spacing": 1.0e37, "jitter": 0.6, "learning_rate": 1.0e39,
}  # fmt: skip
# Words that are one of a few; the others are free.
CHOICES = {"precision", "prior", "normalization", "split"}


def entries(node, path=()):
    """(path, value) of everything in a document; lists of plain values are values."""
    if path:
        yield path, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from entries(value, (*path, key))
    elif isinstance(node, list) and any(isinstance(item, dict) for item in node):
        for index, value in enumerate(node):
            yield from entries(value, (*path, index))


def leaves(document):
    return [(p, v) for p, v in entries(document) if not isinstance(v, dict) and not (isinstance(v, list) and any(
        isinstance(item, dict) for item in v
    ))]  # fmt: skip


def mappings(document):
    return [(path, value) for path, value in entries(document) if isinstance(value, dict)]


def is_object(value):
    return isinstance(value, dict) and len(value) == 1 and next(iter(value))[:1].isupper()


def changed(document, path, change):
    """A copy of the document after `change(parent, key)`."""
    document = copy.deepcopy(document)
    node = document
    for key in path[:-1]:
        node = node[key]
    change(node, path[-1])
    return document


def replaced(document, path, value):
    return changed(document, path, lambda node, key: node.__setitem__(key, copy.deepcopy(value)))


def renamed(document, path, name):
    def rename(node, key):
        pairs = [(name if k == key else k, v) for k, v in node.items()]
        node.clear()
        node.update(pairs)

    return changed(document, path, rename)


def dump(document):
    return yaml.safe_dump(document, sort_keys=False).encode()


def key_mutant(kind, base, document, path, change, says):
    name = f"{base}: {'.'.join(map(str, path))} {change}"
    return Mutant(kind, name, document, tuple(map(str, says)))


def of_values(kind, table):
    """A mutant for every value that does not belong at a leaf."""
    for base, document in bases().items():
        for path, value in leaves(document):
            for wrong in table(path, value):
                if path == ("log", "file") or wrong != value or type(wrong) is not type(value):
                    shown = repr(wrong) if len(repr(wrong)) < 40 else "..."
                    yield key_mutant(kind, base, replaced(document, path, wrong), path, shown, (path[0], path[-1]))


def wrong_types(path, value):
    key = path[-1]
    if value is None:
        return ABSENT.get(key, [])
    if key in CHOICES:
        return [*WRONG_TYPES[str], f"{value}s"]
    wrong = WRONG_TYPES[type(value)]
    return wrong[:-1] if key == "name" and len(path) > 1 else wrong  # an object of Keras' need have no name


def wrong_numbers(path, value):
    key = path[-1]
    numbers = list(WRONG_NUMBERS.get(type(value), [])) if not isinstance(value, bool) else []
    if (
        type(value) in (int, float)
        and key not in MAY_BE_ZERO
        and path[0] != "monitor"
        and (type(value) is int or key in ("clip", "seconds"))
    ):
        numbers.append(type(value)(0))
    return numbers + ([LARGEST[key]] if key in LARGEST else [])


def misspelt():
    for base, document in bases().items():
        for path, _ in entries(document):
            key = path[-1]
            if isinstance(key, str) and key not in ("name",):
                for wrong in {key + "zq", key[1:] + "q", key.swapcase(), key + " ", f"ﬀ{key}"} - {key}:
                    if path[-1] != "learning_rate" or wrong != "Adam":
                        yield key_mutant("misspelt", base, renamed(document, path, wrong), path, f"-> {wrong!r}", (
                            path[0] if len(path) > 1 else wrong.strip(),
                        ))  # fmt: skip


def unknown():
    for base, document in bases().items():
        yield Mutant("unknown", base, {**document, "learning": 1}, ("learning",))
        for path, value in mappings(document):
            if not is_object(value):
                extended = replaced(document, path, {**value, "bogus": 1})
                yield key_mutant("unknown", base, extended, path, "+ bogus", (path[0], "bogus"))


REQUIRED = {
    "dataset", "generator", "discriminator", "objective", "optimizers", "steps", "path", "initial_learning_rate",
    "decay_steps",
}  # fmt: skip


def missing():
    for base, document in bases().items():
        for path, _ in entries(document):
            needed = path[-1] in REQUIRED and path[0] != "callbacks"
            if needed and not (path[-1] == "decay_steps" and "PolynomialDecay" not in path):
                removed = changed(document, path, lambda node, key: node.pop(key))
                yield key_mutant("missing", base, removed, path, "removed", ("missing", path[-1]))


def containers():
    """Lists, strings and numbers for mappings; nothing where something must be."""
    for base, document in bases().items():
        for path, value in mappings(document):
            for wrong in ([value], ["a"], "text", 3, True):
                if not (path[-1] == "learning_rate" and wrong == 3):
                    mutated = replaced(document, path, wrong)
                    yield key_mutant("container", base, mutated, path, f"= {wrong!r}"[:30], (path[0],))
            if is_object(value):
                for wrong in (None, {}):
                    yield key_mutant("container", base, replaced(document, path, wrong), path, f"= {wrong}", (path[0],))


STRANGERS = ("WGANGP", "Adam", "MLPGenerator", "SampleGrid", "GradientPenalty", "MNIST", "Recipe", "GAN", "Dataset")
ROOMS = {
    "dataset": {"MNIST"}, "objective": {"WGANGP"}, "optimizers": {"Adam"}, "callbacks": {"SampleGrid"},
    "generator": {"MLPGenerator"}, "discriminator": {"MLPGenerator"},
}  # fmt: skip


def rooms():
    """Objects where others belong. (A discriminator may be any network as far as its room goes.)"""
    for base, document in bases().items():
        for path, value in mappings(document):
            if is_object(value):
                for stranger in STRANGERS:
                    own = ROOMS.get(path[0], set()) if len(path) <= 2 else set()
                    if stranger not in own and not ("regularizers" in path and stranger == "GradientPenalty"):
                        yield key_mutant(
                            "room", base, replaced(document, path, {stranger: {}}), path, stranger, (path[0], stranger)
                        )


def two_keys():
    for base, document in bases().items():
        for path, value in mappings(document):
            if is_object(value):
                for other in ("Adam", "bogus"):
                    if other not in value:
                        mutated = replaced(document, path, {**value, other: {}})
                        yield key_mutant("two keys", base, mutated, path, f"+ {other}", (path[0],))


# --- mutants that are no YAML, or no recipe ---

LAUGHS = "a0: &a0 [ha, ha]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
NOT_RECIPES = {
    "empty": b"",
    "blank": b" \n\n  \n",
    "comment": b"# nothing\n",
    "dashes": b"---\n",
    "list": b"- steps: 3\n",
    "word": b"hello",
    "number": b"3",
    "two documents": TOY.encode() + b"---\nsteps: 3\n",
    "tab": TOY.encode() + b"log:\n\tevery: 3\n",
    "open bracket": TOY.encode() + b"log: {every: 3\n",
    "open list": TOY.encode().replace(b"[8]", b"[8"),
    "open quote": TOY.encode() + b'log: {file: "log.jsonl}\n',
    "indentation": TOY.encode() + b" log: {every: 3}\n",
    "two colons": TOY.encode() + b"log: every: 3\n",
    "key twice": TOY.encode() + b"steps: 5\n",
    "inner key twice": TOY.encode().replace(b"{size: 64}", b"{size: 64, size: 32}"),
    "class twice": TOY.encode().replace(b"{StandardGAN: {}}", b"{StandardGAN: {}, StandardGAN: {}}"),
    "python object": TOY.encode() + b"seed: !!python/object/apply:os.getpid []\n",
    "python name": TOY.encode() + b"seed: !!python/name:os.system\n",
    "python module": TOY.encode() + b"seed: !!python/module:os\n",
    "own tag": TOY.encode() + b"seed: !secret 3\n",
    "set": TOY.encode().replace(b"[8]", b"!!set {8}"),
    "ordered mapping": TOY.encode() + b"log: !!omap [every: 3]\n",
    "binary": TOY.encode().replace(b"name: toy", b"name: !!binary aGVsbG8="),
    "date": TOY.encode().replace(b"name: toy", b"name: 2001-12-14"),
    "no date": TOY.encode() + b"seed: 2001-99-99\n",
    "bad integer": TOY.encode() + b"seed: !!int 3x\n",
    "bad float": TOY.encode() + b"seed: !!float x\n",
    "billion laughs": LAUGHS.encode() + TOY.encode(),
    "billion labels": TOY.encode().replace(b"{SampleGrid: {}}", b"{SampleGrid: {labels: [%s]}}" % b", ".join(
        [b"&b0 [1, 1]"] + [b"&b%d [%s]" % (i, b", ".join([b"*b%d" % (i - 1)] * 9)) for i in range(1, 12)]
    )),
    "itself": TOY.encode() + b"log: &log {file: *log}\n",
    "anchor twice": TOY.encode().replace(b"[8]", b"&units [8]"),
    "itself in a list": TOY.encode().replace(b"[8]", b"&units [*units]", 1),
    "no such anchor": TOY.encode() + b"log: *log\n",
    "merge key": TOY.encode() + b"log: {<<: {every: 3}}\n",
    "list for a key": TOY.encode() + b"? [a, b]\n: 3\n",
    "number for a key": TOY.encode() + b"3: 1\n",
    "nothing for a key": TOY.encode() + b"null: 1\n",
    "NUL": TOY.encode() + b"seed: 1\x00\n",
    "bell": TOY.encode() + b"seed: \x07\n",
    "Latin-1": TOY.encode().replace(b"toy", b"M\xfcller"),
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0",
    "UTF-16": TOY.encode("utf-16"),
    "two marks": b"\xef\xbb\xbf\xef\xbb\xbfseed: 1\n" + TOY.encode().lstrip(),
    "surrogate": TOY.encode() + b'"\\ud800": 1\n',
    "surrogate name": TOY.encode().replace(b"toy", b'"\\udc80"'),
    "escape": TOY.encode() + b'"\\e[31mred": 1\n',
    "lines in a key": TOY.encode() + b'"a\\nb\\r\\u2028c": 1\n',
    "long key": TOY.encode() + b"k" * 1000 + b": 1\n",
    "directive": b"%YAML 9.9\n---\n" + TOY.encode(),
    "hexadecimal": TOY.encode() + b"seed: 0x" + b"f" * 5000 + b"\n",
    "5000 digits": TOY.encode() + b"seed: " + b"9" * 5000 + b"\n",
    "deep list": TOY.encode() + b"log: " + b"[" * 20000 + b"\n",
    "200 deep": TOY.encode().replace(b"{SampleGrid: {}}", b"{SampleGrid: {labels: %s}}" % (b"[" * 200 + b"]" * 200)),
    "100 deep": TOY.encode().replace(b"[8]", b"[" * 100 + b"]" * 100),
    "deep mapping": TOY.encode() + b"log: " + b"{a: " * 150 + b"1" + b"}" * 150 + b"\n",
    "5 MB of comments": TOY.encode() + b"# word\n" * 750_000,
    "5 MB of keys": b"".join(b"key%d: 1\n" % number for number in range(400_000)),
    "5 MB in a key": b"k" * 5_000_000 + b": 1\n",
}  # fmt: skip


def not_recipes():
    for name, text in NOT_RECIPES.items():
        yield Mutant("not a recipe", name, text)
    for file in (".", "nowhere.yaml", "r.yaml/x.yaml", "n" * 300 + ".yaml"):
        yield Mutant("not a recipe", f"the file {file[:20]}", TOY.encode(), file=file)


NAMES = ("a/b", "..", ".", "", " ", "/etc/run", "../run", "a\nb", "a\0b", "\x1b[31m", "n" * 300, "ü" * 150, " a", "a ")
OUTSIDE = ("/tmp/kgan-outside", "../outside", "..", "a/../../outside", "a/..", "", ".", "a\0b", "recipe.yaml", ".lock")
PLACES = ("callbacks.0.SampleGrid.folder", "log.file", "checkpoint.folder")


def names_and_places():
    toy = bases()["toy"]
    for name in NAMES:
        yield Mutant("name or place", f"name {name[:9]!r}", {**toy, "name": name}, ("name: expected",))
    for index, place in enumerate(PLACES):
        for outside in OUTSIDE[index::2] if index else OUTSIDE:
            path = [int(key) if key.isdecimal() else key for key in place.split(".")]
            mutated = replaced(toy, path, outside)
            yield Mutant("name or place", f"{place} {outside!r}", mutated, (f"{place}: expected",))


DATA = [
    ({"NPZ": {"path": "nowhere.npz"}}, "nowhere.npz does not exist"),
    ({"NPZ": {"path": "folder"}}, "folder is a folder"),
    ({"NPZ": {"path": "r.yaml"}}, "cannot be read"),
    ({"NPZ": {"path": "images.npz", "images": "pixels"}}, "has no array `pixels`; it has: images"),
    ({"NPZ": {"path": "images.npz", "labels": "kinds"}}, "has no array `kinds`"),
    ({"NPZ": {"path": "objects.npz"}}, "or holds Python objects"),
    ({"NPZ": {"path": "cut.npz"}}, "cannot be read"),
    ({"NPZ": {"path": "nan.npz"}}, "has values that are NaN"),
    ({"NPZ": {"path": "a\0b"}}, "path"),
    ({"ImageFolder": {"path": "nowhere"}}, "nowhere does not exist"),
    ({"ImageFolder": {"path": "r.yaml"}}, "is a file"),
    ({"ImageFolder": {"path": "folder"}}, "has no images"),
    ({"ImageFolder": {"path": "broken"}}, "cannot be decoded"),
    ({"ImageFolder": {"path": "pictures", "image_shape": [10**7, 10**7, 3]}}, "image_shape"),
    ({"FashionMNIST": {"path": "nowhere"}}, "nowhere does not exist"),
    ({"FashionMNIST": {"path": "idx"}}, "is not an IDX file"),
    ({"FashionMNIST": {"split": "validation"}}, "split is 'validation'; expected one of 'train', 'test'"),
    ({"MNIST": {"path": "folder"}}, "expected a folder with"),
    ({"CIFAR10": {"path": "folder"}}, "expected a folder with"),
    ({"TFDS": {"name": "../mnist"}}, "expected a name such as"),
    ({"Showers": {"grid": [2, 2]}}, "grid's rows is 2"),
    ({"Showers": {"grid": [128, 128], "size": 10**8}}, "size"),
]  # fmt: skip


def data():
    for dataset, says in DATA:
        yield Mutant("data", str(dataset), {**bases()["toy"], "dataset": dataset}, ("dataset", says))


SHAPES = [
    ("wgan_gp_fashion", ("generator", "DCGANGenerator", "image_shape"), [8, 8, 1], "give both the same shape"),
    ("wgan_gp_fashion", ("discriminator", "DCGANDiscriminator", "image_shape"), [8, 8, 1], "leave its shape out"),
    ("dcgan_fashion", ("generator", "DCGANGenerator", "image_shape"), [8, 8, 3], "give both the same shape"),
    ("dcgan_fashion", ("generator", "DCGANGenerator", "image_shape"), [8, 8], "a list of 3"),
    ("dcgan_fashion", ("generator", "DCGANGenerator", "image_shape"), [8, 8, 2], "channels"),
    ("wgan_fashion", ("generator", "DCGANGenerator", "image_shape"), [8, 10**9, 1], "image_shape"),
    ("wgan_fashion", ("generator", "DCGANGenerator", "image_shape"), "8x8x1", "a list of 3"),
    ("wgan_fashion", ("generator",), {"MLPGenerator": {"data_shape": [2], "units": [8]}}, "give both the same shape"),
    ("wgan_gp_fashion", ("discriminator", "DCGANDiscriminator", "normalization"), "batch", "batch normalisation"),
    ("wgan_gp_fashion", ("dataset", "NPZ", "path"), "small.npz", "sides from 8 to 128"),
    ("wgan_gp_fashion", ("dataset",), {"SwissRoll": {"size": 8}}, "image_shape"),
    ("toy", ("generator", "MLPGenerator", "data_shape"), [3], "give both the same shape"),
    ("toy", ("generator", "MLPGenerator", "data_shape"), [], "data_shape"),
    ("toy", ("generator", "MLPGenerator", "data_shape"), [0], "data_shape"),
    ("toy", ("generator", "MLPGenerator", "data_shape"), [1, 2], "data_shape"),
    ("toy", ("discriminator", "MLPDiscriminator", "data_shape"), [10**12], "data_shape"),
    ("toy", ("generator",), {"MLPDiscriminator": {"units": [8]}}, "generator"),
    ("toy", ("discriminator",), {"MLPGenerator": {"units": [8], "latent_dim": 2}}, "discriminator"),
]


def shapes():
    for base, path, value, says in SHAPES:
        document = replaced(bases()[base], path, value)
        yield key_mutant("shapes", base, document, path, f"= {value}", (says,))


def schedule(name, **arguments):
    return {"Adam": {"learning_rate": {name: {"initial_learning_rate": 0.1, **arguments}}}}


PLATEAU = {"monitor": "d_loss", "mode": "min"}
CLASSES = [
    ([0, 8], "SampleGrid.labels: expected classes from 0 to 7"),
    ([-1], "SampleGrid.labels: expected classes from 0 to 7"),
    ([0.5], "SampleGrid.labels: expected classes from 0 to 7"),
    (["cat"], "SampleGrid.labels: expected numbers"),
    ([[1, 2], 3], "SampleGrid.labels: expected numbers"),
    ([[1], [2]], "SampleGrid.labels: expected one for all samples"),
    ([None, 1], "SampleGrid.labels: expected numbers"),
]
CALLBACKS = [
    ([{"Checkpoint": {}}], "the section 'checkpoint'"),
    ([{"Log": {"every": 3}}], "the section 'log'"),
    ([{"SampleGrid": {"labels": [1, 2]}}], "labels"),
    ([{"SampleGrid": {"labels": ["cat"]}}], "labels"),
    ([{"SampleGrid": {"labels": [[1, 2], 3]}}], "labels"),
    ([{"ModelCheckpoint": {"filepath": "x"}}], "there is no 'ModelCheckpoint'"),
    ([{"CSVLogger": {"filename": "/tmp/kgan-outside.csv"}}], "CSVLogger"),
    ([{"TerminateOnNaN": {}}], "there is no 'TerminateOnNaN'"),
    ([{"EarlyStopping": {}}], "EarlyStopping.monitor: expected one of d_loss, g_loss"),
    ([{"EarlyStopping": {"monitor": "d_loss"}}], "EarlyStopping.mode: expected min or max"),
    ([{"EarlyStopping": {**PLATEAU, "patience": -1}}], "EarlyStopping.patience"),
    ([{"EarlyStopping": {**PLATEAU, "patience": "many"}}], "EarlyStopping.patience"),
    ([{"EarlyStopping": {**PLATEAU, "baseline": "low"}}], "EarlyStopping.baseline"),
    ([{"EarlyStopping": {**PLATEAU, "monitor": 3}}], "EarlyStopping.monitor"),
    ([{"ReduceLROnPlateau": {**PLATEAU, "factor": 1.0}}], "factor"),
    ([{"ReduceLROnPlateau": {**PLATEAU, "factor": -0.5}}], "factor"),
    ([{"ReduceLROnPlateau": {**PLATEAU, "min_lr": -1.0}}], "min_lr"),
    ([{"SampleGrid": {"count": 0}}], "count"),
    ([{"SampleGrid": {"seed": -1}}], "seed"),
    ([{"SampleGrid": {}}, None], "callbacks.1"),
    ([[{"SampleGrid": {}}]], "callbacks.0"),
    ([{"sample_grid": {}}], "callbacks.0"),
    ([{"SampelGrid": {}}], "did you mean 'SampleGrid'?"),
    ([{"TensorBoard": {"folder": "../outside"}}], "folder"),
    ([{"TensorBoard": {"histogram_freq": -1}}], "histogram_freq"),
    ({"SampleGrid": {}}, "callbacks: expected a list"),
    ("SampleGrid", "callbacks: expected a list"),
]
OPTIMIZERS = [
    (schedule("CosineDecay", decay_steps=0), "decay_steps"),
    (schedule("ExponentialDecay", decay_steps=10, decay_rate=-1.0), "decay_rate"),
    (schedule("PolynomialDecay", decay_steps=10, end_learning_rate=-1.0), "end_learning_rate"),
    (
        {"Adam": {"learning_rate": {"PiecewiseConstantDecay": {"boundaries": ["a"], "values": [0.1, 0.2]}}}},
        "boundaries",
    ),
    ({"Adam": {"learning_rate": {"PiecewiseConstantDecay": {"boundaries": [1], "values": [0.1]}}}}, "values"),
    ({"Adam": {"clipnorm": 1.0, "clipvalue": 1.0}}, "Only one of"),
    ({"Adam": {"weight_decay": -0.1}}, "weight_decay"),
    ({"SGD": {"momentum": 1.5}}, "momentum"),
    ({"LossScaleOptimizer": {"inner_optimizer": {"Adam": {}}}}, "there is no 'LossScaleOptimizer'"),
]


def callbacks_and_optimizers():
    toy = bases()["toy"]
    for value, says in CALLBACKS:
        yield Mutant("callbacks", str(value), {**toy, "callbacks": value}, ("callbacks", says))
    for labels, says in CLASSES:
        document = {**bases()["conditional_gan_ring"], "callbacks": [{"SampleGrid": {"labels": labels}}]}
        yield Mutant("callbacks", f"labels {labels}", document, ("callbacks.0", says))
    for value, says in OPTIMIZERS:
        document = replaced(toy, ("optimizers", "discriminator"), value)
        yield Mutant("optimizers", str(value), document, ("optimizers.discriminator", says))
    document = replaced(toy, ("optimizers", "generator"), schedule("CosineDecay", decay_steps=10))
    document["callbacks"] = [{"ReduceLROnPlateau": PLATEAU}]
    yield Mutant("callbacks", "a schedule and a plateau", document, ("callbacks.0", "a schedule"))
    for argument in ("generator", "discriminator"):
        network = {"MLPGenerator": {"data_shape": [2], "units": [8]}}
        document = replaced(toy, ("objective", "StandardGAN", argument), network)
        yield Mutant("callbacks", f"another {argument}", document, (f"objective.StandardGAN.{argument}",))


OVERRIDES = [
    ("", "--set: expected KEY.PATH=VALUE"), ("steps", "--set: expected KEY.PATH=VALUE"),
    ("=3", "--set: expected KEY.PATH=VALUE"), ("steps.=3", "--set: expected KEY.PATH=VALUE"),
    (".steps=3", "--set: expected KEY.PATH=VALUE"), ("steps.x=3", "--set steps.x: steps has nothing inside it"),
    ("steps.x.y=3", "steps has nothing inside it"), ("steps=", "steps: expected an integer"),
    ("steps=2e3", "steps: expected an integer"), ("steps= [", "--set steps: the value is not valid YAML"),
    ("seed=!!python/name:os.system", "--set seed: the value is not valid YAML"),
    ("seed=&a [*a]", "--set seed"), ("seed=0x" + "f" * 5000, "seed"), ("seed=" + "9" * 5000, "seed"),
    ("callbacks.x=1", "--set callbacks.x: there is 1 entry"),
    ("callbacks.7.every=1", "--set callbacks.7.every: there is 1 entry"),
    ("callbacks." + "9" * 5000 + "=1", "--set callbacks.9"), ("callbacks.-1.every=2", "--set callbacks.-1"),
    ("callbacks.0.SampleGridd.every=2", "callbacks.0.SampleGrid.SampleGridd"),
    ("stepz=3", "stepz: there is no such key; did you mean 'steps'?"), ("Steps=3", "Steps: there is no such key"),
    ("objective.emma=0.5", "objective.StandardGAN.emma: there is no such key; did you mean 'ema'?"),
    ("objective.WGANGP.ema=0.5", "objective.StandardGAN.WGANGP: there is no such key"),
    ("objective.regularizers" + ".a" * 2000 + "=1", "--set: expected KEY.PATH=VALUE"),
    ("optimizers.critic={Adam: {}}", "optimizers.critic"), ("name=../up", "name: expected"),
    ("log.file=/tmp/kgan-outside", "log.file: expected"), ("checkpoint.folder=..", "checkpoint.folder: expected"),
    ("dataset.path=x", "dataset.RingOfGaussians.path"), ("discriminator=null", "discriminator: expected one object"),
    ("optimizers.generator.learning_rate=-1", "learning_rate: expected"),
]  # fmt: skip


def overrides():
    for override, says in OVERRIDES:
        yield Mutant("override", override[:50], TOY.encode(), (says,), ("--set", override))


# --- all of them ---


def everything():
    """Every mutant that can be made, by kind; thousands of some."""
    made = [
        *of_values("type", wrong_types), *of_values("range", wrong_numbers), *misspelt(), *unknown(), *missing(),
        *containers(), *rooms(), *two_keys(), *not_recipes(), *names_and_places(), *data(), *shapes(),
        *callbacks_and_optimizers(), *overrides(),
    ]  # fmt: skip
    kinds: dict = {}
    for mutant in made:
        kinds.setdefault(mutant.kind, []).append(mutant)
    return kinds


@functools.cache
def chosen():
    """Over COUNT of them: those of the lists, and of the others as many as DRAWN says."""
    draw = random.Random(SEED)
    return {kind: draw.sample(made, DRAWN.get(kind, len(made))) for kind, made in everything().items()}


KINDS = [*DRAWN, "not a recipe", "name or place", "data", "shapes", "callbacks", "optimizers", "override"]


# --- the command, guarded ---


@pytest.fixture(scope="module")
def limited():
    """A recipe that is built by accident cannot take all of the memory."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 6 * 2**30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture
def here(tmp_path, monkeypatch, limited):
    """A working folder with data, whole and broken; nothing trains."""
    folder = tmp_path / "inner" / "here"
    for name in ("folder", "broken", "idx", "pictures"):
        (folder / name).mkdir(parents=True)
    monkeypatch.chdir(folder)
    np.savez("images.npz", images=np.zeros([10, 28, 28, 1], np.uint8), labels=np.arange(10))
    np.savez("photographs.npz", images=np.zeros([10, 32, 32, 3], np.uint8), labels=np.arange(10))
    np.savez("small.npz", images=np.zeros([8, 4, 4, 1], np.uint8), labels=np.arange(8))
    np.savez("objects.npz", images=np.array([{"a": 1}], object))
    np.savez("nan.npz", images=np.full([4, 2], np.nan, np.float32))
    Path("cut.npz").write_bytes(Path("images.npz").read_bytes()[:99])
    Path("broken/a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    Path("idx/train-images-idx3-ubyte").write_bytes(b"nothing")
    Path("pictures/a.png").write_bytes(PICTURE)
    Path("r.yaml").touch()

    def accept(*arguments, **options):
        raise Accepted

    monkeypatch.setattr(keras.Model, "fit", accept)
    return tmp_path


PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63600000000200"
    "01e221bc330000000049454e44ae426082"
)


def kgan(mutant):
    """(exit code, stdout, stderr) of `kgan fit`, in this process."""
    mutant.write()
    signal.signal(signal.SIGALRM, lambda number, frame: pytest.fail(f"{mutant.name}: 20 seconds"))
    signal.alarm(20)
    try:
        result = CliRunner().invoke(main, ["fit", mutant.file, *mutant.arguments], catch_exceptions=False)
    finally:
        signal.alarm(0)
    return result.exit_code, result.stdout, result.stderr


def tree(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != "r.yaml"}


# What a user cannot do anything with.
BABBLE = ("Traceback", "object at 0x", "<class", "__init__", "NoneType", "codec can't", "RecursionError", "\x1b")


def faults(mutant, code, stdout, stderr):
    """What is wrong with the answer to a mutant."""
    line = stderr.removesuffix("\n")
    where = f"kgan: {mutant.file[:50]}"
    return [
        *([f"exit code {code}"] if code != 2 else []),
        *(["something on stdout"] if stdout else []),
        *(["not one line"] if len(line.splitlines()) != 1 else []),
        *(["no full stop"] if not line.endswith((".", "?")) else []),
        *(["too long"] if len(line) > 600 else []),
        *(["unprintable"] if not line.isprintable() else []),
        *([f"does not begin with {where}"] if not line.startswith(where) else []),
        *(f"does not say {words!r}" for words in mutant.says if words not in line),
        *(f"babbles {words!r}" for words in BABBLE if words in line),
    ]


def complaints(mutant, run, folder):
    before = tree(folder)
    try:
        code, stdout, stderr = run(mutant)
    except Accepted:
        shutil.rmtree("runs")
        return f"{mutant.name}: accepted"
    except Exception as error:
        return f"{mutant.name}: {type(error).__name__}: {str(error)[:300]}"
    found = faults(mutant, code, stdout, stderr)
    found += ["it wrote something"] if tree(folder) != before else []
    found += ["it wrote outside"] if Path("/tmp/kgan-outside").exists() else []
    return f"{mutant.name}: {'; '.join(found)}: {stderr[:700]}" if found else None


@pytest.mark.slow
def test_the_recipes_before_they_are_mutated_are_followed(here):
    for name, document in bases().items():
        for text in (dump(document), b"\xef\xbb\xbf" + dump(document), dump(document).replace(b"\n", b"\r\n")):
            with pytest.raises(Accepted):
                kgan(Mutant("valid", name, text, arguments=("--fresh",)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_malformed_recipe_is_refused_in_one_line(here, kind):
    found = [complaint for mutant in chosen()[kind] if (complaint := complaints(mutant, kgan, here))]
    assert not found, "\n".join(found)


@pytest.mark.slow
def test_there_are_as_many_as_promised():
    assert sorted(chosen()) == sorted(KINDS)
    assert sum(map(len, chosen().values())) >= COUNT


def process(mutant):
    """The same in a process of its own, where nothing is patched."""
    mutant.write()
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [*KGAN, "fit", mutant.file, *mutant.arguments], capture_output=True, text=True, timeout=60, env=environment
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("not a recipe", "Latin-1"),
        ("not a recipe", "surrogate"),
        ("not a recipe", "5 MB of keys"),
        ("name or place", "callbacks.0.SampleGrid.folder '/tmp/kgan-outside'"),
        ("data", "{'NPZ': {'path': 'nowhere.npz'}}"),
        ("override", "objective.emma=0.5"),
    ],
)
def test_a_real_process_answers_so_too(here, kind, name):
    (mutant,) = (mutant for mutant in chosen()[kind] if mutant.name == name)
    assert not complaints(mutant, process, here)
