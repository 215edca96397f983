"""A folder of image files."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from kgan.datasets import picture, validate
from kgan.datasets.in_memory import InMemory
from kgan.remarks import remark

TOLERATED = 0.01  # share of files that cannot be decoded
KINDS = "PNG, JPEG, GIF, BMP or WebP"


class ImageFolder(InMemory):
    """The images of a folder, all decoded once into one array in memory.

    The folder is flat (images only: no labels) or has one folder per class with images in it (labels are
    the places of the folders' names in sorted order). Images are PNG, JPEG, GIF (the first frame), BMP or
    WebP, told by their suffix; hidden files and other files are ignored. A batch has images uint8
    [n, height, width, channels] in [0, 255] and labels int32 [n] or None.

    Decoding obeys the EXIF orientation, scales 16-bit grey to 8 bits, and turns palettes into RGB. Where
    `image_shape` has no alpha channel, transparent pixels show white.

    Args:
        path: the folder.
        image_shape: [height, width, channels] with 1 (grey), 3 (RGB) or 4 (RGBA) channels: images are
            converted, scaled to cover the rectangle, and cropped around its centre. None takes the images
            as they are; they must then agree in shape. As an attribute it is the shape in use.

    A file that cannot be decoded is skipped with a warning; `skipped` lists such files.

    Raises:
        FileNotFoundError, NotADirectoryError, PermissionError: the folder cannot be read.
        ValueError: no images, images both beside and inside class folders, a class without images, images
            whose shapes differ, or over 1% of the files undecodable.

    Example:
        >>> import tempfile
        >>> from kgan.images import write_png
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("cat/a.png", "dog/b.png"):
        ...     write_png(folder / name, np.zeros([8, 12, 3], np.uint8))
        >>> dataset = ImageFolder(folder, image_shape=[4, 4, 1])
        >>> len(dataset), dataset.image_shape, dataset.class_names
        (2, (4, 4, 1), ('cat', 'dog'))
    """

    def __init__(self, path: str, image_shape: tuple[int, int, int] | None = None):
        self.path = validate.text("path", path)
        image_shape = validate.image_shape(image_shape)
        files, labels, self.class_names = _list(Path(self.path).expanduser())
        images, decoded, failures = _decode(files, image_shape)
        self.skipped = tuple(failures)
        if failures:
            _report(failures, len(files), self.path)
        self.hold(images, labels[decoded] if self.class_names else None)


def _list(folder):
    """The image files in order, their labels int32, and the class names or None."""
    files, folders = _entries(folder)
    filled = [inner for inner in folders if _entries(inner)[0]]
    if files and filled:
        raise ValueError(
            f"{folder} has images both beside its folders ({files[0].name}) and inside them "
            f"({filled[0].name}); expected either a flat folder or one folder per class: move them."
        )
    if files:
        return files, None, None
    if not filled:
        raise ValueError(f"{folder} has no images; expected {KINDS} files, or one folder of them per class.")
    if len(filled) < len(folders):
        empty = next(inner for inner in folders if inner not in filled)
        raise ValueError(f"{empty} is a class folder without images; expected {KINDS} files: fill or remove it.")
    found = [_entries(inner)[0] for inner in folders]
    labels = np.repeat(np.arange(len(found), dtype=np.int32), [len(files) for files in found])
    return [file for files in found for file in files], labels, tuple(inner.name for inner in folders)


def _entries(folder):
    """The image files and the folders in `folder`, sorted by name, without hidden ones."""
    try:
        with os.scandir(folder) as entries:
            entries = sorted((e for e in entries if not e.name.startswith(".")), key=lambda entry: entry.name)
    except FileNotFoundError:
        raise FileNotFoundError(f"{folder} does not exist; expected a folder of images.") from None
    except NotADirectoryError:
        raise NotADirectoryError(f"{folder} is a file; expected the folder that the images are in.") from None
    except PermissionError:
        raise PermissionError(f"{folder} may not be read by this user; change its permissions.") from None
    folders = [Path(entry.path) for entry in entries if entry.is_dir()]
    # A broken link counts as an image that cannot be decoded; a pipe or device is not opened at all.
    files = [Path(e.path) for e in entries if (e.is_file() or e.is_symlink()) and not e.is_dir()]
    return [file for file in files if file.suffix.lower() in picture.FORMATS], folders


def _decode(files, image_shape):
    """All files as uint8 [n, *shape], the positions of those decoded, and {file: reason} of the others."""
    from PIL import Image

    images, first, decoded, failures = None, None, [], {}
    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore", UserWarning)  # remarks on odd metadata
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for position, result in enumerate(pool.map(lambda file: _attempt(file, image_shape), files)):
            if isinstance(result, str):
                failures[str(files[position])] = result
                continue
            if images is None:
                images, first = np.empty([len(files), *result.shape], np.uint8), files[position]
            if result.shape != images.shape[1:]:
                pool.shutdown(wait=False, cancel_futures=True)
                raise ValueError(
                    f"{files[position]} has the shape {list(result.shape)}, but {first} has {list(images.shape[1:])}; "
                    f"expected images of one shape: set `image_shape: [H, W, C]` to scale and crop them to it."
                )
            images[len(decoded)] = result
            decoded.append(position)
    if len(failures) > TOLERATED * len(files):
        raise ValueError(
            f"{len(failures)} of {len(files)} images cannot be decoded, and at most 1% may: {_names(failures)}; "
            f"mend or remove them."
        )
    return images[: len(decoded)], decoded, failures


def _attempt(file, image_shape):
    """The pixels, or a string that says why there are none."""
    try:
        return picture.open_picture(file, image_shape)
    except Exception as error:
        return " ".join(str(error).split()) or type(error).__name__


def _report(failures, count, path):
    remark(f"{len(failures)} of {count} images in {path} cannot be decoded and were skipped: {_names(failures)}.")


def _names(failures):
    shown = [f"{file} ({reason})" for file, reason in list(failures.items())[:3]]
    return "; ".join(shown) + ("; ..." if len(failures) > 3 else "")
