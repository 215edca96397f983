"""MS-SSIM: the definition written out, TensorFlow's where they agree, small images, ranges."""

from importlib import import_module

import numpy as np
import pytest
import tensorflow as tf
from scipy.signal import convolve2d

from kgan.metrics import ms_ssim
from kgan.metrics.ms_ssim import gaussian_window

WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]


def pictures(shape, seed=0):
    """Smooth images and noisy versions of them, which share some of every scale."""
    rng = np.random.default_rng(seed)
    count, height, width, channels = shape
    waves = np.sin(np.arange(height)[:, None] / 7) * np.cos(np.arange(width) / 5)
    base = 128 + 90 * waves[None, :, :, None] * rng.uniform(0.3, 1, [count, 1, 1, channels])
    noise = rng.normal(0, 40, shape) * rng.uniform(0.1, 1, [count, 1, 1, 1])
    return np.clip(base, 0, 255).astype(np.uint8), np.clip(base + noise, 0, 255).astype(np.uint8)


def by_definition(a, b):
    """One pair [H, W, C], pixel sums by two-dimensional convolution."""
    a, b, result = a.astype(float), b.astype(float), 1.0
    for scale, weight in enumerate(WEIGHTS):
        size = min(11, *a.shape[:2])
        y, x = (np.mgrid[:size, :size] - (size - 1) / 2) / (1.5 * size / 11)
        window = np.exp(-(x**2 + y**2) / 2)
        window /= window.sum()

        def mean(image, window=window):
            return np.stack([convolve2d(image[..., c], window, "valid") for c in range(image.shape[-1])], axis=-1)

        ma, mb = mean(a), mean(b)
        structure = (2 * (mean(a * b) - ma * mb) + 58.5225) / (mean(a * a) - ma**2 + mean(b * b) - mb**2 + 58.5225)
        luminance = (2 * ma * mb + 6.5025) / (ma**2 + mb**2 + 6.5025)
        value = (luminance * structure if scale == 4 else structure).mean()
        result *= max(value, 0) ** weight
        if scale < 4:
            a, b = ((i[::2, ::2] + i[1::2, ::2] + i[::2, 1::2] + i[1::2, 1::2]) / 4 for i in (a, b))
    return result


@pytest.mark.parametrize("shape", [(3, 16, 16, 1), (2, 32, 32, 3), (2, 48, 80, 3), (1, 176, 192, 2)])
def test_the_definition(shape):
    a, b = pictures(shape)
    values = ms_ssim(a, b)
    assert values.shape == shape[:1] and values.dtype == np.float64
    np.testing.assert_allclose(values, [by_definition(*pair) for pair in zip(a, b, strict=True)], rtol=1e-9)
    assert (values > 0.01).all() and (values < 0.999).all()


def test_one_channel_where_the_window_never_shrinks_is_tensorflows():
    a, b = pictures((2, 176, 192, 1))
    np.testing.assert_allclose(ms_ssim(a, b), tf.image.ssim_multiscale(a, b, 255).numpy(), rtol=1e-5)


def test_three_channels_are_averaged_before_the_product():
    a, b = pictures((2, 176, 176, 3))
    b[..., 0] = a[..., 0]
    assert (np.abs(ms_ssim(a, b) / tf.image.ssim_multiscale(a, b, 255).numpy() - 1) > 1e-3).all()


@pytest.mark.parametrize("side", [16, 32, 64])
def test_equal_images_have_1(side):
    a, _ = pictures((3, side, side, 3))
    assert ms_ssim(a, a).tolist() == [1, 1, 1]
    assert ms_ssim(np.zeros_like(a), np.zeros_like(a)).tolist() == [1, 1, 1]


def test_symmetries():
    a, b = pictures((2, 64, 32, 3))
    values = ms_ssim(a, b)
    np.testing.assert_allclose(ms_ssim(b, a), values, rtol=1e-12)
    np.testing.assert_allclose(ms_ssim(a[:, ::-1], b[:, ::-1]), values, rtol=1e-9)
    np.testing.assert_allclose(ms_ssim(a.swapaxes(1, 2), b.swapaxes(1, 2)), values, rtol=1e-9)
    np.testing.assert_allclose(ms_ssim(a[..., ::-1], b[..., ::-1]), values, rtol=1e-9)


def test_opposites_are_clipped_to_0():
    a, _ = pictures((2, 64, 64, 1))
    assert ms_ssim(a, 255 - a).tolist() == [0, 0]


def test_constant_images_differ_by_luminance_alone():
    a, b = np.full([1, 32, 32, 1], 100, np.uint8), np.full([1, 32, 32, 1], 200, np.uint8)
    luminance = (2 * 100 * 200 + 2.55**2) / (100**2 + 200**2 + 2.55**2)
    assert ms_ssim(a, b)[0] == pytest.approx(luminance**0.1333, rel=1e-9)


@pytest.mark.parametrize("size", [1, 2, 5, 8, 11])
def test_windows(size):
    window = gaussian_window(size)
    assert window.sum() == pytest.approx(1) and (window == window[::-1]).all() and len(window) == size
    offsets = np.arange(size) - (size - 1) / 2
    expected = np.exp(-(offsets[0] ** 2 - offsets[size // 2] ** 2) / (2 * (1.5 * size / 11) ** 2))
    assert window[0] / window[size // 2] == pytest.approx(expected)


def test_the_size_of_the_blocks_changes_nothing(monkeypatch):
    a, b = pictures((5, 32, 32, 3))
    values = ms_ssim(a, b)
    monkeypatch.setattr(import_module("kgan.metrics.ms_ssim"), "NUMBERS", 2 * 32 * 32 * 3)
    np.testing.assert_array_equal(ms_ssim(a, b), values)


def test_pixels_of_other_types():
    a, b = pictures((2, 32, 32, 3))
    np.testing.assert_array_equal(ms_ssim(a.astype(np.float32), b.astype(np.int64)), ms_ssim(a, b))


A = np.full([2, 32, 32, 3], 9, np.uint8)


@pytest.mark.parametrize(
    ("a", "b", "sentence"),
    [
        (A, A[:1], "two batches of one shape"),
        (A[0], A[0], r"images_a must be \[N, H, W, C\]"),
        (A[:, :28, :28], A[:, :28, :28], "multiples of 16 for 5 scales; got .28, 28."),
        (A, A / 127.5 - 1, "images_b must be pixels in"),
        (A, A / 255, "floats of which none is over 1"),
        (A, A.astype(int) * 100, "got values from 900 to 900"),
        (A, A * np.nan, "images_b must be finite"),
    ],
)
def test_error_sentences(a, b, sentence):
    with pytest.raises(ValueError, match=sentence):
        ms_ssim(a, b)
