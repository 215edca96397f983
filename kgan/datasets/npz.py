"""Arrays of one's own: an .npz or .npy file."""

import math
from pathlib import Path

import numpy as np

from kgan.datasets.in_memory import InMemory
from kgan.datasets.validate import text

MOST_CLASSES = 100_000


class NPZ(InMemory):
    """The arrays of an .npz file, or of an .npy file with images only. Pickled objects are refused.

    Images are one of
        uint8 [N, H, W] or [N, H, W, C] with C of 1, 3 or 4: pixels in [0, 255];
        float32 [N, H, W] or [N, H, W, C] in [-1, 1]: images that are stored as networks see them;
        float32 [N, d] in [-1, 1]: vectors;
    and labels, where named, one of
        whole numbers [N], classes 0 to K-1, with K one more than the largest;
        float32 [N, c]: conditions, with the ranges found in the file, named `<labels>_0`, `<labels>_1`, ...
    Batches have images uint8 or float32 with a channels axis, and labels int32 [n] or float32 [n, c].

    Args:
        path: the file.
        images: the images' key in the .npz; not used for .npy.
        labels: the labels' key, or None for a set without labels.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file that is no such archive, a missing key (those found are listed), or arrays of
            another type, shape or range than above.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "grey.npz"
        >>> np.savez(path, images=np.zeros([5, 8, 8], np.uint8), labels=[0, 1, 0, 1, 1])
        >>> dataset = NPZ(path, labels="labels")
        >>> len(dataset), dataset.image_shape, dataset.num_classes
        (5, (8, 8, 1), 2)
    """

    def __init__(self, path: str, images: str = "images", labels: str | None = None):
        self.path = text("path", path)
        self.images = text("images", images)
        self.labels = None if labels is None else text("labels", labels)
        arrays = _load(Path(self.path).expanduser(), [name for name in (self.images, self.labels) if name])
        examples = _examples(arrays[0], f"{self.path}: {self.images}")
        labels = _labels(arrays[1], len(examples), f"{self.path}: {self.labels}") if self.labels else None
        self.hold(examples, labels)
        if labels is not None and labels.ndim == 1:
            self.class_names = tuple(str(number) for number in range(labels.max() + 1))
        elif labels is not None:
            ranges = zip(labels.min(axis=0).tolist(), labels.max(axis=0).tolist(), strict=True)
            self.conditions = {f"{self.labels}_{index}": bounds for index, bounds in enumerate(ranges)}

    def encode(self, images):
        images = np.asarray(images)
        return super().encode(images) if self._examples.dtype == np.uint8 else images.astype(np.float32)

    def decode(self, images):
        return super().decode(images) if self._examples.dtype == np.uint8 else np.asarray(images, np.float32)


def _load(path, names):
    """The arrays of these names; of an .npy file the one that it holds."""
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise FileNotFoundError(f"{path} {what}; expected an .npz or .npy file.")
    try:
        with path.open("rb") as file:
            return _arrays(np.load(file, allow_pickle=False), names, path)
    except KeyError as error:
        raise ValueError(error.args[0]) from None
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        if "pickle" in reason:  # numpy goes on to say how to load it all the same
            reason = "it is another kind of file, or holds Python objects"
        raise ValueError(
            f"{path} cannot be read ({reason}); expected an .npz or .npy file that is whole, of plain arrays: objects "
            f"that need pickle are never loaded. Save it again with numpy.savez."
        ) from None


def _arrays(content, names, path):
    if isinstance(content, np.ndarray):
        if len(names) > 1:
            raise KeyError(f"{path} is one array, without labels; put images and labels into an .npz.")
        return [content]
    missing = [name for name in names if name not in content]
    if missing:
        found = ", ".join(content.files) or "nothing"
        raise KeyError(f"{path} has no array `{missing[0]}`; it has: {found}. Name one of those.")
    return [content[name] for name in names]


def _examples(array, where):
    if not array.size:
        raise ValueError(f"{where} has the shape {list(array.shape)}: it is empty; expected at least one example.")
    if array.dtype == np.uint8:
        if array.ndim == 3:
            array = array[..., None]
        if array.ndim != 4 or array.shape[-1] not in (1, 3, 4):
            raise ValueError(
                f"{where} has the shape {list(array.shape)}; expected uint8 pixels as [N, H, W] or [N, H, W, C] "
                f"with C of 1, 3 or 4 (channels last)."
            )
        return array
    if array.dtype.kind != "f" or array.dtype.itemsize != 4:
        raise ValueError(
            f"{where} is {array.dtype}; expected uint8 pixels in [0, 255], or float32 in [-1, 1]: "
            f"convert with .astype and save again."
        )
    if array.ndim not in (2, 3, 4):
        raise ValueError(f"{where} has the shape {list(array.shape)}; expected [N, d], [N, H, W] or [N, H, W, C].")
    array = array.astype(np.float32)
    lowest, highest = float(array.min()), float(array.max())  # either is NaN if anything is
    if math.isnan(lowest):
        raise ValueError(f"{where} has values that are NaN; expected numbers in [-1, 1]: mend or remove them.")
    if not -1 <= lowest <= highest <= 1:
        raise ValueError(
            f"{where} has values from {lowest:g} to {highest:g}; expected finite numbers in [-1, 1]: scale them."
        )
    return array[..., None] if array.ndim == 3 else array


def _labels(array, count, where):
    if array.shape[:1] != (count,):
        raise ValueError(f"{where} has the shape {list(array.shape)}; expected {count} entries, one for each image.")
    if array.dtype.kind in "iu" and array.ndim == 1:
        if array.min() < 0 or array.max() >= MOST_CLASSES:
            raise ValueError(
                f"{where} has values from {array.min()} to {array.max()}; expected class numbers 0 to K-1."
            )
        return array.astype(np.int32)
    if array.dtype.kind == "f" and array.dtype.itemsize == 4 and array.ndim == 2 and array.shape[1]:
        if not np.isfinite(array).all():
            raise ValueError(f"{where} has values that are not finite; expected finite conditions.")
        return array.astype(np.float32)
    raise ValueError(
        f"{where} is {array.dtype} {list(array.shape)}; expected whole class numbers [N], or float32 conditions [N, c]."
    )
