"""Files from which there is no model to be had, and labels of a served generator."""

import zipfile

import keras
import numpy as np
import pytest

import kgan
from kgan.using.loading import good_for
from tests.conftest import networks
from tests.test_cli import mistake


@keras.saving.register_keras_serializable("theirs")
class Theirs(keras.layers.Dense):
    """A layer of a user."""


def game(last=keras.layers.Dense, **options):
    generator, _ = networks(kgan.StandardGAN)
    return kgan.StandardGAN(generator, keras.Sequential([keras.Input((2,)), last(**options), keras.layers.Dense(1)]))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rewritten(path, change):
    """The .keras file again, with its members changed."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, content in members.items():
            new.writestr(name, change(name, content))


@pytest.mark.parametrize("command", [["export", "FILE", "out"], ["sample", "FILE", "--out", "grid.png"]])
@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("plain", "x.keras holds a Sequential, a Keras model without latents and averages; expected a game of kgan,"),
        ("lambda", "x.keras holds a Lambda, Python code that kgan does not run. If you trust the file, call keras.con"),
        ("theirs", "x.keras needs the class 'Theirs', which is not kgan's. Import the module that registers it"),
        ("text", "x.keras is no Keras file, in spite of its name; expected what a model's `save` writes."),
        ("empty", "x.keras is no Keras file, in spite of its name; expected what a model's `save` writes."),
        ("weights", "x.keras cannot be loaded: Unable to synchronously open file"),
        ("config", "x.keras cannot be loaded: Expecting property name"),
        ("savedmodel", "x.keras is a SavedModel that kgan did not export: it has no signature 'from_latents'."),
    ],
)
def test_what_is_no_game_is_one_line(here, monkeypatch, command, kind, says):
    plain = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    if kind == "plain":
        plain.save("x.keras")
    elif kind == "savedmodel":
        plain.export("x.keras", verbose=False)
    elif kind in ("text", "empty"):
        (here / "x.keras").write_text("hello" if kind == "text" else "")
    elif kind == "lambda":
        game(keras.layers.Lambda, function=lambda x: 2 * x).save("x.keras")
    elif kind == "theirs":
        game(Theirs, units=2).save("x.keras")
        monkeypatch.delitem(keras.saving.get_custom_objects(), "theirs>Theirs")
    else:
        game(units=2).save("x.keras")
        rewritten("x.keras", lambda name, content: content[:1] if kind in name else content)
    assert mistake(*(part.replace("FILE", "x.keras") for part in command)).startswith(f"kgan: {says}")
    assert [entry.name for entry in here.iterdir()] == ["x.keras"]


def test_what_the_sentences_advise_works(here):
    game(keras.layers.Lambda, function=lambda x: 2 * x).save("lambda.keras")
    keras.config.enable_unsafe_deserialization()
    try:
        assert kgan.load("lambda.keras").sample(3).shape == (3, 2)
    finally:
        keras.src.backend.common.global_state.set_global_attribute("safe_mode_saving", None)
    with pytest.raises(ValueError, match="holds a Lambda"):
        kgan.load("lambda.keras")
    game(Theirs, units=2).save("theirs.keras")
    assert kgan.load("theirs.keras").sample(3).shape == (3, 2)


def test_other_models_are_loaded_but_make_no_samples(here):
    plain = keras.Sequential([keras.Input((2,)), kgan.layers.LayerNormalization()])
    plain.save("plain.keras")
    assert isinstance(kgan.load("plain.keras"), keras.Sequential)
    with pytest.raises(ValueError, match="expected a game of kgan"):
        good_for("plain.keras", "sample")


def served(folder, **labels):
    """A served generator of vectors that takes labels."""
    z, y = keras.Input([3]), keras.Input(**labels)
    told = keras.layers.Embedding(4, 2)(y) if labels.get("dtype") == "int32" else y
    generator = keras.Model([z, y], keras.layers.Dense(2)(keras.layers.Concatenate()([z, told])))
    x = keras.Input([2])
    gan = kgan.StandardGAN(generator, keras.Model(x, keras.layers.Dense(1)(x)))
    return gan, kgan.load(gan.export(folder / "served"))


def test_labels_of_several_numbers(tmp_path):
    gan, exported = served(tmp_path, shape=[2])
    one, each = [0.5, -1.0], np.linspace(-1, 1, 6).reshape([3, 2])
    np.testing.assert_allclose(exported.sample(3, labels=one), gan.sample(3, labels=one), atol=1e-5)
    np.testing.assert_allclose(exported.sample(3, labels=[one]), gan.sample(3, labels=one), atol=1e-5)
    np.testing.assert_allclose(exported.sample(3, labels=each), gan.sample(3, labels=each), atol=1e-5)
    np.testing.assert_allclose(exported.sample(2, labels=one), gan.sample(2, labels=[one] * 2), atol=1e-5)
    np.testing.assert_allclose(exported.sample(2, labels=[one] * 2), gan.sample(2, labels=[one] * 2), atol=1e-5)
    for n, labels, says in (
        (3, 1, r"of shape \[2\], or one for each, \[3, 2\]; got the shape \[\]"),
        (3, [1.0], r"got the shape \[1\]"),
        (3, [1.0, 2.0, 3.0], r"got the shape \[3\]"),
        (3, [[1.0], [2.0], [3.0]], r"got the shape \[3, 1\]"),
        (3, [0.0, np.nan], "expected finite numbers; got nan"),
        (3, [0.0, 1e300], "expected finite numbers; got 1e[+]300"),
        (3, [[0.0], [1.0, 2.0]], "expected numbers, or vectors of one length"),
        (3, "ab", "expected numbers"),
    ):
        with pytest.raises(ValueError, match=says):
            exported.sample(n, labels=labels)


def test_labels_of_one_number(tmp_path):
    gan, exported = served(tmp_path, shape=[1])
    for labels in (0.5, [0.5], [[0.5]] * 3):
        np.testing.assert_allclose(exported.sample(3, labels=labels), gan.sample(3, labels=[0.5]), atol=1e-5)


def test_labels_that_are_classes(tmp_path):
    gan, exported = served(tmp_path, shape=[], dtype="int32")
    for labels in (1, [1], 1.0, [1, 1, 1]):
        np.testing.assert_allclose(exported.sample(3, labels=labels), gan.sample(3, labels=1), atol=1e-5)
    for labels, says in (
        (-1, r"expected classes from 0 to \d+; got -1"),
        (0.5, "got 0.5"),
        ([0, 1, np.nan], "got nan"),
        (2**40, "got 1099511627776"),
        ([0, 1], r"or one for each, \[3\]; got the shape \[2\]"),
        ([[0], [1], [2]], r"got the shape \[3, 1\]"),
        (None, "needs labels="),
    ):
        with pytest.raises(ValueError, match=says):
            exported.sample(3, labels=labels)


def test_one_number_is_no_label_of_two_at_the_command(here):
    served(here, shape=[2])
    line = mistake("sample", "served", "-n", "3", "--label", "1", "--out", "grid.png")
    assert line.startswith(
        "kgan: labels: expected one for all samples, of shape [2], or one for each, [3, 2]; got the shape []."
    )
    assert [entry.name for entry in here.iterdir()] == ["served"]
