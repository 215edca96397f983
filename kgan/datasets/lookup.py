"""Where a published set can be had: a folder that was named, or the first of the usual places that holds it."""

import os
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


class Absent(FileNotFoundError):
    """A place does not hold the set; the message says what is missing there."""


@dataclass(frozen=True)
class Published:
    """What must be known of a set to find it.

    name: in error messages.
    folder: below $KGAN_DATA.
    read: (folder, split) -> (images uint8 [N, H, W, C], labels int32 [N]); raises Absent if the folder does
        not hold the set, ValueError if it holds a damaged one.
    expects: the files that `read` wants, in words.
    tfds: the name in tensorflow_datasets.
    cache: the folder below Keras' `datasets` where Keras keeps it.
    urls: {file name: arguments of keras.utils.get_file}, from where Keras downloads it.
    system: the system's own copy, and the Debian package that brings it.
    """

    name: str
    folder: str
    read: Callable
    expects: str
    tfds: str
    cache: str
    urls: dict = field(default_factory=dict)
    system: str | None = None
    package: str | None = None


def load(published, split, path=None):
    """The images and labels of one split, from `path` or else from the first place that holds them.

    The order: `path`; `$KGAN_DATA/<folder>`; the system's copy; a prepared tensorflow_datasets folder;
    Keras' cache; a download into Keras' cache. A `path` that does not hold the set is an error, and so is
    a damaged copy anywhere: neither is passed over.

    Raises:
        FileNotFoundError: one line with all that was tried and what to do.
        ValueError: a damaged file, named.
    """
    if path is not None:
        return _from_path(published, split, Path(path).expanduser())
    tried = []
    for place in (_from_environment, _from_system, _from_tfds, _from_cache, _from_download):
        try:
            return place(published, split)
        except Absent as reason:
            tried.append(str(reason))
    remedy = f"install it with `apt-get install {published.package}`, or " if published.package else ""
    raise FileNotFoundError(
        f"{published.name} was not found. Tried: {'; '.join(tried)}. To mend it, {remedy}put {published.expects} into "
        f"a folder and name that as `path`, or into $KGAN_DATA/{published.folder}."
    )


def whole_labels(labels, images, classes, where):
    """Labels as int32, checked: one for every image, each a class number."""
    labels = np.asarray(labels)
    if labels.shape != (len(images),):
        raise ValueError(
            f"{where} has {len(images):,} images and labels of shape {list(labels.shape)}; fetch it again."
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"{where} has labels up to {labels.max()}; expected 0 to {classes - 1}: it is another set.")
    return labels.astype(np.int32)


def _from_path(published, split, folder):
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise FileNotFoundError(f"{published.name}: {folder} {what}; expected a folder with {published.expects}.")
    try:
        return published.read(folder, split)
    except Absent as reason:
        raise FileNotFoundError(f"{published.name}: {reason}; expected a folder with {published.expects}.") from None


def _from_environment(published, split):
    root = os.environ.get("KGAN_DATA")
    if not root:
        raise Absent("$KGAN_DATA (not set)")
    return _from_folder(published, split, Path(root).expanduser() / published.folder)


def _from_system(published, split):
    if published.system is None:
        raise Absent("the system's copy (no package is known)")
    return _from_folder(published, split, Path(published.system))


def _from_tfds(published, split):
    from kgan.datasets import tfds

    if not (tfds.default_folder() / published.tfds).is_dir():
        raise Absent(f"{tfds.default_folder() / published.tfds} (no such folder)")
    try:
        prepared = tfds.TFDS(published.tfds, split)
    except (FileNotFoundError, ImportError) as error:
        raise Absent(f"{tfds.default_folder() / published.tfds} ({error})") from None
    return prepared.batch(np.arange(len(prepared)))


def _from_cache(published, split):
    return _from_folder(published, split, _cache(published))


def _from_folder(published, split, folder):
    if not folder.is_dir():
        raise Absent(f"{folder} (no such folder)")
    return published.read(folder, split)


def _from_download(published, split):
    try:
        _download(published)
    except Exception as error:
        raise Absent(f"a download ({' '.join(str(error).split())})") from None
    return published.read(_cache(published), split)


def _download(published):
    """Downloads into a folder beside the target; the files take their places once they are whole and can be read."""
    import keras

    cache = _cache(published)
    cache.mkdir(parents=True, exist_ok=True)
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(30.0)  # a network that swallows packets must not hold us for ever
    try:
        with tempfile.TemporaryDirectory(prefix=".kgan-download-", dir=cache) as temporary:
            for name, arguments in published.urls.items():
                keras.utils.get_file(name, cache_dir=temporary, cache_subdir="", **arguments)
            for split in ("train", "test"):
                published.read(Path(temporary), split)
            for item in sorted(Path(temporary).iterdir()):
                os.replace(item, cache / item.name)
    finally:
        socket.setdefaulttimeout(patience)


def _cache(published):
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "datasets" / published.cache
