"""Group normalisation against Keras', and at its two ends."""

import keras
import numpy as np
import pytest

from kgan.layers import GroupNormalization, InstanceNormalization, LayerNormalization


def numbers(shape, seed=0):
    """Per channel another mean and spread."""
    x = np.random.default_rng(seed).normal(size=shape)
    return (x * np.linspace(0.5, 3, shape[-1]) + np.arange(shape[-1])).astype("float32")


@pytest.mark.parametrize("shape", [(5, 6), (5, 7, 6), (5, 3, 4, 6), (2, 2, 3, 2, 6)])
@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_values_are_those_of_keras(shape, groups):
    if len(shape) == 2 and groups == 6:
        pytest.skip("a group of one number is zero")
    x = numbers(shape)
    results = []
    for layer in (GroupNormalization(groups), keras.layers.GroupNormalization(groups, epsilon=1e-5)):
        layer.build(shape)
        layer.gamma.assign(numbers([6], 1))
        layer.beta.assign(numbers([6], 2))
        results.append(layer(x))
    np.testing.assert_allclose(*results, rtol=1e-4, atol=1e-4)


def test_one_group_is_layer_normalisation_and_one_channel_instance_normalisation():
    x = numbers((5, 3, 4, 6))
    np.testing.assert_allclose(GroupNormalization(1)(x), LayerNormalization()(x), atol=1e-6)
    np.testing.assert_allclose(GroupNormalization(6)(x), InstanceNormalization()(x), atol=1e-6)


def test_a_mean_far_from_zero_takes_no_digits_of_the_variance():
    x = numbers((5, 8, 8, 6)) + np.float32(1000)
    exact = x.astype("float64").reshape(5, 64, 3, 2)
    exact = (exact - exact.mean((1, 3), keepdims=True)) / np.sqrt(exact.var((1, 3), keepdims=True) + 1e-5)
    np.testing.assert_allclose(GroupNormalization(3)(x), exact.reshape(x.shape), atol=1e-3)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: GroupNormalization(0), "groups must be at least 1; got 0"),
        (lambda: GroupNormalization(epsilon=-1), "epsilon must be at least 0; got -1"),
        (lambda: GroupNormalization(4)(numbers((5, 6))), "6 channels do not divide into 4 groups"),
    ],
)
def test_what_cannot_be_grouped_is_refused(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
