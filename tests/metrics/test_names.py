"""The names of the room, and what importing it costs."""

import subprocess
import sys

import numpy as np
import pytest

from kgan import metrics

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(30, 6))
PICTURES = RNG.integers(0, 256, [2, 32, 32, 3], np.uint8)
PAIRS = {
    "frechet_distance": (metrics.frechet_distance, ROWS),
    "inception_score": (lambda real, fake: metrics.inception_score(fake, splits=2), ROWS),
    "kernel_distance": (lambda real, fake: metrics.kernel_distance(real, fake, 3, 2), ROWS),
    "nearest_neighbors": (metrics.nearest_neighbors, ROWS),
    "authenticity": (metrics.authenticity, ROWS),
    "precision_recall": (metrics.precision_recall, ROWS),
    "prdc": (metrics.precision_recall_density_coverage, ROWS),
    "statistics": (lambda real, fake: metrics.FeatureStatistics.of(fake), ROWS),
    "ms_ssim": (metrics.ms_ssim, PICTURES),
    "sliced_wasserstein": (metrics.sliced_wasserstein, PICTURES),
}


def with_one(value):
    def changed(good):
        values = good.astype(np.float64)
        values.flat[5] = value
        return values

    return changed


BAD = {
    "NaN": with_one(np.nan),
    "infinity": with_one(-np.inf),
    "too large": with_one(1e60),
    "all too small": lambda good: good * 1e-110,
    "bool": lambda good: good > 0,
    "object": lambda good: good.astype(object),
    "text": lambda good: good.astype(str),
    "complex": lambda good: good + 0j,
    "dates": lambda good: good.astype("M8[s]"),
    "masked": lambda good: np.ma.masked_greater(good, 1),
    "integers that float64 has not": lambda good: good.astype(np.int64) + 2**53,
    "no rows": lambda good: good[:0],
    "no columns": lambda good: good[..., :0],
    "another rank": lambda good: good[0],
    "a number": lambda good: 3.0,
    "nothing": lambda good: None,
    "ragged": lambda good: [[1.0, 2.0], [3.0]],
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", PAIRS)
def test_what_has_no_score_is_told_in_a_sentence(name, bad):
    function, good = PAIRS[name]
    with pytest.raises(ValueError, match="must be|must have") as caught:
        function(good, BAD[bad](good))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [1e-90, 1e-40, 1e40, 9e47])
@pytest.mark.parametrize("name", [name for name in PAIRS if PAIRS[name][1] is ROWS])
def test_the_largest_and_smallest_features_overflow_nowhere(name, size):
    rows = ROWS / np.abs(ROWS).max() * size
    found = PAIRS[name][0](rows, rows[::-1] / 3)
    if name == "statistics":
        found = found.covariance
    assert all(np.isfinite(value).all() for value in (found.values() if isinstance(found, dict) else np.ravel(found)))


def test_the_functions_do_not_import_tensorflow():
    code = "import sys, kgan.metrics; assert not {'tensorflow', 'keras'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_public_names():
    for name in metrics.__all__:
        assert callable(getattr(metrics, name)) and getattr(metrics, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'fid'"):
        _ = metrics.fid
