"""The range of pixels, and pictures of them."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kgan import images, kinds


def test_all_256_values_come_back():
    pixels = np.arange(256, dtype=np.uint8)
    floats = images.to_float(pixels)
    assert floats.min() == -1 and floats.max() == 1 and floats.dtype == np.float32
    np.testing.assert_array_equal(images.to_uint8(floats), pixels)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
def test_tensors_become_tensors_of_the_same_numbers(dtype):
    pixels = np.arange(256).astype(dtype)
    wanted = images.to_float(pixels)
    mapped = next(iter(tf.data.Dataset.from_tensors(pixels).map(images.to_float)))
    for got in (images.to_float(tf.constant(pixels)), images.to_float(tf.Variable(pixels)), mapped):
        assert tf.is_tensor(got) and got.dtype == "float32"
        np.testing.assert_array_equal(got, wanted)
    x = keras.Input([256], dtype=dtype)
    model = keras.Model(x, images.to_float(x))
    np.testing.assert_allclose(model(pixels[None])[0], wanted, atol=1e-6)


IMPOSSIBLE = {
    "in [-1, 1]": np.linspace(-1, 1, 9),
    "normalised": np.linspace(-2.1, 2.6, 9),
    "centred": np.arange(-128, 128),
    "of 16 bits": np.array([0, 65535], np.uint16),
    "of 10 bits": np.array([0.0, 1023.0]),
}


@pytest.mark.parametrize("kind", IMPOSSIBLE)
def test_what_is_certainly_no_pixels_is_refused(kind):
    numbers = IMPOSSIBLE[kind]
    says = rf"takes pixels from 0 to 255 .*got numbers from {numbers.min():g} to {numbers.max():g}"
    for given in (numbers, tf.constant(numbers)):
        with pytest.raises(ValueError, match=says):
            images.to_float(given)
    with pytest.raises(tf.errors.InvalidArgumentError, match="images: kgan.images.to_float takes pixels"):
        list(tf.data.Dataset.from_tensors(numbers).map(images.to_float))


def test_numbers_from_0_to_1_are_said():
    with pytest.warns(UserWarning, match=r"from 0 to 1, which are all black.*take 2 x - 1") as said:
        np.testing.assert_array_equal(images.to_float(np.array([0.0, 1.0])), np.float32([-1, 1 / 127.5 - 1]))
    assert len(said) == 1 and said[0].filename == __file__


@pytest.mark.parametrize(
    "pixels", [np.zeros(4), np.array([-30.0, 280.0]), np.array([-0.2, 1.1]), np.zeros([0, 4]), np.array([np.nan, 3])]
)
def test_what_may_be_pixels_is_left_alone(pixels):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wanted = np.asarray(pixels, np.float32) / np.float32(127.5) - np.float32(1)
        np.testing.assert_array_equal(images.to_float(pixels), wanted)
        for got in tf.data.Dataset.from_tensors(pixels).map(images.to_float):
            np.testing.assert_array_equal(got, wanted)


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
    kinds.Vectors().draw(tmp_path / "points.png", np.random.default_rng(0).normal(size=[50, 2]))
    with Image.open(tmp_path / "points.png") as picture:
        assert picture.size == (500, 500)
