"""A data set's own classifier: the extractor of features that needs no download.

It is trained once by one fixed recipe, kept with the digest of its weights and with anchors, and names its scores after
itself (FD-fashion_mnist-cnn@3fa9c1d2): the words FID, IS and KID belong to `kgan.metrics.Inception`.
"""

from kgan.classifier.extractor import Classifier
from kgan.classifier.places import find, place, writable
from kgan.classifier.summary import summary
from kgan.classifier.training import splits, train

__all__ = ["Classifier", "find", "place", "splits", "summary", "train", "writable"]
