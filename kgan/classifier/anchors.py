"""What a classifier's Fréchet distance is for known changes: without these a number means nothing."""

import numpy as np
from scipy.ndimage import gaussian_filter

from kgan.metrics import frechet_distance

MOST = 10_000  # images on each side
NOISE = (4, 16, 64)  # standard deviations in pixel values
BLUR = (0.5, 1.0, 2.0)  # standard deviations in pixels


def measure(classifier, real, held_out):
    """Fréchet distances between images of the training set and others of which is known what they are.

    The reference is up to 10,000 training images, at most half of them, in a fixed random order; against it are set as
    many others of the training set; these without one class, for each of the classes; and up to 10,000 images of the
    test set: as they are, with Gaussian noise (rounded and clipped to 0..255), and blurred by a Gaussian.

    Args:
        classifier: gives features of uint8 images.
        real, held_out: examples of the training and the test set.

    Returns:
        list of {"name", "value", "n", "n_ref"}: "train" is one half against the other.
    """
    generator = np.random.default_rng(0)
    order = generator.permutation(len(real))
    count = min(MOST, len(real) // 2)
    reference, _ = _features(classifier, real, order[:count])
    other, labels = _features(classifier, real, order[count : 2 * count])
    tested = generator.permutation(len(held_out))[:MOST]

    def row(name, features):
        return {"name": name, "value": frechet_distance(reference, features), "n": len(features), "n_ref": count}

    rows = [row("train", other), row("test", _features(classifier, held_out, tested)[0])]
    for deviation in NOISE:
        noisy = _features(classifier, held_out, tested, lambda images, d=deviation: noise(images, d, generator))
        rows.append(row(f"test, noise {deviation}", noisy[0]))
    for deviation in BLUR:
        blurred = _features(classifier, held_out, tested, lambda images, d=deviation: blur(images, d))
        rows.append(row(f"test, blur {deviation:g}", blurred[0]))
    for number, name in enumerate(real.class_names):
        left = other[labels != number]
        if 2 <= len(left) < len(other):
            rows.append(row(f"train without {name}", left))
    return rows


def _features(classifier, examples, places, change=None):
    """Features of the examples at `places`, perhaps of changed images, and their labels."""
    features, labels = [], []
    for images, numbers in examples.parts(places):
        features.append(classifier(images if change is None else change(images))["features"])
        labels.append(numbers)
    return np.concatenate(features), np.concatenate(labels)


def noise(images, deviation, generator):
    """uint8 images with Gaussian noise of a standard deviation in pixel values."""
    noisy = images + generator.normal(0.0, deviation, images.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def blur(images, deviation):
    """uint8 images [N, H, W, C] blurred by a Gaussian of a standard deviation in pixels.

    Example:
        >>> blur(np.full([1, 4, 4, 1], 7, np.uint8), 1.0).max()
        np.uint8(7)
    """
    blurred = gaussian_filter(images.astype(np.float32), (0, deviation, deviation, 0))
    return np.clip(np.rint(blurred), 0, 255).astype(np.uint8)
