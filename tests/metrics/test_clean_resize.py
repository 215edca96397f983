"""clean-fid's resize against Pillow itself, which does it there, and against its definition."""

import numpy as np
import pytest
from PIL import Image

from kgan.metrics.clean_resize import _weights, clean_resize

SHAPES = [
    (2, 32, 32, 3),
    (1, 48, 80, 3),
    (1, 340, 400, 3),
    (1, 299, 299, 3),
    (1, 598, 150, 1),
    (1, 1000, 33, 3),
    (2, 2, 3, 3),
    (1, 1, 1, 3),
    (1, 1, 7, 3),
]


def by_pillow(images):
    def resized(channel):
        image = Image.fromarray(np.ascontiguousarray(channel, np.float32))
        assert image.mode == "F"
        return np.asarray(image.resize((299, 299), Image.Resampling.BICUBIC)).clip(0, 255)

    return np.stack([np.stack([resized(image[..., c]) for c in range(image.shape[2])], axis=2) for image in images])


@pytest.mark.parametrize("shape", SHAPES)
def test_the_resize_is_pillows(shape):
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    found = clean_resize(images).numpy()
    assert found.dtype == np.float32 and found.shape == (shape[0], 299, 299, shape[3])
    np.testing.assert_allclose(found, by_pillow(images), rtol=0, atol=2e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_constant_images_stay_what_they_are(shape):
    for value in (0, 1, 77, 255):
        np.testing.assert_allclose(clean_resize(np.full(shape, value, np.uint8)), value, rtol=1e-6)


def test_what_overshoots_is_clipped_and_nothing_is_rounded():
    steps = np.zeros([1, 8, 8, 1], np.uint8)
    steps[:, :, 4:] = 255
    found = clean_resize(steps).numpy()
    assert found.min() == 0 and found.max() == 255
    assert 255 * (_weights(8)[:, 4:].sum(axis=1)).max() > 260  # without the clip
    assert (found != np.round(found)).any()


def test_a_ramp_is_a_ramp_and_axes_are_not_exchanged():
    down, along = np.meshgrid(np.arange(64.0), np.arange(100.0), indexing="ij")
    found = clean_resize(np.stack([2 * down, along], axis=2)[None].astype(np.float32)).numpy()[0]
    places = (np.arange(299) + 0.5) / 299
    inner = slice(20, -20)  # the cubic reproduces lines, but for the borders
    np.testing.assert_allclose(found[inner, 150, 0], 2 * (places * 64 - 0.5)[inner], atol=1e-3)
    np.testing.assert_allclose(found[150, inner, 1], (places * 100 - 0.5)[inner], atol=1e-3)


def test_shrinking_by_whole_steps_averages_all_pixels():
    """Antialiased: each pixel of the large image counts, all equally but for the borders."""
    share = _weights(4 * 299).sum(axis=0)
    np.testing.assert_allclose(share[20:-20], 1 / 4, rtol=1e-6)
