"""The range of pixels, and pictures of them."""

import numpy as np
import pytest
from PIL import Image

from kgan import images


def test_all_256_values_come_back():
    pixels = np.arange(256, dtype=np.uint8)
    floats = images.to_float(pixels)
    assert floats.min() == -1 and floats.max() == 1 and floats.dtype == np.float32
    np.testing.assert_array_equal(images.to_uint8(floats), pixels)


def test_what_is_outside_is_clipped_and_what_is_no_number_is_black():
    np.testing.assert_array_equal(images.to_uint8(np.array([-3.0, 3.0, np.nan, np.inf])), [0, 255, 0, 255])


def test_a_grid_reads_row_by_row():
    numbered = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones([1, 64, 64, 3], np.uint8)
    picture = images.grid(numbered, columns=3)
    assert picture.shape == (2 * 65 - 1, 3 * 65 - 1, 3)
    assert picture[0, 65, 0] == 1 and picture[65, 0, 0] == 3 and picture[65, 65, 0] == 4
    assert picture[0, 64, 0] == 0, "a black gap"


def test_small_images_are_enlarged_whole_pixels_at_a_time():
    picture = images.grid(np.uint8([[[[7], [9]]]] * 1), columns=1)
    assert picture.shape == (32, 64, 1)
    assert (picture[:, :32] == 7).all() and (picture[:, 32:] == 9).all()


@pytest.mark.parametrize(
    "wrong", [np.zeros([2, 8, 8, 1]), np.zeros([8, 8, 1], np.uint8), np.zeros([0, 8, 8, 1], np.uint8)]
)
def test_a_grid_of_something_else_is_refused(wrong):
    with pytest.raises(ValueError, match="grid takes uint8 images"):
        images.grid(wrong)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_pictures_are_written_whole(tmp_path, channels):
    image = np.random.default_rng(0).integers(0, 256, [5, 7, channels], dtype=np.uint8)
    images.write_png(tmp_path / "deep" / "image.png", image)
    with Image.open(tmp_path / "deep" / "image.png") as picture:
        read = np.asarray(picture).reshape(image.shape)
    np.testing.assert_array_equal(read, image)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["image.png"]


def test_points_are_drawn(tmp_path):
    images.write_points(tmp_path / "points.png", np.random.default_rng(0).normal(size=[50, 2]))
    with Image.open(tmp_path / "points.png") as picture:
        assert picture.size == (500, 500)
