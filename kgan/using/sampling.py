"""Samples of a trained model as files."""

import math
from pathlib import Path

import numpy as np
import tensorflow as tf

from kgan import recipe
from kgan.datasets import Dataset
from kgan.files import remove_unfinished, replacing
from kgan.using.loading import good_for


def sample(model, count, seed, label, truncation, out=None, out_dir=None, npz=None):
    """Makes `count` samples and writes them; returns the paths.

    Args:
        model: path of a run folder, a `.keras` file or an export.
        count, seed, label, truncation: see `GAN.sample`.
        out: PNG of all samples: a grid of images, or points for vectors.
        out_dir: folder for a PNG each; it may hold nothing else.
        npz: file with `images` (uint8 [N, H, W, C]), or `samples` (float32 [N, d]) for vectors. With a run folder
            whose data set has units of its own, also `values`: the samples decoded to those units, float32.

    Raises:
        ValueError: the model cannot make such samples, or they cannot be written so.
        FileNotFoundError: there is no model.
    """
    digits = len(str(count - 1))
    names = [f"{index:0{digits}d}.png" for index in range(count)]
    _check_places(out, out_dir, names)
    if truncation is not None and not 0 < truncation < math.inf:
        raise ValueError(f"truncation must be above 0 and finite; got {truncation}.")
    path, model = Path(model), good_for(model, "sample")
    _check_label(label, model)
    options = {"seed": seed, "labels": label}
    if truncation is not None:
        if not hasattr(model, "latents"):
            raise ValueError("An exported generator draws from the whole prior; truncation needs the run folder.")
        options["truncation"] = truncation
    try:
        made = model.sample(count, **options)
    except tf.errors.InvalidArgumentError:
        if label is None:
            raise
        raise ValueError(f"--label {label}: the generator knows no such class.") from None
    written = []
    if out:
        model.kind.draw(out, made)
        written.append(out)
    if out_dir:
        model.kind.write_each(out_dir, names, made)
        written.append(out_dir)
    if npz:
        arrays = {model.kind.array: made}
        decode = _decoder(path)
        values = decode(model.sample_values(count, **options)) if decode else made
        if values.dtype != made.dtype or (decode and not model.kind.bounded):
            arrays["values"] = values
        npz = Path(npz)
        with replacing(npz) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, **arrays)
        written.append(npz)
    return written


def _check_places(out, out_dir, names):
    """Refuses places that samples would be lost or mixed up in, before anything is made."""
    if out and Path(out).suffix.lower() != ".png":
        raise ValueError(f"--out {out}: expected the name of a PNG file, like {Path(out).with_suffix('.png')}.")
    if out_dir and Path(out_dir).is_dir():
        remove_unfinished(out_dir, names)
        others = sorted({entry.name for entry in Path(out_dir).iterdir()} - set(names))
        if others:
            raise ValueError(f"--out-dir {out_dir}: it holds other files ({others[0]}); choose an empty folder.")


def _check_label(label, model):
    """Refuses a class that the generator does not have, where it is known how many there are."""
    if label is None or not getattr(model, "conditional", True):
        return
    known = getattr(model, "num_classes", None)
    if label < 0 or (known and label >= known):
        classes = f"a class from 0 to {known - 1}" if known else "the number of a class, from 0 on"
        raise ValueError(f"--label {label}: expected {classes}.")


def _decoder(path):
    """The way back to the data set's own units, where it has others than pixels."""
    if not (path / "recipe.yaml").is_file():
        return None
    plan = recipe.load(path / "recipe.yaml")
    (name,) = plan.dataset
    if recipe.find_class("dataset", "dataset", name).decode is Dataset.decode:
        return None
    return plan.build("dataset", plan.dataset).decode
