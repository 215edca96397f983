"""Layers that GAN papers add to Keras'."""

from kgan.layers.batch_normalization import BatchNormalization
from kgan.layers.conditional_batch_normalization import ConditionalBatchNormalization
from kgan.layers.dropout import Dropout
from kgan.layers.gaussian_noise import GaussianNoise
from kgan.layers.group_normalization import GroupNormalization
from kgan.layers.indexed_dense import IndexedDense
from kgan.layers.instance_normalization import InstanceNormalization
from kgan.layers.layer_normalization import LayerNormalization
from kgan.layers.minibatch_discrimination import MinibatchDiscrimination
from kgan.layers.minibatch_stddev import MinibatchStddev
from kgan.layers.projection import Projection
from kgan.layers.reflection_padding import ReflectionPadding
from kgan.layers.self_attention import SelfAttention
from kgan.layers.spectral_normalization import SpectralNormalization
from kgan.layers.virtual_batch_normalization import ReferenceBatch, VirtualBatchNormalization

__all__ = [
    "BatchNormalization",
    "ConditionalBatchNormalization",
    "Dropout",
    "GaussianNoise",
    "GroupNormalization",
    "IndexedDense",
    "InstanceNormalization",
    "LayerNormalization",
    "MinibatchDiscrimination",
    "MinibatchStddev",
    "Projection",
    "ReferenceBatch",
    "ReflectionPadding",
    "SelfAttention",
    "SpectralNormalization",
    "VirtualBatchNormalization",
]
