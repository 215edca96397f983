"""Stateless draws: functions of the key and the row."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from kgan.randomness import Draws


def test_the_same_key_gives_the_same_numbers_and_each_part_of_it_others():
    first = Draws(0, "latents", [3, 1]).normal([5, 2]).numpy()
    np.testing.assert_array_equal(first, Draws(0, "latents", [3, 1]).normal([5, 2]))
    for other in (
        Draws(1, "latents", [3, 1]),
        Draws(0, "noise", [3, 1]),
        Draws(0, "latents", [4, 1]),
        Draws(0, "latents", [3, 2]),
        Draws(0, "latents", [1, 3]),
        Draws(0, "latents", [3]),
    ):
        assert not np.isclose(first, other.normal([5, 2])).any()


def test_replicas_share_out_the_rows_of_the_global_minibatch():
    whole = Draws(0, "latents", [1]).uniform([6, 3]).numpy()
    parts = [Draws(0, "latents", [1], replica=r, replicas=3).uniform([2, 3]).numpy() for r in range(3)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_numbers_are_the_same_inside_a_function_with_tensors_for_all():
    @tf.function
    def draw(seed, step, count):
        return Draws(seed, "latents", [step]).normal([count, 2])

    inside = draw(tf.constant(2, tf.int64), tf.constant(7, tf.int64), tf.constant(4))
    np.testing.assert_array_equal(inside, Draws(2, "latents", [7]).normal([4, 2]))


@pytest.mark.parametrize("seed", [0, 2**31, 2**62])
def test_distributions(seed):
    draws = Draws(seed, "latents", [0])
    assert stats.kstest(draws.normal([4000, 1]).numpy().ravel(), "norm").pvalue > 0.001
    assert stats.kstest(draws.uniform([4000, 1], -1.0, 1.0).numpy().ravel(), stats.uniform(-1, 2).cdf).pvalue > 0.001


def test_consecutive_steps_are_uncorrelated():
    rows = np.stack([Draws(0, "latents", [step]).normal([50]).numpy() for step in range(200)])
    correlation = np.corrcoef(rows[:-1].ravel(), rows[1:].ravel())[0, 1]
    assert abs(correlation) < 0.05
