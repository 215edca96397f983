"""CIFAR-10: 60,000 small colour photographs, from its binary or its Python version."""

import pickle
from pathlib import Path

import numpy as np

from kgan.datasets import lookup
from kgan.datasets.in_memory import InMemory
from kgan.datasets.validate import one_of, text

PIXELS = 3 * 32 * 32  # per image: the red plane, the green, the blue
LARGEST = 2**27  # bytes; a real batch file has 31 million

BATCHES = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}


def read_folder(folder, split):
    """Images uint8 [N, 32, 32, 3] and labels int32 [N], from whichever version the folder or a folder in it holds."""
    inner = ("", "cifar-10-batches-bin", "cifar-10-batches-py", "cifar-10-batches-py-target/cifar-10-batches-py")
    for place in (Path(folder) / name for name in inner):
        for suffix, read in ((".bin", read_binary), ("", read_pickle)):
            paths = [place / f"{name}{suffix}" for name in BATCHES[split]]
            if paths[0].is_file():
                return _join(paths, read)
    raise lookup.Absent(f"{folder} (it has neither {BATCHES[split][0]}.bin nor {BATCHES[split][0]})")


def _join(paths, read):
    for path in paths:
        if not path.is_file():
            raise lookup.Absent(f"{path.parent} (it has {paths[0].name} but no {path.name})")
        if path.stat().st_size > LARGEST:
            raise ValueError(
                f"{path} has {path.stat().st_size:,} bytes; expected about 31,000,000: it is another file."
            )
    planes, labels = zip(*map(read, paths), strict=True)
    images = np.concatenate(planes).reshape([-1, 3, 32, 32]).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), lookup.whole_labels(np.concatenate(labels), images, 10, paths[0].parent)


def read_binary(path):
    """One file of the binary version: 3,073 bytes an image, the label first."""
    records = np.fromfile(path, np.uint8)
    if not records.size or records.size % (1 + PIXELS):
        raise ValueError(
            f"{path} has {records.size:,} bytes; expected a multiple of {1 + PIXELS:,}: fetch it again, it is damaged."
        )
    records = records.reshape([-1, 1 + PIXELS])
    return records[:, 1:], records[:, 0]


def read_pickle(path):
    """One file of the Python version: a pickled dictionary, of which only plain data and bytes are taken."""
    try:
        with open(path, "rb") as file:
            content = _Unpickler(file, encoding="bytes").load()
        planes, labels = content[b"data"], content[b"labels"]
        planes = planes.array
        if planes.ndim != 2 or planes.shape[1] != PIXELS or not len(planes):
            raise ValueError(f"its data have the shape {list(planes.shape)}")
        return planes, np.array([int(label) for label in labels], np.int64)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"{path} is not a batch of CIFAR-10 ({reason}); fetch it again, or use the binary version."
        ) from None


class _Dtype:
    """Stands for numpy.dtype in a pickle; unsigned bytes only."""

    def __init__(self, code, *flags):
        if code not in ("u1", b"u1"):
            raise pickle.UnpicklingError(f"an array of {code!r} instead of unsigned bytes")

    def __setstate__(self, state):
        pass


class _Array:
    """Stands for numpy.ndarray in a pickle: takes a shape and its bytes, and checks them."""

    def __setstate__(self, state):
        _, shape, dtype, fortran, content = state
        if not isinstance(dtype, _Dtype) or not isinstance(content, bytes):
            raise pickle.UnpicklingError("an array that does not hold bytes")
        self.array = np.frombuffer(content, np.uint8).reshape(shape, order="F" if fortran else "C")


STAND_INS = {
    ("numpy.core.multiarray", "_reconstruct"): lambda kind, shape, code: _Array(),
    ("numpy._core.multiarray", "_reconstruct"): lambda kind, shape, code: _Array(),
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
}


class _Unpickler(pickle.Unpickler):
    """Knows four names, and gives stand-ins of ours for them: a pickle can call nothing else."""

    def find_class(self, module, name):
        if (module, name) not in STAND_INS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no image set needs")
        return STAND_INS[module, name]


PUBLISHED = lookup.Published(
    name="CIFAR-10",
    folder="cifar-10",
    read=read_folder,
    expects="data_batch_1 to data_batch_5 and test_batch, unpacked, of the binary (.bin) or the Python version",
    tfds="cifar10",
    cache=".",
    urls={
        "cifar-10-batches-py-target": {
            "origin": "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
            "file_hash": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            "extract": True,
        }
    },
)


class CIFAR10(InMemory):
    """CIFAR-10: 50,000 training and 10,000 test photographs of ten kinds of things.

    Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images"
    (https://www.cs.toronto.edu/~kriz/cifar.html). Images are uint8 [32, 32, 3] (RGB) in [0, 255], labels
    int32 class numbers 0 to 9. Looked up in `path`; `$KGAN_DATA/cifar-10`; a prepared tensorflow_datasets
    folder; Keras' cache; then downloaded into Keras' cache. Of the Python version's pickles only bytes and
    numbers are taken; nothing in them is run.

    Args:
        split: "train" or "test".
        path: folder with the batch files of the binary or the Python version, or with their folder
            cifar-10-batches-bin or cifar-10-batches-py; None looks in the places above.

    Raises:
        FileNotFoundError: the set is not in `path`, or nowhere; the line says what was tried.
        ValueError: another split, or a file that is damaged or not what it should be.

    Example:
        >>> dataset = CIFAR10(split="test")  # doctest: +SKIP
        >>> len(dataset), dataset.image_shape, dataset.class_names[6]  # doctest: +SKIP
        (10000, (32, 32, 3), 'frog')
    """

    class_names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

    def __init__(self, split: str = "train", path: str | None = None):
        self.split = one_of("split", split, ("train", "test"))
        self.path = None if path is None else text("path", path)
        self.hold(*lookup.load(PUBLISHED, self.split, self.path))
