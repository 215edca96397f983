"""Arrays from files: what is accepted, and what is said about the rest."""

import numpy as np
import pytest

from kgan.datasets import NPZ

GREY = np.zeros([4, 6, 5], np.uint8)
VECTORS = np.linspace(-1, 1, 12, dtype=np.float32).reshape([4, 3])


def save(folder, **arrays):
    np.savez(folder / "set.npz", **arrays)
    return folder / "set.npz"


@pytest.mark.parametrize(
    ("images", "shape", "dtype"),
    [
        (GREY, (6, 5, 1), np.uint8),
        (np.zeros([4, 6, 5, 3], np.uint8), (6, 5, 3), np.uint8),
        (np.zeros([4, 6, 5], np.float32), (6, 5, 1), np.float32),
        (np.zeros([4, 6, 5, 2], np.float32), (6, 5, 2), np.float32),
        (VECTORS, (3,), np.float32),
        (VECTORS.astype(">f4"), (3,), np.float32),
    ],
)
def test_shapes_and_types(tmp_path, images, shape, dtype):
    dataset = NPZ(save(tmp_path, images=images))
    assert dataset.data_shape == shape
    assert dataset.batch([0, 3]).images.dtype == dtype
    assert dataset.batch([0]).labels is None
    assert len(dataset) == 4


def test_a_single_array(tmp_path):
    np.save(tmp_path / "set.npy", GREY)
    assert NPZ(tmp_path / "set.npy").image_shape == (6, 5, 1)
    with pytest.raises(ValueError, match="one array, without labels"):
        NPZ(tmp_path / "set.npy", labels="labels")


def test_classes(tmp_path):
    dataset = NPZ(save(tmp_path, x=GREY, y=np.array([2, 0, 0, 1], np.uint8)), images="x", labels="y")
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.batch([0]).labels.tolist() == [2]


def test_conditions(tmp_path):
    dataset = NPZ(save(tmp_path, images=GREY, energy=VECTORS[:, :1]), labels="energy")
    assert dataset.conditions == {"energy_0": (-1.0, pytest.approx(VECTORS[3, 0]))}


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros([4, 5], np.uint8), r"shape \[4, 5\]; expected uint8 pixels"),
        (np.zeros([4, 3, 6, 5], np.uint8), "channels last"),
        (np.zeros([0, 6, 5], np.uint8), "it is empty"),
        (np.zeros([4, 6, 5], np.float64), "is float64; expected uint8 pixels"),
        (np.zeros([4, 6, 5], np.int64), "is int64"),
        (np.zeros([4], np.float32), r"shape \[4\]; expected \[N, d\]"),
        (VECTORS * 255, "values from -255 to 255; expected finite numbers in"),
        (VECTORS * np.float32(np.nan), "has values that are NaN"),
    ],
)
def test_wrong_images(tmp_path, images, message):
    with pytest.raises(ValueError, match=message):
        NPZ(save(tmp_path, images=images))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(3), r"shape \[3\]; expected 4 entries"),
        (np.int64(3), r"shape \[\]; expected 4 entries"),
        (np.array([0, 1, -1, 0]), "from -1 to 1; expected class numbers"),
        (np.array([0, 1, 10**9, 0]), "expected class numbers"),
        (np.zeros([4], np.float32), "expected whole class numbers"),
        (np.zeros([4, 2]), "is float64"),
        (np.array(list("abcd")), "expected whole class numbers"),
        (np.full([4, 2], np.inf, np.float32), "not finite"),
    ],
)
def test_wrong_labels(tmp_path, labels, message):
    with pytest.raises(ValueError, match=message):
        NPZ(save(tmp_path, images=GREY, labels=labels), labels="labels")


def test_wrong_files(tmp_path):
    with pytest.raises(ValueError, match="has no array `images`; it has: a, b. Name one of those."):
        NPZ(save(tmp_path, a=GREY, b=GREY))
    with pytest.raises(FileNotFoundError, match="does not exist"):
        NPZ(tmp_path / "missing.npz")
    with pytest.raises(FileNotFoundError, match="is a folder"):
        NPZ(tmp_path)
    path = save(tmp_path, images=np.array([{}], object))
    with pytest.raises(ValueError, match="objects that need pickle are never loaded"):
        NPZ(path)
    for content in (b"", b"hello", b"PK\x03\x04 no archive", path.read_bytes()[:200]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="set.npz"):
            NPZ(path)
    np.save(tmp_path / "cut.npy", GREY)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "cut.npy").read_bytes()[:-9])
    with pytest.raises(ValueError, match="cut.npy cannot be read"):
        NPZ(tmp_path / "cut.npy")
    with pytest.raises(ValueError, match="images is ''"):
        NPZ(path, images="")
