"""Any prepared image set of TensorFlow Datasets."""

import os
import re
from pathlib import Path

import numpy as np

from kgan.batch import Batch
from kgan.datasets import picture, validate
from kgan.datasets.dataset import Dataset

MISSING = (
    "TensorFlow Datasets cannot be used, because the Python module {module} is missing; "
    "install it with `pip install {package}`."
)


class TFDS(Dataset):
    """An image set that `tensorflow_datasets` has prepared on this machine.

    Sets prepared as array_record are read at random from disk; others (tfrecord) are decoded once into
    memory. A batch has images uint8 [n, height, width, channels] in [0, 255] and labels int32 [n] or None.
    See https://www.tensorflow.org/datasets.

    Args:
        name: "mnist", "lsun/bedroom" (with a configuration) or "mnist:3.0.1" (with a version; else the
            newest that is prepared).
        split: "train", "test", ..., or a part, as "train[:80%]".
        image_key: the feature that is the image.
        label_key: the feature that is its class, or None for a set without labels.
        data_dir: where sets are prepared; None means $TFDS_DATA_DIR, or else ~/tensorflow_datasets.
        download: whether to download and prepare the set if it is not there.
        image_shape: [height, width, channels] to which images are scaled and cropped, as in ImageFolder;
            None takes them as they are, which needs a set whose images have one shape. As an attribute it
            is the shape in use.

    Raises:
        FileNotFoundError: the set is not prepared there.
        ImportError: tensorflow_datasets, or a module that it needs, is not installed.
        ValueError: no such split or feature, or images without a fixed shape.

    Example:
        >>> TFDS("celeb_a", label_key=None, image_shape=[64, 64, 3]).image_shape  # doctest: +SKIP
        (64, 64, 3)
    """

    def __init__(
        self,
        name: str,
        split: str = "train",
        image_key: str = "image",
        label_key: str | None = "label",
        data_dir: str | None = None,
        download: bool = False,
        image_shape: tuple[int, int, int] | None = None,
    ):
        self.name = validate.text("name", name)
        self.split = validate.text("split", split)
        self.image_key = validate.text("image_key", image_key)
        self.label_key = None if label_key is None else validate.text("label_key", label_key)
        self.data_dir = None if data_dir is None else validate.text("data_dir", data_dir)
        self.download = validate.one_of("download", download, (True, False))
        image_shape = validate.image_shape(image_shape)
        builder = self._builder()
        self._check_split(builder)
        self.data_shape = self._shape(builder.info.features, image_shape)
        if self.label_key is not None:
            self.class_names = self._class_names(builder.info.features)
        self._source = self._open(builder)

    def __len__(self):
        return len(self._source)

    def batch(self, indices):
        indices = np.asarray(indices).astype(np.int64, casting="same_kind") if len(indices) else []
        examples = self._source.__getitems__([int(index) for index in indices])
        images = np.empty([len(examples), *self.data_shape], np.uint8)
        for image, example in zip(images, examples, strict=True):
            image[...] = picture.fit_array(example[self.image_key], self.data_shape)
        if self.label_key is None:
            return Batch(images)
        return Batch(images, np.array([example[self.label_key] for example in examples], np.int32))

    def _builder(self):
        match = re.fullmatch(r"(\w[\w.-]*)(/\w[\w.+-]*)?(:[\d.]+)?", self.name)
        if not match:
            raise ValueError(f"name is {self.name!r}; expected a name such as mnist, lsun/bedroom or mnist:3.0.1.")
        tfds = _import()
        root = Path(self.data_dir).expanduser() if self.data_dir else default_folder()
        folder = root / (match[1] + (match[2] or ""))
        if self.download and not _versions(folder, match[3]):
            _prepare(tfds, self.name, root)
        versions = _versions(folder, match[3])
        if not versions:
            within = sorted(path.parent.parent.name for path in folder.glob("*/*/dataset_info.json"))
            hint = (
                f"it has the configurations {', '.join(within)}: name one, as {self.name}/{within[0]}" if within else ""
            )
            hint = hint or "prepare it with `tfds build`, or set `download: true`"
            raise FileNotFoundError(f"{folder} holds no prepared set {self.name}; {hint}.")
        return tfds.builder_from_directory(versions[-1])

    def _check_split(self, builder):
        try:
            count = builder.info.splits[self.split].num_examples
        except (KeyError, ValueError):
            raise ValueError(
                f"{self.name} has no split {self.split!r}; expected one of {', '.join(builder.info.splits)}, or a "
                f"part such as 'train[:80%]'."
            ) from None
        if not count:
            raise ValueError(f"The split {self.split!r} of {self.name} has no examples; choose a larger part.")

    def _shape(self, features, image_shape):
        feature = dict(features.items()).get(self.image_key)
        shape = tuple(feature.shape) if feature is not None and isinstance(feature.shape, tuple) else ()
        if len(shape) != 3 or feature.np_dtype != np.uint8 or shape[-1] not in (1, 3, 4):
            raise ValueError(
                f"{self.name} has no image feature {self.image_key!r} of 8 bits with 1, 3 or 4 channels; its features "
                f"are {', '.join(features)}."
            )
        if image_shape is None and None in shape:
            raise ValueError(f"The images of {self.name} differ in shape; set `image_shape: [H, W, C]`.")
        return image_shape or shape

    def _class_names(self, features):
        feature = dict(features.items()).get(self.label_key)
        if not hasattr(feature, "names"):
            raise ValueError(
                f"{self.name} has no class label {self.label_key!r}; its features are {', '.join(features)}. Name "
                f"another, or set `label_key: null`."
            )
        return tuple(feature.names)

    def _open(self, builder):
        import tensorflow_datasets as tfds

        try:
            return builder.as_data_source(self.split)
        except NotImplementedError:  # a file format without random access
            keys = {self.image_key, self.label_key} - {None}
            decoders = tfds.decode.PartialDecoding(dict.fromkeys(keys, True))
            stream = builder.as_dataset(split=self.split, decoders=decoders, shuffle_files=False)
            return _Decoded(stream, builder.info.splits[self.split].num_examples, self.image_key, self.data_shape)


class _Decoded:
    """A stream that was read once into memory, with the interface of a random-access source."""

    def __init__(self, stream, count, image_key, image_shape):
        self._images, self._image_key, self._others = np.empty([count, *image_shape], np.uint8), image_key, []
        for image, example in zip(self._images, stream.as_numpy_iterator(), strict=True):
            image[...] = picture.fit_array(example.pop(image_key), image_shape)
            self._others.append(example)

    def __len__(self):
        return len(self._images)

    def __getitems__(self, indices):
        return [{**self._others[index], self._image_key: self._images[index]} for index in indices]


def default_folder():
    """Where tensorflow_datasets keeps its sets unless told otherwise."""
    return Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def _import():
    try:
        import tensorflow_datasets
    except ImportError as error:
        package = "tensorflow-datasets" if error.name == "tensorflow_datasets" else error.name
        raise ImportError(MISSING.format(module=error.name, package=package)) from None
    return tensorflow_datasets


def _versions(folder, version):
    """The prepared versions in `folder` (or the one asked for), oldest first."""
    found = [path.parent for path in folder.glob("*/dataset_info.json")]
    if version:
        found = [path for path in found if path.name == version[1:]]
    return sorted(found, key=lambda path: [int(number) for number in re.findall(r"\d+", path.name)])


def _prepare(tfds, name, root):
    try:
        tfds.builder(name, data_dir=root).download_and_prepare(file_format="array_record")
    except ImportError as error:  # importlib_resources, for one, is not among the requirements of the package
        raise ImportError(MISSING.format(module=error.name, package=error.name)) from None
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise FileNotFoundError(f"TensorFlow Datasets could not prepare {name} in {root}: {reason}") from None
