"""The real Fashion-MNIST, where Debian's package is installed."""

from pathlib import Path

import numpy as np
import pytest

from kgan.datasets import FashionMNIST
from kgan.datasets.fashion_mnist import PUBLISHED

installed = pytest.mark.skipif(
    not Path(PUBLISHED.system).is_dir(), reason="the package dataset-fashion-mnist is not installed"
)


@installed
@pytest.mark.parametrize(("split", "per_class"), [("train", 6000), ("test", 1000)])
def test_known_facts(split, per_class):
    dataset = FashionMNIST(split, path=PUBLISHED.system)
    assert len(dataset) == 10 * per_class
    assert dataset.image_shape == (28, 28, 1)
    images, labels = dataset.batch(np.arange(len(dataset)))
    assert np.bincount(labels).tolist() == [per_class] * 10
    assert (images.min(), images.max()) == (0, 255)
    if split == "train":
        assert labels[0] == 9  # an ankle boot
        assert 72.9 < images.mean() < 73.0


def test_other_splits_are_refused():
    with pytest.raises(ValueError, match="split is 'validation'; expected one of 'train', 'test'"):
        FashionMNIST("validation")
