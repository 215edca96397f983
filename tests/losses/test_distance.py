"""Distances between images, as terms of a loss."""

import numpy as np
import pytest
import tensorflow as tf

from kgan.losses import L1, L2

A = tf.constant([[1.0, -2.0], [0.5, 3.0]])


@pytest.mark.parametrize(("distance", "power"), [(L1(2.0), 1), (L2(3.0), 2)])
def test_they_are_weighted_means_over_all_values(distance, power):
    expected = distance.weight * np.mean(np.abs(A.numpy() - 1) ** power)
    assert float(distance(A, tf.ones_like(A))) == pytest.approx(expected)
    assert float(distance(A, A)) == 0


def test_a_weight_below_zero_is_refused():
    with pytest.raises(ValueError, match="weight must be at least 0; got -1"):
        L1(-1.0)
