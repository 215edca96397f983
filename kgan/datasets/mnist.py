"""MNIST: 70,000 handwritten digits; and the reading of a folder of IDX files."""

import zipfile
import zlib

import numpy as np

from kgan.datasets import lookup
from kgan.datasets.idx import read_idx
from kgan.datasets.in_memory import InMemory
from kgan.datasets.validate import one_of, text


def read_idx_folder(folder, split):
    """Images uint8 [N, H, W, 1] and labels int32 [N] of one split, from IDX files."""
    stem = {"train": "train", "test": "t10k"}[split]
    images = read_idx(_find(folder, f"{stem}-images", 3), ndim=3)[..., None]
    labels = read_idx(_find(folder, f"{stem}-labels", 1), ndim=1)
    return images, lookup.whole_labels(labels, images, 10, folder)


def _find(folder, stem, ndim):
    names = [f"{stem}{mark}idx{ndim}-ubyte{end}" for mark in "-." for end in (".gz", "")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise lookup.Absent(f"{folder} (it has no {names[0]})")


def read_folder(folder, split):
    """Either the IDX files or Keras' mnist.npz."""
    archive = folder / "mnist.npz"
    if not archive.is_file():
        return read_idx_folder(folder, split)
    try:
        with archive.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            images, labels = arrays[f"x_{split}"], arrays[f"y_{split}"]
    except (KeyError, ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{archive} is damaged ({error}); remove it and fetch it again.") from None
    if images.dtype != np.uint8 or images.ndim != 3 or not len(images):
        raise ValueError(f"{archive} holds {images.dtype} {list(images.shape)}; expected uint8 [N, 28, 28].")
    return images[..., None], lookup.whole_labels(labels, images, 10, archive)


PUBLISHED = lookup.Published(
    name="MNIST",
    folder="mnist",
    read=read_folder,
    expects="mnist.npz, or train-images-idx3-ubyte, train-labels-idx1-ubyte and the same two with t10k (.gz or not)",
    tfds="mnist",
    cache=".",
    urls={
        "mnist.npz": {
            "origin": "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
            "file_hash": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        }
    },
)


class MNIST(InMemory):
    """The MNIST digits: 60,000 training and 10,000 test images.

    LeCun, Bottou, Bengio and Haffner 1998 (https://doi.org/10.1109/5.726791). Images are uint8
    [28, 28, 1] in [0, 255], labels int32 class numbers 0 to 9. Looked up in `path`; `$KGAN_DATA/mnist`; a
    prepared tensorflow_datasets folder; Keras' cache; then downloaded into Keras' cache.

    Args:
        split: "train" or "test".
        path: folder with the four IDX files (compressed or not) or Keras' mnist.npz; None looks in the
            places above.

    Raises:
        FileNotFoundError: the set is not in `path`, or nowhere; the line says what was tried.
        ValueError: another split, or a damaged file.

    Example:
        >>> dataset = MNIST(split="test")  # doctest: +SKIP
        >>> len(dataset), dataset.image_shape, dataset.num_classes  # doctest: +SKIP
        (10000, (28, 28, 1), 10)
    """

    class_names = tuple("0123456789")

    def __init__(self, split: str = "train", path: str | None = None):
        self.split = one_of("split", split, ("train", "test"))
        self.path = None if path is None else text("path", path)
        self.hold(*lookup.load(PUBLISHED, self.split, self.path))
