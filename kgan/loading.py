"""Trained models from wherever they are kept."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import kgan.register  # noqa: F401 - Keras must know every class
from kgan import checkpoint
from kgan.objectives.game import loading_whole


def load(path):
    """The model that `path` holds.

    Args:
        path: a `.keras` file or a run folder, which give the whole game, ready to sample and to train on; or an
            exported SavedModel, which gives a `ServedGenerator`.

    Raises:
        FileNotFoundError: nothing of the kind is there.

    Example:
        >>> load("nowhere")
        Traceback (most recent call last):
        FileNotFoundError: nowhere is no .keras file, run folder or exported SavedModel.
    """
    path = Path(path)
    if path.is_file() and path.suffix == ".keras":
        with loading_whole():
            return keras.models.load_model(path)
    if (path / "saved_model.pb").is_file():
        return ServedGenerator(path)
    if (path / "recipe.yaml").is_file() or (path / "checkpoints").is_dir():
        game = checkpoint.load(path / "checkpoints")
        game.run_dir = path
        return game
    raise FileNotFoundError(f"{path} is no .keras file, run folder or exported SavedModel.")


class ServedGenerator:
    """An exported generator with the same `sample` as a game."""

    def __init__(self, path):
        self._served = tf.saved_model.load(str(path))
        self._signature = self._served.signatures["serve"].structured_input_signature[1]

    @property
    def conditional(self):
        """Whether the generator also takes labels."""
        return "labels" in self._signature

    def sample(self, n, seed=0, labels=None):
        """As `GAN.sample`: uint8 [n, height, width, channels] for images, float32 [n, d] for vectors."""
        return np.concatenate(list(self.sample_blocks(n, seed, labels)))

    def sample_blocks(self, n, seed=0, labels=None, batch_size=256):
        """The samples of `sample`, block by block: for more of them than fit into memory."""
        if n < 1:
            raise ValueError(f"n must be at least 1; got {n}.")
        spec = self._signature.get("labels")
        if (labels is None) != (spec is None):
            raise ValueError("This generator needs labels=." if spec is not None else "This generator takes no labels.")
        inputs = [self._served.latents(tf.constant(n, tf.int32), tf.constant(seed, tf.int64))["latents"]]
        if spec is not None:
            labels = np.broadcast_to(np.asarray(labels, spec.dtype.as_numpy_dtype), [n, *spec.shape[1:]])
            inputs.append(tf.constant(labels))
        for start in range(0, n, batch_size):
            (samples,) = self._served.from_latents(*(value[start : start + batch_size] for value in inputs)).values()
            yield samples.numpy()
