"""The Inception Score: exact values, the definition by hand, order and splits."""

import numpy as np
import pytest

from kgan.metrics import inception_score

LOGITS = 3 * np.random.default_rng(0).normal(size=(200, 7))


def by_hand(logits):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return np.exp((p * np.log(p / p.mean(axis=0))).sum(axis=1).mean())


@pytest.mark.parametrize("classes", [1, 2, 10, 100])
def test_sure_and_equally_often_is_the_number_of_classes(classes):
    assert inception_score(np.tile(1e4 * np.eye(classes), (10, 1)), splits=1) == pytest.approx((classes, 0), rel=1e-12)


def test_all_alike_is_1():
    assert inception_score(np.tile(LOGITS[:1], (200, 1))) == pytest.approx((1, 0), abs=1e-12)
    assert inception_score(np.zeros([100, 5])) == pytest.approx((1, 0), abs=1e-12)


def test_two_sure_classes_in_unequal_shares():
    logits = 1e4 * np.eye(2)[[0] * 30 + [1] * 70]
    entropy = -(0.3 * np.log(0.3) + 0.7 * np.log(0.7))
    assert inception_score(logits, splits=1)[0] == pytest.approx(np.exp(entropy), rel=1e-12)


def test_the_definition_in_one_split():
    assert inception_score(LOGITS, splits=1) == pytest.approx((by_hand(LOGITS), 0), rel=1e-12)


@pytest.mark.parametrize("count", [200, 197])
def test_splits_shuffle_and_deviation_without_ddof(count):
    order = np.random.RandomState(2020).permutation(count)
    parts = [by_hand(LOGITS[order[i * count // 10 : (i + 1) * count // 10]]) for i in range(10)]
    assert inception_score(LOGITS[:count]) == pytest.approx((np.mean(parts), np.std(parts)), rel=1e-12)
    assert abs(inception_score(LOGITS[:count])[1] - np.std(parts, ddof=1)) > 1e-3


def test_no_seed_keeps_the_order():
    parts = [by_hand(part) for part in np.split(LOGITS, 4)]
    score = inception_score(LOGITS, splits=4, shuffle_seed=None)
    assert score == pytest.approx((np.mean(parts), np.std(parts)), rel=1e-12)


def test_samples_that_come_class_by_class_are_not_one_class_a_split():
    logits = 1e4 * np.repeat(np.eye(10), 100, axis=0)
    assert inception_score(logits, shuffle_seed=None)[0] == pytest.approx(1)
    assert inception_score(logits)[0] > 9


def test_a_constant_added_to_a_row_changes_nothing_a_bias_of_the_classes_does():
    moved = LOGITS + np.random.default_rng(1).normal(size=(200, 1)) * 100
    assert inception_score(moved) == pytest.approx(inception_score(LOGITS), rel=1e-9)
    biased = LOGITS + np.random.default_rng(1).normal(size=7)
    assert abs(inception_score(biased)[0] - inception_score(LOGITS)[0]) > 1e-2
    assert inception_score(LOGITS[:, ::-1]) == pytest.approx(inception_score(LOGITS), rel=1e-12)


def test_huge_logits_stay_finite():
    assert inception_score(1e40 * np.tile(np.eye(3), (20, 1)), splits=1)[0] == pytest.approx(3)


def test_few_samples_warn_and_fewer_than_splits_are_refused():
    with pytest.warns(UserWarning, match="fewer than 10 in each"):
        inception_score(LOGITS[:99])
    with pytest.raises(ValueError, match="10 splits need at least as many samples; got 9"):
        inception_score(LOGITS[:9])


@pytest.mark.parametrize(
    ("logits", "splits", "sentence"),
    [
        (np.zeros(10), 1, r"logits must be \[N, d\]"),
        (np.full([10, 2], np.nan), 1, "10 of 10 rows"),
        (np.zeros([10, 2]), 0, "splits must be an integer of at least 1"),
        (np.zeros([10, 2]), 1.5, "splits must be an integer of at least 1"),
    ],
)
def test_error_sentences(logits, splits, sentence):
    with pytest.raises(ValueError, match=sentence):
        inception_score(logits, splits)
