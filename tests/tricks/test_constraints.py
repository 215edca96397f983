import numpy as np
import pytest

from kgan.tricks.constraints import WeightClipping


def test_clipping_is_the_projection_onto_the_box():
    weight = np.linspace(-1, 1, 21).astype("float32")
    clipped = WeightClipping(0.25)(weight).numpy()
    np.testing.assert_array_equal(clipped, np.clip(weight, -0.25, 0.25))
    np.testing.assert_array_equal(WeightClipping(0.25)(clipped), clipped)


def test_clip_must_be_positive():
    for clip in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="clip must be above 0"):
            WeightClipping(clip)
