"""The projection discriminator's product."""

import numpy as np
import pytest
import tensorflow as tf

from kgan.layers import Projection, SpectralNormalization

PHI = np.random.default_rng(0).normal(size=(5, 7)).astype("float32")


def test_of_classes_it_is_the_product_with_a_row_of_the_embedding():
    layer, y = Projection(num_classes=4), np.array([0, 3, 3, 1, 2])
    outputs = layer([PHI, y])
    v = layer.get_weights()[0]
    assert v.shape == (4, 7) and outputs.shape == (5, 1)
    np.testing.assert_allclose(outputs[:, 0], np.sum(v[y] * PHI, axis=1), rtol=1e-5)


def test_of_vectors_it_is_bilinear():
    layer, y = Projection(), np.random.default_rng(1).normal(size=(5, 3)).astype("float32")
    outputs = layer([PHI, y]).numpy()
    v = layer.get_weights()[0]
    np.testing.assert_allclose(outputs[:, 0], np.einsum("nd,du,nu->n", y, v, PHI), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer([PHI, 2 * y]), 2 * outputs, rtol=1e-5)


def test_one_hot_vectors_are_classes():
    classes, vectors, y = Projection(4), Projection(), np.array([0, 3, 3, 1, 2])
    classes([PHI, y])
    vectors([PHI, np.eye(4, dtype="float32")[y]])
    vectors.set_weights(classes.get_weights())
    np.testing.assert_allclose(vectors([PHI, np.eye(4, dtype="float32")[y]]), classes([PHI, y]), rtol=1e-5)


@pytest.mark.parametrize(("num_classes", "y"), [(4, np.array([0, 3, 3, 1, 2])), (None, PHI[:, :3])])
def test_with_spectral_norm_v_has_norm_1(num_classes, y):
    plain, normalized = Projection(num_classes), Projection(num_classes, spectral_norm=True)
    expected = plain([PHI, y]).numpy()
    normalized([PHI, y])
    (inner,) = [layer for layer in normalized._flatten_layers() if isinstance(layer, SpectralNormalization)]
    inner.kernel.assign(plain.get_weights()[0])
    for _ in range(100):
        inner.power_iterate()
    norm = np.linalg.norm(plain.get_weights()[0], 2)
    np.testing.assert_allclose(normalized([PHI, y]), expected / norm, rtol=1e-4, atol=1e-6)


def test_under_mixed_precision_the_product_is_summed_in_float32():
    layer = Projection(1, dtype="mixed_bfloat16")
    phi = np.ones([1, 4096], "float32")
    layer([phi, np.array([0])])
    layer.set_weights([np.full([1, 4096], 1.0)])
    output = layer([phi, np.array([0])])
    assert output.dtype == tf.bfloat16 and float(output[0, 0]) == 4096


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Projection(0), "num_classes must be at least 1; got 0"),
        (lambda: Projection(3)(PHI), r"takes a pair, \[phi, y\]; got the shape \(5, 7\)"),
        (
            lambda: Projection(3)([tf.zeros([2, 4, 4, 3]), tf.zeros([2])]),
            "sum or average the pixels first; got the shape",
        ),
        (lambda: Projection(3)([PHI, tf.zeros([5, 1])]), r"classes as integers, \[N\]; got the shape \(5, 1\)"),
    ],
)
def test_what_it_refuses(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
