"""Layers that GAN papers add to Keras'."""

from kgan.layers.spectral_normalization import SpectralNormalization

__all__ = ["SpectralNormalization"]
