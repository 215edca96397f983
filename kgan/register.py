"""Importing this module makes all of kgan's classes known to `keras.models.load_model`."""

from kgan import architectures, callbacks, constraints, datasets, layers, losses, objectives, regularizers

__all__ = ["architectures", "callbacks", "constraints", "datasets", "layers", "losses", "objectives", "regularizers"]
