"""Both versions of CIFAR-10, prepared in miniature; and pickles that are not what they should be."""

import os
import pickle

import numpy as np
import pytest

from kgan.datasets import CIFAR10

NAMES = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]


def planes(seed):
    return np.random.default_rng(seed).integers(0, 256, [4, 3072], np.uint8)


def python2_pickle(data, labels):
    """What Python 2's cPickle wrote: byte strings, and an array by numpy's old names."""
    content = data.tobytes()
    return b"".join(
        [
            b"\x80\x02}(U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R",
            b"(K\x01K" + bytes([len(data)]) + b"M\x00\x0c\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R",
            b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
            b"T" + len(content).to_bytes(4, "little") + content + b"tb",
            b"U\x06labels](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e",
            b"U\x0bbatch_labelU\x05helloU\x09filenames]u.",
        ]
    )


def python3_pickle(data, labels):
    return pickle.dumps({b"data": data, b"labels": labels}, protocol=4)


def write(folder, content):
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(NAMES):
        (folder / name).write_bytes(content(planes(seed), [seed, 1, 2, 3]))
    return folder


@pytest.mark.parametrize("content", [python2_pickle, python3_pickle])
def test_python_version(tmp_path, content):
    write(tmp_path / "cifar-10-batches-py", content)
    train, test = CIFAR10("train", path=tmp_path), CIFAR10("test", path=tmp_path / "cifar-10-batches-py")
    assert (len(train), len(test)) == (20, 4)
    images, labels = train.batch([4])  # the first of the second file
    assert labels.tolist() == [1]
    expected = planes(1)[0].reshape([3, 32, 32]).transpose(1, 2, 0)
    assert np.array_equal(images[0], expected)


def test_binary_version_is_the_same_set(tmp_path):
    python = write(tmp_path / "python", python3_pickle)
    binary = tmp_path / "binary" / "cifar-10-batches-bin"
    binary.mkdir(parents=True)
    for seed, name in enumerate(NAMES):
        labels = np.array([[seed], [1], [2], [3]], np.uint8)
        np.concatenate([labels, planes(seed)], axis=1).tofile(binary / f"{name}.bin")
    ours, theirs = CIFAR10(path=python).batch(range(20)), CIFAR10(path=tmp_path / "binary").batch(range(20))
    assert np.array_equal(ours.images, theirs.images)
    assert np.array_equal(ours.labels, theirs.labels)


class Hostile:
    def __reduce__(self):
        return os.system, ("touch hostile",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({b"data": Hostile()}), "asks for posix.system"),
        (pickle.dumps({b"data": np.zeros([4, 3072], np.float32), b"labels": [0] * 4}, 4), "instead of unsigned bytes"),
        (pickle.dumps({b"data": np.zeros([4, 3071], np.uint8), b"labels": [0] * 4}, 4), r"the shape \[4, 3071\]"),
        (pickle.dumps({b"labels": [0] * 4}), "KeyError"),
        (pickle.dumps([1, 2, 3]), "not a batch of CIFAR-10"),
        (python3_pickle(planes(0), [0] * 4)[:-50], "not a batch of CIFAR-10"),
        (python2_pickle(planes(0), [0] * 4).replace(b"M\x00\x0c", b"M\x01\x0c"), "not a batch of CIFAR-10"),
        (b"", "not a batch of CIFAR-10"),
    ],
)
def test_hostile_and_damaged_pickles(tmp_path, monkeypatch, content, message):
    monkeypatch.chdir(tmp_path)
    (write(tmp_path, python3_pickle) / "test_batch").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        CIFAR10("test", path=tmp_path)
    assert not (tmp_path / "hostile").exists()


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="neither data_batch_1.bin nor data_batch_1"):
        CIFAR10(path=tmp_path)
    write(tmp_path, python3_pickle)
    (tmp_path / "data_batch_3").unlink()
    with pytest.raises(FileNotFoundError, match="it has data_batch_1 but no data_batch_3"):
        CIFAR10(path=tmp_path)
    (tmp_path / "test_batch.bin").write_bytes(bytes(3072))
    with pytest.raises(ValueError, match="has 3,072 bytes; expected a multiple of 3,073"):
        CIFAR10("test", path=tmp_path)
