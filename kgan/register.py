"""Importing this module makes all of kgan's classes known to `keras.models.load_model`."""

from kgan import (
    architectures,
    augment,
    callbacks,
    datasets,
    kinds,
    layers,
    losses,
    objectives,
    priors,
    regularizers,
    schedules,
)
from kgan.tricks import constraints, pool, replay, top_k

__all__ = [
    "architectures",
    "augment",
    "callbacks",
    "constraints",
    "datasets",
    "kinds",
    "layers",
    "losses",
    "objectives",
    "pool",
    "priors",
    "regularizers",
    "replay",
    "schedules",
    "top_k",
]
