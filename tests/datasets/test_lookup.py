"""Where published sets are looked for, in which order, and what is said when they are nowhere."""

import dataclasses
import gzip
import os
import shutil
import struct
from pathlib import Path

import keras
import numpy as np
import pytest

from kgan.datasets import fashion_mnist, lookup, mnist


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A machine that holds no data and has no network."""

    def refuse(name, origin, **arguments):
        raise Exception(f"URL fetch failure on {origin}:\nno network")

    monkeypatch.setattr(keras.utils, "get_file", refuse)
    for name in ("KGAN_DATA", "KERAS_HOME", "TFDS_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    return dataclasses.replace(fashion_mnist.PUBLISHED, system=str(tmp_path / "system"))


def fill(folder, brightness):
    """A set whose first pixel tells where it came from."""
    folder.mkdir(parents=True, exist_ok=True)
    for stem in ("train", "t10k"):
        pixels = struct.pack(">4B3I", 0, 0, 8, 3, 2, 28, 28) + bytes([brightness]) * 2 * 28 * 28
        (folder / f"{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(pixels))
        labels = struct.pack(">4BI", 0, 0, 8, 1, 2) + bytes([3, 9])
        (folder / f"{stem}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    return folder


def brightness(published, path=None):
    return int(lookup.load(published, "train", path)[0][0, 0, 0, 0])


def test_the_order_of_the_places(nowhere, tmp_path):
    fill(tmp_path / "KERAS_HOME/datasets/fashion-mnist", 3)
    assert brightness(nowhere) == 3
    fill(tmp_path / "system", 2)
    assert brightness(nowhere) == 2
    fill(tmp_path / "KGAN_DATA/fashion-mnist", 1)
    assert brightness(nowhere) == 1
    assert brightness(nowhere, str(fill(tmp_path / "named", 0))) == 0


def test_nothing_found_is_one_line_with_all_that_was_tried(nowhere, tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        lookup.load(nowhere, "train")
    message = str(caught.value)
    assert "\n" not in message
    for part in ("KGAN_DATA", "system", "TFDS_DATA_DIR", "KERAS_HOME", "URL fetch failure"):
        assert part in message
    assert "apt-get install dataset-fashion-mnist" in message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_an_explicit_path_is_not_passed_over(nowhere, tmp_path):
    fill(tmp_path / "system", 2)
    with pytest.raises(FileNotFoundError, match="does not exist; expected a folder with train-images"):
        lookup.load(nowhere, "train", tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="it has no train-images-idx3-ubyte.gz"):
        lookup.load(nowhere, "train", tmp_path / "empty")
    (tmp_path / "file").write_text("")
    with pytest.raises(FileNotFoundError, match="is a file; expected a folder"):
        lookup.load(nowhere, "train", tmp_path / "file")


def test_a_damaged_copy_is_not_passed_over(nowhere, tmp_path):
    fill(tmp_path / "KERAS_HOME/datasets/fashion-mnist", 3)
    images = fill(tmp_path / "system", 2) / "train-images-idx3-ubyte.gz"
    images.write_bytes(images.read_bytes()[:-3])
    with pytest.raises(ValueError, match="train-images-idx3-ubyte.gz is damaged"):
        lookup.load(nowhere, "train")


def test_labels_must_fit_the_images(nowhere, tmp_path):
    folder = fill(tmp_path / "named", 0)
    labels = folder / "train-labels-idx1-ubyte.gz"
    labels.write_bytes(struct.pack(">4BI", 0, 0, 8, 1, 3) + bytes(3))
    with pytest.raises(ValueError, match=r"has 2 images and labels of shape \[3\]"):
        lookup.load(nowhere, "train", folder)
    labels.write_bytes(struct.pack(">4BI", 0, 0, 8, 1, 2) + bytes([0, 10]))
    with pytest.raises(ValueError, match="labels up to 10; expected 0 to 9"):
        lookup.load(nowhere, "train", folder)


def test_a_download_goes_into_keras_cache(nowhere, tmp_path, monkeypatch):
    source = fill(tmp_path / "server", 7)

    def fetch(name, origin, cache_dir, cache_subdir):
        shutil.copy(source / os.path.basename(origin), Path(cache_dir) / cache_subdir / name)

    monkeypatch.setattr(keras.utils, "get_file", fetch)
    assert brightness(nowhere) == 7
    cache = tmp_path / "KERAS_HOME/datasets/fashion-mnist"
    assert sorted(os.listdir(cache)) == sorted(os.listdir(source))


def test_a_download_that_breaks_leaves_nothing(nowhere, tmp_path, monkeypatch):
    source = fill(tmp_path / "server", 7)
    (source / "t10k-labels-idx1-ubyte.gz").write_bytes(b"<html>please log in</html>")

    def fetch(name, origin, cache_dir, cache_subdir):
        shutil.copy(source / os.path.basename(origin), Path(cache_dir) / cache_subdir / name)

    monkeypatch.setattr(keras.utils, "get_file", fetch)
    with pytest.raises(FileNotFoundError, match="a download .*t10k-labels-idx1-ubyte.gz is not an IDX file"):
        lookup.load(nowhere, "train")
    assert os.listdir(tmp_path / "KERAS_HOME/datasets/fashion-mnist") == []


def test_keras_own_download_of_a_dead_server_is_one_line(nowhere, tmp_path, monkeypatch):
    monkeypatch.undo()
    for name in ("KGAN_DATA", "KERAS_HOME", "TFDS_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    dead = dataclasses.replace(nowhere, urls={"a.gz": {"origin": "http://127.0.0.1:9/a.gz"}})
    with pytest.raises(FileNotFoundError, match="URL fetch failure on http://127.0.0.1:9/a.gz") as caught:
        lookup.load(dead, "train")
    assert "\n" not in str(caught.value)


def test_mnist_reads_keras_archive(nowhere, tmp_path):
    folder = tmp_path / "KERAS_HOME/datasets"
    folder.mkdir(parents=True)
    x, y = np.full([2, 28, 28], 5, np.uint8), np.array([1, 2], np.uint8)
    np.savez(folder / "mnist.npz", x_train=x, y_train=y, x_test=x[:1], y_test=y[:1])
    assert mnist.MNIST().batch([1]).labels.tolist() == [2]
    assert len(mnist.MNIST("test")) == 1
    (folder / "mnist.npz").write_bytes((folder / "mnist.npz").read_bytes()[:100])
    with pytest.raises(ValueError, match="mnist.npz is damaged"):
        mnist.MNIST()
