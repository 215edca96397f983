"""Minibatch discrimination and standard deviation: closed forms."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kgan.layers import MinibatchDiscrimination, MinibatchStddev

# --- minibatch discrimination ---


def discrimination(x, kernel, kernel_dim):
    layer = MinibatchDiscrimination(kernel.shape[1] // kernel_dim, kernel_dim)
    layer.build(x.shape)
    layer.set_weights([kernel])
    return layer(x).numpy()


def test_two_examples_at_a_known_distance():
    x = np.array([[0.0], [2.0]], "float32")
    outputs = discrimination(x, np.array([[0.25, 0.5, 1.0, 0.0]], "float32"), kernel_dim=2)
    # Rows of M: 2 * (0.25, 0.5) and 2 * (1, 0) away; and each example is at distance 0 from itself.
    np.testing.assert_allclose(outputs[:, 1:], [[1 + np.exp(-1.5), 1 + np.exp(-2.0)]] * 2, rtol=1e-6)
    np.testing.assert_array_equal(outputs[:, :1], x)


def test_against_the_sum_written_out():
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(7, 4)).astype("float32"), rng.normal(size=(4, 6)).astype("float32") / 4
    m = (x @ kernel).reshape(7, 3, 2)
    expected = [[sum(np.exp(-np.abs(m[i, b] - m[j, b]).sum()) for j in range(7)) for b in range(3)] for i in range(7)]
    np.testing.assert_allclose(discrimination(x, kernel, 2)[:, 4:], expected, rtol=1e-5)


def test_the_features_are_from_1_alone_to_n_all_alike():
    layer = MinibatchDiscrimination(5, 2)
    x = tf.random.stateless_normal([6, 3], [1, 2])
    np.testing.assert_allclose(layer(1e6 * x)[:, 3:], 1)
    np.testing.assert_allclose(layer(tf.tile(x[:1], [6, 1]))[:, 3:], 6)
    np.testing.assert_allclose(layer(x[:1])[:, 3:], 1)


def test_the_order_of_the_minibatch_does_not_matter():
    layer, x = MinibatchDiscrimination(5, 2), tf.random.stateless_normal([6, 3], [1, 2])
    np.testing.assert_allclose(layer(x[::-1]), layer(x)[::-1], rtol=1e-5)


# --- minibatch standard deviation ---


def test_the_mean_standard_deviation_over_the_whole_batch():
    x = np.random.default_rng(0).normal(size=(6, 3, 4, 5)).astype("float32")
    outputs = MinibatchStddev(group_size=None)(x).numpy()
    np.testing.assert_array_equal(outputs[..., :5], x)
    np.testing.assert_allclose(outputs[..., 5:], np.full([6, 3, 4, 1], x.std(axis=0).mean()), rtol=1e-5)


def test_each_example_gets_the_number_of_its_group():
    """Of eight examples in groups of four, the even ones are a group and the odd ones another."""
    x = np.random.default_rng(0).normal(size=(8, 2, 2, 3)).astype("float32")
    x[1::2] *= 5
    outputs = MinibatchStddev(group_size=4)(x).numpy()[..., 3]
    for start in (0, 1):
        np.testing.assert_allclose(outputs[start::2], x[start::2].std(axis=0).mean(), rtol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_small_batch_is_one_group(count):
    x = np.random.default_rng(0).normal(size=(count, 2, 2, 3)).astype("float32")
    np.testing.assert_allclose(MinibatchStddev(4)(x)[..., 3], np.sqrt(x.var(axis=0) + 1e-8).mean(), rtol=1e-5)


def test_a_collapsed_batch_shows_and_has_a_gradient():
    x = tf.ones([4, 2, 2, 3])
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = MinibatchStddev()(x)
    np.testing.assert_allclose(outputs[..., 3], 1e-4, rtol=1e-5)
    assert np.isfinite(tape.gradient(outputs, x)).all()


def test_batches_that_do_not_divide_into_groups_are_refused():
    with pytest.raises(ValueError, match="needs a batch that divides into groups of 4; got 6 examples"):
        MinibatchStddev()(tf.zeros([6, 3]))
    model = keras.Sequential([keras.Input([3]), MinibatchStddev()])
    with pytest.raises(tf.errors.InvalidArgumentError, match="needs a batch that divides into groups of 4"):
        tf.function(model, input_signature=[tf.TensorSpec([None, 3])])(tf.zeros([6, 3]))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: MinibatchDiscrimination(0), "num_kernels must be at least 1; got 0"),
        (lambda: MinibatchDiscrimination(kernel_dim=-1), "kernel_dim must be at least 1; got -1"),
        (
            lambda: MinibatchDiscrimination()(tf.zeros([2, 4, 4, 3])),
            r"features as \[N, A\]; flatten first; got the shape",
        ),
        (lambda: MinibatchStddev(0), "group_size must be at least 1; got 0"),
        (lambda: MinibatchStddev()(tf.zeros([2, 4, 3])), r"or \[N, features\]; got the shape \(2, 4, 3\)"),
    ],
)
def test_what_they_refuse(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
