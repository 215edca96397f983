"""The sliced Wasserstein distance: SciPy's one-dimensional distance on every direction, the pyramid, invariances."""

from importlib import import_module

import numpy as np
import pytest
from scipy.ndimage import convolve
from scipy.stats import wasserstein_distance

from kgan.metrics import sliced_wasserstein
from kgan.metrics.sliced_wasserstein import laplacian_pyramid, normalized

RNG = np.random.default_rng(0)
REAL = RNG.integers(0, 256, [6, 32, 32, 3], np.uint8)
FAKE = np.clip(128 + RNG.normal(0, 15, [6, 32, 32, 3]).cumsum(axis=1).cumsum(axis=2) / 4, 0, 255).astype(np.uint8)
KERNEL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])[None, :, :, None] / 256


def pyramid(images, levels):
    """The definition in float64, blurred in two dimensions at once."""
    result = [images.astype(float)]
    for _ in range(levels - 1):
        low = convolve(result[-1], KERNEL, mode="mirror")[:, ::2, ::2]
        up = np.zeros_like(result[-1])
        up[:, ::2, ::2] = low
        result[-1] = result[-1] - convolve(up, 4 * KERNEL, mode="mirror")
        result.append(low)
    return result


def by_definition(real, fake, levels, seed=0, per_patch=False):
    values = []
    for level in range(levels):
        generator = np.random.default_rng([seed, level])
        side = pyramid(real, levels)[level].shape[1]
        rows, columns = (generator.integers(0, side - 6, [len(real), 128]) for _ in range(2))
        sets = []
        for images in (real, fake):
            layer = pyramid(images, levels)[level]
            patches = np.array(
                [
                    image[r : r + 7, c : c + 7]
                    for image, rs, cs in zip(layer, rows, columns, strict=True)
                    for r, c in zip(rs, cs, strict=True)
                ]
            )
            axes, keep = ((1, 2, 3), True) if per_patch else ((0, 1, 2), True)
            patches = (patches - patches.mean(axes, keepdims=keep)) / patches.std(axes, keepdims=keep)
            sets.append(patches.reshape(len(patches), -1))
        directions = generator.standard_normal([sets[0].shape[1], 512])
        directions /= np.linalg.norm(directions, axis=0)
        real_lines, fake_lines = (rows @ directions for rows in sets)
        distances = [wasserstein_distance(*pair) for pair in zip(real_lines.T, fake_lines.T, strict=True)]
        values.append(1000 * np.mean(distances))
    return values


@pytest.mark.parametrize("seed", [0, 5])
def test_scipys_distance_in_each_direction(seed):
    values = sliced_wasserstein(REAL, FAKE, seed)
    assert list(values) == ["32", "16", "average"]
    expected = by_definition(REAL, FAKE, 2, seed)
    assert [values["32"], values["16"]] == pytest.approx(expected, rel=1e-5)
    assert values["average"] == pytest.approx(np.mean(expected), rel=1e-5)


def test_patches_are_normalised_over_the_set_not_one_by_one():
    uneven = REAL // np.uint8([1, 2, 4, 8, 16, 32]).reshape(6, 1, 1, 1)
    value = sliced_wasserstein(REAL, uneven)["32"]
    assert abs(value / by_definition(REAL, uneven, 2, per_patch=True)[0] - 1) > 0.1


@pytest.mark.parametrize(("height", "width"), [(32, 32), (64, 48), (33, 66), (35, 32)])
def test_the_pyramid(height, width):
    images = RNG.integers(0, 256, [2, height, width, 3], np.uint8)
    for mine, theirs in zip(laplacian_pyramid(images, 2), pyramid(images, 2), strict=True):
        assert mine.dtype == np.float32
        np.testing.assert_allclose(mine, theirs, atol=1e-4)


def test_the_levels_of_the_pyramid_add_up_and_flat_images_have_no_details():
    detail, low = laplacian_pyramid(np.full([1, 32, 32, 3], 77, np.uint8), 2)
    assert (detail == 0).all() and (low == 77).all()


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        ((28, 28, 1), ["28"]),
        ((16, 40, 3), ["16"]),
        ((33, 33, 1), ["33", "17"]),
        ((64, 64, 3), ["64", "32", "16"]),
        ((64, 32, 3), ["64", "32"]),
    ],
)
def test_levels_down_to_16(shape, names):
    images = RNG.integers(0, 256, [3, *shape], np.uint8)
    assert list(sliced_wasserstein(images, 255 - images)) == [*names, "average"]


def test_a_set_is_at_0_from_itself_and_close_to_another_sample():
    assert set(sliced_wasserstein(REAL, REAL).values()) == {0.0}
    some, again, coarse = RNG.integers(0, 256, [3, 60, 32, 32, 1], np.uint8)
    coarse[:, ::2] = coarse[:, 1::2]
    assert 0 < sliced_wasserstein(some, again)["32"] < 0.5 * sliced_wasserstein(some, coarse)["32"]


def test_symmetry_scale_and_brightness():
    values = sliced_wasserstein(REAL, FAKE)
    assert sliced_wasserstein(FAKE, REAL) == values
    scaled = sliced_wasserstein(REAL / 127.5 - 1, FAKE / 127.5 - 1)
    assert scaled == pytest.approx(values, rel=1e-4)


def test_channels_are_normalised_each_and_a_constant_one_is_0():
    patches = RNG.normal([1.0, 2, 3], [1.0, 5, 0], [40, 7, 7, 3]).astype(np.float32)
    rows = normalized(patches.copy()).reshape(40, 7, 7, 3)
    np.testing.assert_allclose(rows.mean(axis=(0, 1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(rows.std(axis=(0, 1, 2)), [1, 1, 0], atol=1e-5)
    flat = np.full_like(REAL, 5)
    assert set(sliced_wasserstein(flat, flat).values()) == {0.0}
    assert sliced_wasserstein(REAL, flat)["32"] > 500


def test_the_size_of_the_blocks_changes_nothing(monkeypatch):
    values = sliced_wasserstein(REAL, FAKE)
    module = import_module("kgan.metrics.sliced_wasserstein")
    monkeypatch.setattr(module, "NUMBERS", 1)
    monkeypatch.setattr(module, "DIRECTIONS_AT_A_TIME", 100)
    assert sliced_wasserstein(REAL, FAKE) == pytest.approx(values, rel=1e-6)


@pytest.mark.parametrize(
    ("real", "fake", "sentence"),
    [
        (REAL, FAKE[:5], "both sets must have one shape"),
        (REAL[0], FAKE[0], r"real images must be \[N, H, W, C\]"),
        (REAL[:, :15], FAKE[:, :15], "sides must be at least 16 pixels; got .15, 32."),
        (REAL, FAKE * np.nan, "fake images must be finite"),
        (REAL[:0], FAKE[:0], "not empty"),
    ],
)
def test_error_sentences(real, fake, sentence):
    with pytest.raises(ValueError, match=sentence):
        sliced_wasserstein(real, fake)
