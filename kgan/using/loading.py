"""Trained models from wherever they are kept."""

import contextlib
import dataclasses
import json
import re
import zipfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import kgan.register  # noqa: F401 - Keras must know every class
from kgan import kinds
from kgan.games.game import Game
from kgan.guards.labels import LabelRules
from kgan.runs import checkpoint, saving
from kgan.runs.devices import outside_scopes

MAP = "map_"  # how signatures that map begin


def load(path):
    """The model that `path` holds.

    Args:
        path: a `.keras` file or a run folder, which give the whole game, ready to sample and to train on; or an
            exported SavedModel, which gives a `Served`.

    Raises:
        FileNotFoundError: nothing of the kind is there.
        ValueError: what is there is damaged, was written by another program, or needs code that kgan does not have or
            does not run. One line says which.

    Example:
        >>> load("nowhere")
        Traceback (most recent call last):
        FileNotFoundError: nowhere is no .keras file, run folder or exported SavedModel.
    """
    path = Path(path)
    if path.is_file() and path.suffix == ".keras":
        return _keras_file(path)
    if (path / "saved_model.pb").is_file():
        return Served(path)
    if (path / "recipe.yaml").is_file() or (path / "checkpoints").is_dir():
        with _code_explained(path):
            game = checkpoint.load(path / "checkpoints")
        game.run_dir = path
        return game
    raise FileNotFoundError(f"{path} is no .keras file, run folder or exported SavedModel.")


def good_for(path, *verbs):
    """The model that `path` holds, if it is good for one of these uses: a game or a `Served` export.

    Args:
        path: see `load`.
        *verbs: of products, such as "sample".

    Raises:
        ValueError, FileNotFoundError: as in `load`, and for models that are good for something else.
    """
    model = load(path)
    if not isinstance(model, Game | Served):
        raise ValueError(
            f"{path} holds a {type(model).__name__}, a Keras model without latents and averages; expected a game of "
            f"kgan, as its `save` writes it."
        )
    known = list(dict.fromkeys(product.verb for product in model.products))
    if not set(known) & set(verbs):
        raise ValueError(
            f"{path} holds {model.called}, which is good for {' and '.join(f'`kgan {verb}`' for verb in known)}, not "
            f"for `kgan {verbs[0]}`."
        )
    return model


def _keras_file(path):
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(f"{path} is no Keras file, in spite of its name; expected what a model's `save` writes.")
    try:
        with _code_explained(path), saving.loading_whole():
            model = keras.models.load_model(path)
    except Unloadable:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, UserWarning, zipfile.BadZipFile, OSError) as error:
        raise Unloadable(f"{path} cannot be loaded: {_first_words(error)}") from error
    if isinstance(model, Game):
        model.derived.note()
    return model


class Unloadable(ValueError):
    """A file from which there is no model to be had: one line."""


@contextlib.contextmanager
def _code_explained(path):
    """What to do about files that need code: Keras tells its own users, who can pass it other arguments."""
    try:
        yield
    except (ValueError, TypeError) as error:
        text = str(error)
        if "safe_mode" in text:
            raise Unloadable(
                f"{path} holds a Lambda, Python code that kgan does not run. If you trust the file, call "
                f"keras.config.enable_unsafe_deserialization() in a script, and then kgan.load there."
            ) from error
        missing = re.search(r"Could not locate (class|function) '([^']*)'", text)
        if missing:
            raise Unloadable(
                f"{path} needs the {missing[1]} {missing[2]!r}, which is not kgan's. Import the module that registers "
                f"it with keras.saving.register_keras_serializable in a script, and call kgan.load there."
            ) from error
        raise


def _first_words(error):
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:197]}..."


@dataclasses.dataclass
class ServedProduct:
    """What one signature of an export is good for: the verb of a product, and its name."""

    verb: str
    name: str = ""

    @property
    def source(self):
        """The domain that it maps from."""
        return self.name[:1]

    @property
    def target(self):
        """The domain that it maps to."""
        return self.name[1:]


class Served:
    """An export, with the same `sample` and `map` as the game that it is of."""

    called = "an export"

    def __init__(self, path):
        self._served = outside_scopes(tf.saved_model.load, str(path))
        signatures = set(self._served.signatures)
        self.products = tuple(
            ServedProduct("map", name[len(MAP) :]) for name in sorted(signatures) if name.startswith(MAP)
        )
        missing = {"serve", "from_latents", "latents"} - signatures
        if not missing:
            self.products = (ServedProduct("sample"), *self.products)
            self._signature = self._served.signatures["serve"].structured_input_signature[1]
        if not self.products:
            raise Unloadable(
                f"{path} is a SavedModel that kgan did not export: it has no signature {min(missing)!r}. `kgan export` "
                f"writes one."
            )

    @property
    def conditional(self):
        """Whether the generator also takes labels."""
        return "labels" in getattr(self, "_signature", {})

    @property
    def kind(self):
        """What a sample is, a `kgan.kinds.Kind`."""
        if hasattr(self._served, "kind"):
            return keras.saving.deserialize_keras_object(json.loads(self._served.kind.numpy()))
        (sample,) = self._served.signatures["from_latents"].structured_outputs.values()  # of an earlier kgan
        return kinds.usual(sample.shape[1:])

    @property
    def num_classes(self):
        """How many classes its labels are numbers of; None where that is not known: earlier exports do not tell."""
        count = getattr(self._served, "num_classes", None)
        return int(count.numpy()) or None if count is not None else None

    def map(self, examples, to="b", batch_size=64):
        """As `Translation.map`: examples of one domain, as they are stored, as those of the other."""
        (name,) = [product.name for product in self.products if product.verb == "map" and product.name.endswith(to)]
        function = getattr(self._served, MAP + name)
        parts = []
        for start in range(0, len(examples), batch_size):
            (made,) = function(tf.constant(examples[start : start + batch_size])).values()
            parts.append(made.numpy())
        return np.concatenate(parts)

    def takes(self, to):
        """The shape of the examples that `map` takes, without their number."""
        (name,) = [product.name for product in self.products if product.verb == "map" and product.name.endswith(to)]
        (spec,) = self._served.signatures[MAP + name].structured_input_signature[1].values()
        return tuple(spec.shape[1:])

    def sample(self, n, seed=0, labels=None, **given):
        """As `GAN.sample`: uint8 [n, height, width, channels] for images, float32 [n, d] for vectors.

        Raises:
            ValueError: the generator takes no labels, or others; or the prior has no such part to set.
        """
        return np.concatenate(list(self.sample_blocks(n, seed, labels, **given)))

    def sample_blocks(self, n, seed=0, labels=None, batch_size=256, **given):
        """The samples of `sample`, block by block: for more of them than fit into memory."""
        if n < 1:
            raise ValueError(f"n must be at least 1; got {n}.")
        spec = self._signature.get("labels")
        if (labels is None) != (spec is None):
            raise ValueError("This generator needs labels=." if spec is not None else "This generator takes no labels.")
        inputs = self._served.latents(tf.constant(n, tf.int32), tf.constant(seed, tf.int64))
        inputs = self._with(inputs, given) if given else inputs
        if spec is not None:
            inputs["labels"] = tf.constant(self._label_rules(spec).values(n, labels))
        noisy = "seed" in self._served.signatures["from_latents"].structured_input_signature[1]
        for start in range(0, n, batch_size):
            part = {name: value[start : start + batch_size] for name, value in inputs.items()}
            noise = {"seed": tf.constant(seed, tf.int64), "first": tf.constant(start, tf.int64)} if noisy else {}
            (samples,) = self._served.from_latents(**part, **noise).values()
            yield samples.numpy()

    def _with(self, inputs, given):
        """What was drawn, {role: tensor}, with parts set as the prior has them."""
        if not hasattr(self._served, "prior"):
            raise ValueError(
                f"This export is of an earlier kgan, and cannot set {next(iter(given))!r}; export it again."
            )
        prior = keras.saving.deserialize_keras_object(json.loads(self._served.prior.numpy()))
        if tuple(inputs) == ("latents",):
            return {"latents": prior.set(inputs["latents"], **given)}
        return prior.set(inputs, **given)

    def _label_rules(self, spec):
        """What the game knew of labels; exports of an earlier kgan do not tell."""
        rules = LabelRules(spec, self.num_classes)
        rules.one_hot = bool(self._served.one_hot.numpy()) if hasattr(self._served, "one_hot") else False
        return rules
