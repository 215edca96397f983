"""Modes and classes: counted by hand."""

import numpy as np
import pytest

from kgan.datasets import RingOfGaussians
from kgan.metrics import class_shares, modes


def test_the_truth_covers_all():
    ring = RingOfGaussians(size=2500)
    found = modes(ring.batch(range(2500)).images, ring.centers, ring.stddev)
    # In two dimensions 1 - exp(-9/2) of a Gaussian lie within 3 standard deviations.
    assert found["modes"] == 8 and found["good"] == pytest.approx(1 - np.exp(-4.5), abs=0.006)
    assert found["shares"].sum() == pytest.approx(1) and np.ptp(found["shares"]) < 0.06


def test_a_mode_is_covered_by_twenty_good_samples():
    centers = [[0.0, 0.0], [4.0, 0.0]]
    samples = np.array([[0.0, 0.3]] * 20 + [[4.0, 0.29]] * 19 + [[2.0, 0.0]] * 61)
    found = modes(samples, centers, 0.1)
    assert found["modes"] == 1 and found["good"] == 0.39  # at exactly 3 standard deviations it is in
    np.testing.assert_allclose(found["shares"], [20 / 39, 19 / 39])
    nothing = modes([[9.0, 9.0]], centers, 0.1)
    assert nothing["modes"] == 0 and nothing["good"] == 0 and nothing["shares"].tolist() == [0, 0]


def test_only_two_classes_are_seen():
    logits = np.full([100, 10], -5.0)
    logits[:50, 1], logits[50:, 8] = 5, 5
    found = class_shares(logits, np.repeat(np.arange(10), 7))
    assert found["classes"] == 2 and found["total_variation"] == pytest.approx(0.8)
    assert found["shares"].tolist() == [0, 0.5, 0, 0, 0, 0, 0, 0, 0.5, 0]
    even = class_shares(np.eye(10), np.arange(10))
    assert even["classes"] == 10 and even["total_variation"] == 0


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: modes([[0.0]], [[0.0, 0.0]], 1), "same d"),
        (lambda: modes([[0.0]], [[0.0]], 0), "stddev must be above 0; got 0"),
        (lambda: modes([[np.nan]], [[0.0]], 1), "samples"),
        (lambda: class_shares([[0.0, 1.0]], [2]), "class numbers from 0 to 1"),
        (lambda: class_shares([[0.0, 1.0]], [0.5]), "class numbers from 0 to 1"),
        (lambda: class_shares([[0.0, 1.0]], []), "class numbers from 0 to 1"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(ValueError, match=message):
        call()
