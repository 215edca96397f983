"""Scores of generated samples, as functions of features and images: NumPy and SciPy in float64, without TensorFlow.

The words FID, IS and KID belong to these functions on the verified Inception network of 2015; on other features they
are a Fréchet distance, a classifier score and a kernel distance of those features. `Inception` itself imports
TensorFlow when it is first asked for.
"""

import importlib

from kgan.metrics.frechet import FeatureStatistics, frechet_distance
from kgan.metrics.inception_score import inception_score
from kgan.metrics.kernel import kernel_distance
from kgan.metrics.modes import class_shares, modes
from kgan.metrics.ms_ssim import ms_ssim
from kgan.metrics.neighbors import authenticity, nearest_neighbors
from kgan.metrics.prdc import precision_recall, precision_recall_density_coverage
from kgan.metrics.sliced_wasserstein import sliced_wasserstein

__all__ = [
    "FeatureStatistics",
    "Inception",
    "authenticity",
    "class_shares",
    "frechet_distance",
    "inception_score",
    "kernel_distance",
    "modes",
    "ms_ssim",
    "nearest_neighbors",
    "precision_recall",
    "precision_recall_density_coverage",
    "sliced_wasserstein",
]


def __getattr__(name):
    if name == "Inception":
        return importlib.import_module("kgan.metrics.inception").Inception
    raise AttributeError(f"module 'kgan.metrics' has no attribute {name!r}")
