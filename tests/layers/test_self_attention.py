"""Self-attention against the paper's equations, written out."""

import numpy as np
import pytest
import tensorflow as tf

from kgan.layers import SelfAttention, SpectralNormalization

X = np.random.default_rng(0).normal(size=(2, 4, 6, 16)).astype("float32")


def kernels(layer):
    return [getattr(layer, name).kernel.numpy()[0, 0] for name in "fghv"]


def pooled(x):
    """The maximum of each 2x2 block."""
    height, width = (-(-side // 2) for side in x.shape[1:3])
    return np.array(
        [[[x[n, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(0, 1)) for j in range(width)] for i in range(height)]
         for n in range(len(x))]
    )  # fmt: skip


@pytest.mark.parametrize("shape", [(2, 4, 6, 16), (2, 3, 5, 8)])
def test_equations_1_to_3(shape):
    layer, x = SelfAttention(), np.random.default_rng(1).normal(size=shape).astype("float32")
    layer(x)
    layer.gamma.assign(0.7)
    f, g, h, v = kernels(layer)
    assert [kernel.shape[1] for kernel in (f, g, h, v)] == [shape[-1] // 8, shape[-1] // 8, shape[-1] // 2, shape[-1]]
    keys, values = (pooled(x @ kernel).reshape(len(x), -1, kernel.shape[1]) for kernel in (f, h))
    s = np.einsum("nik,njk->nij", keys, (x @ g).reshape(len(x), -1, g.shape[1]))
    beta = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)  # over i, the pixels that j looks at
    o = np.einsum("nij,nic->njc", beta, values) @ v
    np.testing.assert_allclose(layer(x), 0.7 * o.reshape(x.shape) + x, rtol=1e-4, atol=1e-5)


def test_it_begins_as_the_identity_and_gamma_learns():
    layer = SelfAttention()
    with tf.GradientTape() as tape:
        outputs = layer(X)
        loss = tf.reduce_sum(outputs**2)
    np.testing.assert_array_equal(outputs, X)
    assert float(tape.gradient(loss, layer.gamma.value)) != 0


def test_it_sees_all_pixels_whatever_their_order():
    """Shuffled blocks of 2x2 pixels come out shuffled alike."""
    layer = SelfAttention()
    layer(X)
    layer.gamma.assign(1.0)
    order = np.array([4, 5, 0, 1, 2, 3])  # of the columns, in pairs
    np.testing.assert_allclose(layer(X[:, :, order]), layer(X).numpy()[:, :, order], rtol=1e-4, atol=1e-5)


def test_pixels_that_are_alike_are_all_seen_alike():
    """Where f is zero, every pixel gets the mean of the others."""
    layer = SelfAttention()
    layer(X)
    layer.gamma.assign(1.0)
    layer.f.kernel.assign(tf.zeros_like(layer.f.kernel.value))
    _, _, h, v = kernels(layer)
    mean = pooled(X @ h).mean(axis=(1, 2)) @ v
    np.testing.assert_allclose(layer(X) - X, np.broadcast_to(mean[:, None, None], X.shape), rtol=1e-3, atol=1e-5)


def test_with_spectral_norm_all_four_convolutions_are_normalised():
    layer = SelfAttention(spectral_norm=True)
    layer(X)
    inside = [one for one in layer._flatten_layers() if isinstance(one, SpectralNormalization)]
    assert len(inside) == 4 and {id(one) for one in inside} == {id(getattr(layer, name)) for name in "fghv"}


def test_what_it_refuses():
    with pytest.raises(ValueError, match="needs at least 8 channels, of which f and g take an eighth; got 7"):
        SelfAttention()(X[..., :7])
    with pytest.raises(ValueError, match=r"takes images, \[N, height, width, channels\]; got the shape \(2, 16\)"):
        SelfAttention()(X[:, 0, 0])
