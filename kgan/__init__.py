"""kgan: generative adversarial networks as Keras models.

The names below are imported on first use, so that `import kgan` alone does not import TensorFlow.
"""

import importlib

from kgan import known_to_keras, moved

__version__ = "0.1.0"

_ROOMS = (
    "architectures",
    "augment",
    "callbacks",
    "classifier",
    "constraints",
    "datasets",
    "distances",
    "evaluation",
    "images",
    "kinds",
    "labels",
    "layers",
    "losses",
    "metrics",
    "objectives",
    "pool",
    "priors",
    "rating",
    "regularizers",
    "replay",
    "schedules",
    "top_k",
)
_OBJECTIVES = (
    "ACGAN",
    "BEGAN",
    "BSGAN",
    "BiGAN",
    "ConsensusGAN",
    "CycleGAN",
    "EBGAN",
    "FGAN",
    "FeatureMatchingGAN",
    "GaussianSampler",
    "GeometricGAN",
    "HistoricalAveragingGAN",
    "InfoGAN",
    "LSGAN",
    "MGAN",
    "R3GAN",
    "RelativisticGAN",
    "SNGAN",
    "SimultaneousGAN",
    "StandardGAN",
    "UnrolledGAN",
    "VAE",
    "WGAN",
    "WGANGP",
    "WGANLP",
)

__all__ = [*_ROOMS, *_OBJECTIVES, "load"]


def __getattr__(name):
    if name in _OBJECTIVES:
        return getattr(importlib.import_module("kgan.objectives"), name)
    if name == "load":
        return importlib.import_module("kgan.using.loading").load
    if name in _ROOMS or f"kgan.{name}" in moved.PLACES:
        return importlib.import_module(f"kgan.{name}")
    raise AttributeError(f"module 'kgan' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)


known_to_keras.watch()
moved.watch()
