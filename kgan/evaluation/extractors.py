"""What turns images into features: Inception, a data set's own classifier, or nothing at all."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

CHOICES = "inception, inception-clean, classifier, pixels, or the path of a classifier's file"


class Pixels:
    """The pixels themselves as features: for neighbours and copies, where no network is wanted.

    Example:
        >>> Pixels()(np.zeros([2, 4, 4, 1], np.uint8))["features"].shape
        (2, 16)
    """

    verified = False
    extractor = {
        "id": "pixels", "weights_sha256": None, "input_resize": None, "input_scale": None, "dtype": "float32",
        "tf32": False,
    }  # fmt: skip

    def __call__(self, images):
        return {"features": np.asarray(images, np.float32).reshape(len(images), -1)}


def find(name, dataset=None):
    """The extractor of a name.

    Args:
        name: "inception" (with TensorFlow 1's resize, as FID has it), "inception-clean" (with clean-fid's),
            "classifier" (the data set's own, made by `kgan classifier`), "pixels", or the path of a classifier's file.
        dataset: whose classifier is meant.

    Raises:
        FileNotFoundError: weights or a classifier that are not there; one line that says what to do.
        ValueError: an unknown name, or a damaged file.
    """
    if name in ("inception", "inception-clean"):
        from kgan.metrics import Inception

        try:
            return Inception(resize="clean" if name.endswith("clean") else "tf1")
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{error} The data set's own classifier can be had without them: `kgan classifier` makes it, and the "
                f"scores fd, cs and kd take it."
            ) from None
    if name == "pixels":
        return Pixels()
    from kgan.classifier import Classifier
    from kgan.classifier import find as find_classifier

    if name == "classifier":
        if dataset is None:
            raise ValueError("classifier: it is not known of which data set; name a classifier's file instead.")
        if not dataset.class_names:
            raise ValueError(
                f"{type(dataset).__name__} names no classes, and has no classifier; swd and ms-ssim need none, and a "
                f"classifier's file of another set can be named as the extractor."
            )
        return Classifier.load(find_classifier(dataset))
    if Path(name).suffix == ".npz":
        return Classifier.load(Path(name))
    raise ValueError(f"there is no extractor {name!r}; expected {CHOICES}.")


@dataclass(frozen=True)
class About:
    """How the numbers of one extractor against one reference are named.

    Attributes:
        extractor: of the features, or None where none is needed.
        reference: what a record says of the reference.
        dataset: the reference itself.
    """

    extractor: Any
    reference: dict
    dataset: Any = None

    @property
    def id(self):
        return self.extractor.extractor["id"] if self.extractor else None

    @property
    def inception(self):
        return bool(self.extractor) and "299" in str(self.extractor.extractor["input_resize"])

    @property
    def family(self):
        """ "FID" or "Clean-FID" where that name may be used, "Inception" for other weights, None for other networks."""
        if not self.inception:
            return None
        if not self.extractor.verified:
            return "Inception"
        return "FID" if self.extractor.extractor["input_resize"].startswith("tf1") else "Clean-FID"

    @property
    def logits(self):
        """IS is computed without the bias of the last layer; other classifiers are taken as they are."""
        return "logits_unbiased" if self.inception else "logits"

    @property
    def split(self):
        return self.reference.get("split") or "all"

    @property
    def network(self):
        return "TF-2015 Inception" if self.family in ("FID", "Clean-FID") else self.id

    @property
    def where(self):
        return f"{self.split}, {self.network}" if self.family in ("FID", "Clean-FID") else self.split

    def key(self, reserved, general):
        """A value's name in logs."""
        return reserved if self.family == "FID" else general
