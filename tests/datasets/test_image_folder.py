"""Folders of images: what is decoded how, and what is said about folders that are wrong."""

import os
import warnings

import numpy as np
import pytest
from PIL import Image

from kgan.datasets import ImageFolder
from kgan.datasets.picture import open_picture

RNG = np.random.default_rng(0)


def write(path, shape=(6, 9, 3), **options):
    """A random picture; returns its pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RNG.integers(0, 256, shape, np.uint8)
    Image.fromarray(pixels[..., 0] if shape[-1] == 1 else pixels).save(path, **options)
    return pixels


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("kind", ["png", "bmp", "webp"])
def test_lossless_kinds_come_back_exactly(tmp_path, kind, channels):
    if (kind == "webp" and channels == 1) or (kind == "bmp" and channels == 4):
        pytest.skip("the format has no such images")
    options = {"lossless": True, "exact": True} if kind == "webp" else {}
    pixels = write(tmp_path / f"a.{kind}", (6, 9, channels), **options)
    images, labels = ImageFolder(tmp_path).batch([0])
    assert np.array_equal(images[0], pixels)
    assert labels is None


@pytest.mark.parametrize("name", ["a.JPG", "a.jpeg", "a.gif"])
def test_lossy_kinds_are_decoded(tmp_path, name):
    Image.new("RGB", (9, 6), (200, 100, 50)).save(tmp_path / name)
    image = ImageFolder(tmp_path).batch([0]).images[0]
    assert image.shape == (6, 9, 3)
    assert np.abs(image.astype(int) - [200, 100, 50]).max() < 8


def test_class_folders_are_numbered_by_name(tmp_path):
    cat, dog = write(tmp_path / "cat" / "x.png"), write(tmp_path / "dog" / "a.png")
    write(tmp_path / ".hidden" / "y.png", (2, 2, 1))
    write(tmp_path / "cat" / ".hidden.png", (2, 2, 1))
    (tmp_path / "notes.txt").write_text("not an image")
    dataset = ImageFolder(tmp_path)
    assert dataset.class_names == ("cat", "dog")
    images, labels = dataset.batch([1, 0])
    assert labels.tolist() == [1, 0]
    assert np.array_equal(images, [dog, cat])


def test_links_and_duplicates_are_images_like_others(tmp_path):
    write(tmp_path / "a.png")
    os.link(tmp_path / "a.png", tmp_path / "b.png")
    os.symlink(tmp_path / "a.png", tmp_path / "c.png")
    os.mkfifo(tmp_path / "pipe.png")  # opening it would wait for ever
    images = ImageFolder(tmp_path).batch([0, 1, 2]).images
    assert np.array_equal(images[0], images[1])
    assert np.array_equal(images[0], images[2])


def test_image_shape_scales_to_cover_and_crops_around_the_centre(tmp_path):
    pixels = np.zeros([8, 32, 3], np.uint8)
    pixels[:, 12:20] = 255  # the central square
    Image.fromarray(pixels).save(tmp_path / "a.png")
    write(tmp_path / "b.png", (5, 3, 4))
    dataset = ImageFolder(tmp_path, image_shape=[4, 4, 1])
    assert dataset.image_shape == (4, 4, 1)
    assert dataset.get_config()["image_shape"] == [4, 4, 1]
    assert dataset.batch([0]).images[0, 1:3, 1:3].min() > 240


def test_scaling_is_antialiased(tmp_path):
    board = (np.indices([64, 64]).sum(axis=0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(tmp_path / "a.png")
    assert np.abs(ImageFolder(tmp_path, [8, 8, 1]).batch([0]).images.astype(int) - 127).max() < 16


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path):
    values = np.array([[0, 256, 257, 32896, 65535]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    assert open_picture(tmp_path / "a.png").ravel().tolist() == [0, 1, 1, 128, 255]
    assert open_picture(tmp_path / "a.png", (1, 5, 3)).shape == (1, 5, 3)


def test_the_transparent_grey_of_16_bits_shows_white(tmp_path):
    values = np.array([[0, 257, 65535]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png", transparency=257)
    assert ImageFolder(tmp_path).batch([0]).images[0, 0, :, 0].tolist() == [0, 255, 255]
    assert ImageFolder(tmp_path, [1, 3, 4]).batch([0]).images[0, 0, :, 3].tolist() == [255, 0, 255]


def test_palettes_become_colours(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "opaque.png")
    image.save(tmp_path / "clear.png", transparency=1)
    assert open_picture(tmp_path / "opaque.png").tolist() == [[[255, 0, 0], [0, 255, 0]]]
    assert open_picture(tmp_path / "clear.png", (1, 2, 4)).tolist() == [[[255, 0, 0, 255], [0, 255, 0, 0]]]
    assert open_picture(tmp_path / "clear.png").tolist() == [[[255, 0, 0], [255, 255, 255]]]


def test_transparency_shows_white_where_there_is_no_alpha(tmp_path):
    Image.new("RGBA", (2, 2), (0, 0, 0, 0)).save(tmp_path / "a.png")
    Image.new("LA", (2, 2), (0, 0)).save(tmp_path / "b.png")
    assert ImageFolder(tmp_path, [2, 2, 3]).batch([0, 1]).images.min() == 255
    assert ImageFolder(tmp_path).image_shape == (2, 2, 4)


def test_other_colour_spaces(tmp_path):
    Image.new("CMYK", (2, 2), (0, 0, 0, 255)).save(tmp_path / "a.jpg")
    assert ImageFolder(tmp_path).image_shape == (2, 2, 3)
    assert open_picture(tmp_path / "a.jpg", (2, 2, 4)).max(axis=(0, 1)).tolist()[3] == 255
    Image.new("1", (2, 2), 1).save(tmp_path / "b.png")
    assert open_picture(tmp_path / "b.png").tolist() == [[[255], [255]], [[255], [255]]]


def test_exif_orientation_is_obeyed(tmp_path):
    image = Image.new("RGB", (9, 6))
    exif = image.getexif()
    exif[0x0112] = 6  # turned by a quarter
    image.save(tmp_path / "a.jpg", exif=exif)
    assert ImageFolder(tmp_path).image_shape == (9, 6, 3)


def test_shapes_must_agree(tmp_path):
    write(tmp_path / "a.png")
    write(tmp_path / "b.png")
    write(tmp_path / "c.png", (6, 9, 1))
    with pytest.raises(
        ValueError, match=r"c.png has the shape \[6, 9, 1\], but .*a.png has .*`image_shape: \[H, W, C\]`"
    ):
        ImageFolder(tmp_path)


def test_one_bad_file_in_a_hundred_is_skipped_and_named(tmp_path):
    for number in range(100):
        write(tmp_path / f"{number:03}.png", (2, 2, 1))
    (tmp_path / "000.png").write_bytes((tmp_path / "001.png").read_bytes()[:-30])
    with pytest.warns(UserWarning, match=r"1 of 100 images in .* skipped: .*000.png") as caught:
        dataset = ImageFolder(tmp_path)
    assert len(caught) == 1
    assert len(dataset) == 99
    assert dataset.skipped == (str(tmp_path / "000.png"),)
    (tmp_path / "050.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"2 of 100 images cannot be decoded, and at most 1% may: .*000.png.*050.png"):
        ImageFolder(tmp_path)


def test_labels_stay_with_their_images_when_one_is_skipped(tmp_path):
    for number in range(100):
        write(tmp_path / ("a" if number < 50 else "b") / f"{number:03}.png", (2, 2, 1))
    (tmp_path / "a" / "007.png").write_bytes(b"broken")
    with pytest.warns(UserWarning, match="007.png"):
        dataset = ImageFolder(tmp_path)
    assert np.bincount(dataset.batch(np.arange(99)).labels).tolist() == [49, 50]


@pytest.mark.parametrize("limit", [30, 40])  # of which Pillow makes an error and a warning
def test_a_decompression_bomb_is_a_file_that_cannot_be_decoded(tmp_path, monkeypatch, limit):
    write(tmp_path / "a.png", (7, 10, 1))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="1 of 1 images cannot be decoded.*a.png.*decompression bomb"):
            ImageFolder(tmp_path)


def test_a_broken_link_and_another_format_behind_the_suffix_cannot_be_decoded(tmp_path):
    os.symlink(tmp_path / "missing", tmp_path / "a.png")
    Image.new("RGB", (2, 2)).save(tmp_path / "b.png", format="TIFF")
    with pytest.raises(ValueError, match="2 of 2 images cannot be decoded"):
        ImageFolder(tmp_path)


def test_wrong_folders(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="missing does not exist"):
        ImageFolder(tmp_path / "missing")
    with pytest.raises(ValueError, match="has no images"):
        ImageFolder(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="is a file"):
        ImageFolder(tmp_path / "file")
    write(tmp_path / "cat" / "a.png")
    (tmp_path / "dog").mkdir()
    with pytest.raises(ValueError, match="dog is a class folder without images"):
        ImageFolder(tmp_path)
    write(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"both beside its folders \(a.png\) and inside them \(cat\)"):
        ImageFolder(tmp_path)

    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)  # root may read everything, so permissions alone would test nothing
    with pytest.raises(PermissionError, match="may not be read by this user"):
        ImageFolder(tmp_path)


@pytest.mark.parametrize("shape", [[4, 4], [4, 4, 2], [0, 4, 3], [4.5, 4, 3], "4x4"])
def test_wrong_shapes(tmp_path, shape):
    with pytest.raises(ValueError, match="image_shape"):
        ImageFolder(tmp_path, image_shape=shape)
