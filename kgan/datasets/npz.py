"""Arrays of one's own: an .npz or .npy file."""

import math
from pathlib import Path

import numpy as np
import yaml

from kgan.datasets.in_memory import InMemory
from kgan.datasets.validate import real, text
from kgan.remarks import remark

MOST_CLASSES = 100_000
OF_NETWORKS, OF_PIXELS = (-1.0, 1.0), (0.0, 255.0)
USUAL = ([0, 1], [-1, 1], [0, 255])
NARROW = 0.01  # of a stated range: in less than that all is nearly one number
LARGEST = float(np.finfo(np.float32).max)


class NPZ(InMemory):
    """The arrays of an .npz file, or of an .npy file with images only. Pickled objects are refused.

    Images are one of
        uint8 [N, H, W] or [N, H, W, C] with C of 1, 3 or 4: pixels in [0, 255];
        float32 [N, H, W] or [N, H, W, C]: images whose numbers lie in `range`;
        float32 [N, d]: vectors whose numbers lie in `range`;
    and labels, where named, one of
        whole numbers [N], classes 0 to K-1, with K one more than the largest;
        float32 [N, c]: conditions, with the ranges found in the file, named `<labels>_0`, `<labels>_1`, ...
    Batches have images uint8 or float32 with a channels axis, in the file's own numbers, and labels int32 [n] or
    float32 [n, c]. `encode` takes `range` linearly to [-1, 1], both ends exactly, and `decode` takes it back.

    Args:
        path: the file.
        images: the images' key in the .npz; not used for .npy.
        labels: the labels' key, or None for a set without labels.
        range: [lowest, highest] of the stored numbers: of [0, 1] for x / 255, say, or [0, 255] for pixels kept as
            floats. None means [-1, 1], as networks see them, for floats, and [0, 255] for uint8, which has no other.
            Pictures that lie in [0, 1] get a remark then, unless their range is given; so do numbers that all lie in
            less than a hundredth of the range that is given.

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
        >>> np.savez(path, images=np.array([[0.0, 0.25, 1.0]], np.float32))
        >>> NPZ(path, range=[0, 1]).example(1)
        array([[-1. , -0.5,  1. ]], dtype=float32)
    """

    def __init__(
        self,
        path: str,
        images: str = "images",
        labels: str | None = None,
        range: tuple[float, float] | None = None,
    ):
        self.path = text("path", path)
        self.images = text("images", images)
        self.labels = None if labels is None else text("labels", labels)
        self.range = None if range is None else _range(range)
        arrays = _load(Path(self.path).expanduser(), [name for name in (self.images, self.labels) if name])
        examples = _examples(arrays[0], self.range, f"{self.path}: {self.images}", self._spelled)
        self.examined = self.range is not None or examples.dtype != np.uint8 or _mask(examples)
        labels = _labels(arrays[1], len(examples), f"{self.path}: {self.labels}") if self.labels else None
        self.hold(examples, labels)
        if labels is not None and labels.ndim == 1:
            self.class_names = tuple(map(str, np.arange(labels.max() + 1)))
        elif labels is not None:
            ranges = zip(labels.min(axis=0).tolist(), labels.max(axis=0).tolist(), strict=True)
            self.conditions = {f"{self.labels}_{index}": bounds for index, bounds in enumerate(ranges)}

    def encode(self, images):
        images = np.asarray(images)
        if self._examples.dtype == np.uint8:
            return super().encode(images)
        middle, half = self._scale()
        return ((images - middle) / half).astype(np.float32)

    def decode(self, images):
        if self._examples.dtype == np.uint8:
            return super().decode(images)
        middle, half = self._scale()
        return (np.asarray(images) * half + middle).astype(np.float32)

    def _spelled(self, bounds):
        """This set with another range, as recipes and `kgan evaluate` take it."""
        given = {"path": self.path, "images": self.images, "labels": self.labels, "range": bounds}
        if self.images == "images":
            del given["images"]
        if self.labels is None:
            del given["labels"]
        line = yaml.safe_dump({"NPZ": given}, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1e9)
        return f"`range: {bounds}`, as in '{line.strip()[1:-1]}'"

    def _scale(self):
        """Middle and half width of the range: float64, of ends that float32 has, so that rounding keeps the ends."""
        lowest, highest = np.float64(np.float32(self.range or OF_NETWORKS))
        return (lowest + highest) / 2, (highest - lowest) / 2


def _range(value):
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"range is {value!r}; expected [lowest, highest] of the stored numbers.")
    lowest, highest = (real("range", end, -LARGEST, LARGEST) for end in value)
    if not np.float32(lowest) < np.float32(highest):
        raise ValueError(f"range is {list(value)}; expected [lowest, highest], with the lowest below the highest.")
    return lowest, highest


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
        if "pickle" in reason:  # numpy's text goes on to advise loading the pickle
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


def _mask(pixels):
    return pixels.max() == 1 > pixels.min()


def _examples(array, bounds, where, spelled):
    if not array.size:
        raise ValueError(f"{where} has the shape {list(array.shape)}: it is empty; expected at least one example.")
    if array.dtype == np.uint8:
        if bounds not in (None, OF_PIXELS):
            raise ValueError(
                f"{where} is uint8, and its range is [0, 255]; got {list(bounds)}: leave `range` out, or save floats."
            )
        if array.ndim == 3:
            array = array[..., None]
        if array.ndim != 4 or array.shape[-1] not in (1, 3, 4):
            raise ValueError(
                f"{where} has the shape {list(array.shape)}; expected uint8 pixels as [N, H, W] or [N, H, W, C] "
                f"with C of 1, 3 or 4 (channels last)."
            )
        if bounds is None and _mask(array):
            _remark(
                f"{where} is uint8 and holds 0 and 1 alone: a mask, or x / 255 that was cast to uint8? In [0, 255] all "
                f"of that is black. Save 255 instead of 1, or the floats with `range: [0, 1]`; if it is meant so, say "
                f"{spelled([0, 255])}."
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
    _check_range(lowest, highest, bounds or OF_NETWORKS, where, spelled)
    if bounds is not None and 0 < highest - lowest < NARROW * (bounds[1] - bounds[0]):
        fits = _usual(lowest, highest)
        close = fits and highest - lowest >= NARROW * (fits[1] - fits[0])
        cure = spelled(fits) if close else "a range as wide as all of your data may be"
        _remark(
            f"{where} has values from {lowest:g} to {highest:g}, all in less than a hundredth of "
            f"`range: [{bounds[0]:g}, {bounds[1]:g}]`, which shows them to networks as nearly one number. Say {cure}."
        )
    if bounds is None and array.ndim > 2 and 0 <= lowest < highest:
        _remark(
            f"{where} has values from {lowest:g} to {highest:g} and is taken to lie in [-1, 1], where 0 is grey. If it "
            f"is x / 255, and 0 is black, say {spelled([0, 1])}; if not, say `range: [-1, 1]`."
        )
    return array[..., None] if array.ndim == 3 else array


def _check_range(lowest, highest, bounds, where, spelled):
    """Refuses numbers from `lowest` to `highest` that are not all in the range."""
    least, most = np.float32(bounds).tolist()
    if math.isnan(lowest):
        raise ValueError(
            f"{where} has values that are NaN; expected numbers in [{least:g}, {most:g}]: mend or remove them."
        )
    if not least <= lowest <= highest <= most:
        raise ValueError(
            f"{where} has values from {lowest:g} to {highest:g}; expected finite numbers in [{least:g}, {most:g}]: "
            f"{_cure(lowest, highest, spelled)}."
        )


def _usual(lowest, highest):
    """The first of the usual ranges that holds such numbers, or None."""
    return next((usual for usual in USUAL if usual[0] <= lowest and highest <= usual[1]), None)


def _cure(lowest, highest, spelled):
    if not math.isfinite(lowest) or not math.isfinite(highest):
        return "mend or remove those that are infinite"
    fits = _usual(lowest, highest)
    if fits in ([0, 1], [-1, 1]):
        return f"say {spelled(fits)}"
    said = spelled(fits) if fits else "`range: [lowest, highest]`, as wide as all of your data may be"
    return f"say {said}, or scale them yourself (log1p or asinh, where few are large)"


def _remark(sentence):
    remark(sentence)


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
