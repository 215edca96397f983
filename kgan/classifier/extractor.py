"""A trained classifier as an extractor of features, and its file."""

import hashlib
import json
import zipfile
import zlib
from pathlib import Path

import numpy as np
import tensorflow as tf

from kgan.classifier import network as networks
from kgan.classifier.places import described
from kgan.files import replacing
from kgan.metrics.inception import full_float32

KIND = "kgan classifier 1"  # another number where network or input change
BLOCK = 64  # images that are computed at a time, always that many
WEIGHTS = "weights/"


class Classifier:
    """The features and logits of a small convolutional network that was trained on the data set itself.

    It has the interface of `kgan.metrics.Inception`. Its scores are called after it, FD-fashion_mnist-cnn@3fa9c1d2,
    and compare only with scores of the same weights; `anchors` say what a number means. It computes in float32
    without TF32, whatever the global policy is, in blocks of one size, the last one padded: the numbers of an image do
    not depend on the images beside it.

    Attributes:
        shape: (height, width, channels) of the images that it takes.
        class_names: what the logits stand for.
        accuracy: share of the test set that it names correctly.
        anchors: list of {"name", "value", "n", "n_ref"}: Fréchet distances of known changes.
        sha256: digest of the weights: their names, shapes and values.
        extractor: what a record says of the extractor.
        verified: False: it is not the network that FID, IS and KID are defined by.
        record: all that is known of it, in plain containers: data set, splits, seed, recipe, versions, date, seconds.

    Example:
        >>> from kgan.classifier import Classifier, find
        >>> from kgan.datasets import FashionMNIST
        >>> test = FashionMNIST(split="test")
        >>> classifier = Classifier.load(find(test))  # doctest: +SKIP
        >>> classifier(test.batch([0, 1]).images)["features"].shape  # doctest: +SKIP
        (2, 128)
    """

    verified = False

    def __init__(self, network, record):
        self.network = network
        self.network.trainable = False
        self.record = record
        self.sha256 = digest(networks.arrays(network))
        signature = [tf.TensorSpec([BLOCK, *self.shape], tf.uint8)]
        self._compute = tf.function(lambda x: self.network(scaled(x), training=False), input_signature=signature)

    @classmethod
    def load(cls, path):
        """Reads the file that `save` wrote.

        Raises:
            FileNotFoundError: no such file.
            ValueError: a file that is damaged, or another kind of file.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"{path} is no file; `kgan classifier DATASET` makes the classifier of a data set.")
        arrays, record = _read(path)
        try:
            network = networks.build(tuple(record["image_shape"]), len(record["class_names"]))
            networks.assign(network, arrays)
            classifier = cls(network, record)
            stored, _, _, _ = record["sha256"], record["name"], record["accuracy"], record["anchors"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is not the classifier that it says ({_reason(error)}); {MEND}") from None
        if stored != classifier.sha256:
            raise ValueError(f"{path} is damaged: its weights have another digest than it says; {MEND}")
        return classifier

    def save(self, path):
        """Writes weights and record into one npz file, which is whole or absent."""
        arrays = {WEIGHTS + name: values for name, values in networks.arrays(self.network).items()}
        record = json.dumps(self.record | {"kind": KIND, "sha256": self.sha256}, allow_nan=False)
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, record=record, **arrays)

    def __call__(self, images):
        """Features and logits of uint8 images [N, height, width, channels] of the data set's own shape.

        Returns:
            {"features": [N, d], "logits": [N, num_classes]}, NumPy, float32.

        Raises:
            ValueError: another type or shape.
        """
        images = self._checked(images)
        parts = {name: [] for name in ("features", "logits")}
        with full_float32():
            for start in range(0, len(images), BLOCK):
                part = images[start : start + BLOCK]
                padding = np.zeros([BLOCK - len(part), *self.shape], np.uint8)
                for name, values in self._compute(np.concatenate([part, padding])).items():
                    parts[name].append(values.numpy()[: len(part)])
        return {name: np.concatenate(values) for name, values in parts.items()}

    def check(self, dataset):
        """Whether this is the classifier of a data set.

        Raises:
            ValueError: it is another one's; one line with both.
        """
        wanted = described(dataset)
        if self.record["dataset"] != wanted or self.shape != tuple(dataset.image_shape):
            raise ValueError(
                f"There is the classifier of {self.record['dataset']} already, of images {list(self.shape)}; this one "
                f"would be of {wanted}, {list(dataset.image_shape)}: name another file."
            )

    @property
    def shape(self):
        return tuple(self.record["image_shape"])

    @property
    def dim(self):
        """The number of features."""
        return self.network.get_layer("features").output.shape[-1]

    @property
    def class_names(self):
        return tuple(self.record["class_names"])

    @property
    def accuracy(self):
        return self.record["accuracy"]

    @property
    def anchors(self):
        return self.record["anchors"]

    @property
    def extractor(self):
        """What a record says of the extractor, beside the layer that a metric takes."""
        return {
            "id": f"{self.record['name']}-cnn@{self.sha256[:8]}",
            "weights_sha256": self.sha256,
            "input_resize": "none",
            "input_scale": "x/127.5-1",
            "dtype": "float32",
            "tf32": False,
        }

    def _checked(self, images):
        images = np.asarray(images)
        if images.dtype != np.uint8:
            raise ValueError(f"The classifier takes uint8 images in [0, 255]; got {images.dtype}. See kgan.images.")
        if images.ndim != 4 or images.shape[1:] != self.shape or not len(images):
            height, width, channels = self.shape
            raise ValueError(
                f"The classifier takes one image or more, [N, {height}, {width}, {channels}] as in its data set; "
                f"got the shape {list(images.shape)}."
            )
        return images


MEND = "remove it, and make it anew with `kgan classifier DATASET`."


def scaled(images):
    """uint8 pixels as float32 in [-1, 1]."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def digest(arrays):
    """The SHA-256 of names, shapes and values, in the order of the names; of no file's format.

    Example:
        >>> one, two = np.ones(1, np.float32), np.zeros(2, np.float32)
        >>> digest({"a": one, "b": two}) == digest({"b": two, "a": one}) != digest({"a": two, "b": one})
        True
    """
    total = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name], "<f4")
        total.update(f"{name} {list(values.shape)}\n".encode())
        total.update(values.tobytes())
    return total.hexdigest()


def _read(path):
    """The weights {name: array} and the record of a file."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            contents = {name: archive[name] for name in archive.files}
        record = json.loads(str(contents.pop("record", "{}")))
    except (
        ValueError,
        TypeError,
        EOFError,
        AttributeError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
    ) as error:
        raise ValueError(f"{path} is damaged or no classifier ({_reason(error)}); {MEND}") from None
    if not isinstance(record, dict) or record.get("kind") != KIND:
        raise ValueError(f"{path} is no classifier of this version of kgan; {MEND}")
    return {name.removeprefix(WEIGHTS): values for name, values in contents.items()}, record


def _reason(error):
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return "it is another kind of file" if "pickle" in text else text
