"""Where the classifier of a data set is kept."""

import hashlib
import inspect
import json
import os
import re
import tempfile
from pathlib import Path

from kgan.configurable import arguments
from kgan.files import cache

# Arguments that are paths, relative to the working directory.
PATHS = ("path", "data_dir")

# Arguments that data sets got in later versions. They are left out where they are None, so that the description of a
# set, and with it its classifier's file, stays the same.
LATER = ("range",)


def find(dataset):
    """The file of the classifier of a data set, for `Classifier.load`.

    The data set's class and its arguments other than the split decide, paths as absolute ones. Looked for in
    `$KGAN_DATA/classifiers` where KGAN_DATA is set, then in `$XDG_CACHE_HOME/kgan/classifiers` (~/.cache).

    Raises:
        FileNotFoundError: there is none; the line says which command makes it.

    Example:
        >>> from kgan.datasets import FashionMNIST
        >>> find(FashionMNIST(split="test")).name  # doctest: +SKIP
        'fashion_mnist.npz'
    """
    files = [folder / f"{stem(dataset)}.npz" for folder in _folders()]
    for file in files:
        if file.is_file():
            return file
    raise FileNotFoundError(
        f"There is no classifier of {type(dataset).__name__} yet (looked for {' and '.join(map(str, files))}); make it "
        f"with: kgan classifier {_argument(dataset)}"
    )


def place(dataset):
    """Where a new classifier of this data set belongs."""
    return _folders()[0] / f"{stem(dataset)}.npz"


def writable(path):
    """Makes the folder of `path`, and tries to write into it: before the training, not after it.

    Raises:
        OSError: it cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path.parent):
        pass


def described(dataset):
    """{class name: arguments}, without the split, with absolute paths: what makes two data sets the same."""
    config = {name: value for name, value in dataset.get_config().items() if name != "split"}
    config = {name: value for name, value in config.items() if value is not None or name not in LATER}
    for name in PATHS:
        if isinstance(config.get(name), str):
            config[name] = str(Path(config[name]).expanduser().absolute())
    return {type(dataset).__name__: config}


def family(dataset):
    """The data set's name in small letters, by which scores are called: fashion_mnist, image_folder."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(dataset).__name__).lower()


def stem(dataset):
    """The file's name without its end; arguments that are not the defaults appear as a digest."""
    if not _given(dataset):
        return family(dataset)
    text = json.dumps(described(dataset), sort_keys=True)
    return f"{family(dataset)}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _given(dataset):
    """The arguments other than the split that are not the defaults."""
    known = arguments(type(dataset))
    config = {name: value for name, value in dataset.get_config().items() if name != "split"}
    return {name: value for name, value in config.items() if _default(known[name]) != value}


def _default(parameter):
    return None if parameter.default is inspect.Parameter.empty else parameter.default


def _argument(dataset):
    """The set as the command takes it."""
    given = _given(dataset)
    if not given:
        return type(dataset).__name__
    return "'" + json.dumps({type(dataset).__name__: given}).replace("'", "'\\''") + "'"


def _folders():
    folders = [cache() / "classifiers"]
    if os.environ.get("KGAN_DATA"):
        folders.insert(0, Path(os.environ["KGAN_DATA"]).expanduser() / "classifiers")
    return folders
