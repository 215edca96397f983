"""The contract of every data set, over all that can be made without a network; and the order of the stream."""

import gzip
import struct

import numpy as np
import pytest

from kgan import datasets
from kgan.datasets.dataset import Order
from kgan.images import write_png


def write_idx(folder, count=20):
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, [count, 28, 28], np.uint8)
    labels = (np.arange(count) % 10).astype(np.uint8)
    for stem in ("train", "t10k"):
        header = struct.pack(">4B3I", 0, 0, 8, 3, *images.shape)
        (folder / f"{stem}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + images.tobytes(), 1))
        (folder / f"{stem}-labels-idx1-ubyte").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, count) + labels.tobytes())
    return str(folder)


def write_cifar(folder, count=20):
    rng = np.random.default_rng(2)
    for name in ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"):
        records = rng.integers(0, 256, [count, 3073], np.uint8)
        records[:, 0] = np.arange(count) % 10
        records.tofile(folder / f"{name}.bin")
    return str(folder)


def write_images(folder):
    rng = np.random.default_rng(3)
    for name in ("b/1.png", "a/1.png", "a/2.png"):
        write_png(folder / name, rng.integers(0, 256, [6, 9, 3], np.uint8))
    return str(folder)


def write_npz(folder, images, **labels):
    np.savez(folder / "set.npz", images=images, **labels)
    return str(folder / "set.npz")


UNIFORM = np.random.default_rng(4).uniform(-1, 1, [20, 5]).astype(np.float32)

SETS = {
    "ring": lambda folder: datasets.RingOfGaussians(size=500),
    "grid": lambda folder: datasets.GridOfGaussians(size=500),
    "swiss roll": lambda folder: datasets.SwissRoll(size=500),
    "lines": lambda folder: datasets.ParallelLines(theta=-3.0, size=500),
    "showers": lambda folder: datasets.Showers(size=300),
    "wide showers": lambda folder: datasets.Showers(split="test", size=30, grid=[8, 12], threshold=3.0, seed=1),
    "mnist": lambda folder: datasets.MNIST(path=write_idx(folder)),
    "fashion": lambda folder: datasets.FashionMNIST("test", path=write_idx(folder)),
    "cifar": lambda folder: datasets.CIFAR10(path=write_cifar(folder)),
    "folder": lambda folder: datasets.ImageFolder(write_images(folder)),
    "fitted folder": lambda folder: datasets.ImageFolder(write_images(folder), image_shape=[4, 4, 4]),
    "npz pixels": lambda folder: datasets.NPZ(write_npz(folder, np.arange(256, dtype=np.uint8).reshape([4, 8, 8]))),
    "npz vectors": lambda folder: datasets.NPZ(write_npz(folder, UNIFORM, y=np.arange(20)), labels="y"),
    "npz conditions": lambda folder: datasets.NPZ(write_npz(folder, UNIFORM, labels=UNIFORM), labels="labels"),
}


@pytest.fixture(params=SETS)
def dataset(request, tmp_path):
    return SETS[request.param](tmp_path)


def test_batch_has_the_announced_shapes_and_types(dataset):
    indices = np.array([len(dataset) - 1, 0, 0])
    images, labels = dataset.batch(indices)
    assert images.shape == (3, *dataset.data_shape)
    assert images.dtype in (np.uint8, np.float32)
    assert np.array_equal(images[1], images[2])
    if dataset.class_names:
        assert dataset.num_classes == len(dataset.class_names)
        assert labels.shape == (3,)
        assert labels.dtype == np.int32
        assert 0 <= labels.min() <= labels.max() < dataset.num_classes
    elif dataset.conditions:
        assert labels.shape == (3, len(dataset.conditions))
        assert labels.dtype == np.float32
        ranges = np.array(list(dataset.conditions.values()))
        assert np.all((ranges[:, 0] <= labels) & (labels <= ranges[:, 1] + 1e-5))
    else:
        assert labels is None
    assert len(dataset.batch([]).images) == 0


def test_image_shape_is_for_images(dataset):
    if len(dataset.data_shape) == 3:
        assert dataset.image_shape == dataset.data_shape
    else:
        with pytest.raises(AttributeError, match="vectors"):
            _ = dataset.image_shape


def test_encode_reaches_into_minus_one_to_one_and_decode_is_its_inverse(dataset):
    images = dataset.batch(np.arange(len(dataset))).images
    encoded = dataset.encode(images)
    assert encoded.dtype == np.float32
    assert -1 <= encoded.min() <= encoded.max() <= 1
    decoded = dataset.decode(encoded)
    assert decoded.dtype == images.dtype
    np.testing.assert_allclose(decoded, images, rtol=1e-5, atol=1e-6)


def test_configuration_gives_the_same_set(dataset):
    config = dataset.get_config()
    again = type(dataset).from_config(config)
    assert again.get_config() == config
    indices = np.arange(len(dataset))
    for ours, theirs in zip(dataset.batch(indices), again.batch(indices), strict=True):
        assert np.array_equal(ours, theirs)


def test_stream_is_a_permutation_of_the_set_in_each_epoch(dataset):
    batch_size = 2
    steps = -(-len(dataset) // batch_size) if len(dataset) < 50 else 3
    stream = list(dataset.batches(batch_size, seed=5, steps=steps).as_numpy_iterator())
    labelled = dataset.batch([0]).labels is not None
    images = np.concatenate([batch[0] if labelled else batch for batch in stream])
    assert images.dtype == np.float32
    assert images.shape == (batch_size * steps, *dataset.data_shape)
    order = Order(len(dataset), 5).indices(0, batch_size * steps)
    assert np.array_equal(images, dataset.encode(dataset.batch(order).images))
    if labelled:
        assert np.array_equal(np.concatenate([batch[1] for batch in stream]), dataset.batch(order).labels)


def test_start_skips_batches():
    ring = datasets.RingOfGaussians(size=10)
    whole = list(ring.batches(4, seed=2, steps=6).as_numpy_iterator())
    rest = list(ring.batches(4, seed=2, start=4, steps=2).as_numpy_iterator())
    for (ours, _), (theirs, _) in zip(whole[4:], rest, strict=True):
        assert np.array_equal(ours, theirs)


def test_stream_without_steps_says_that_it_has_no_end():
    import tensorflow as tf

    stream = datasets.RingOfGaussians(size=10).batches(4, start=3)
    assert stream.cardinality() == tf.data.INFINITE_CARDINALITY
    assert stream.element_spec[0].shape == (4, 2)
    assert stream.element_spec[1].dtype == tf.int32


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"batch_size": 2, "start": -1}, {"batch_size": 2, "seed": -1}])
def test_stream_refuses_wrong_arguments(wrong):
    with pytest.raises(ValueError, match="expected a whole number"):
        datasets.RingOfGaussians(size=10).batches(**wrong)


def test_order_has_every_index_once_in_each_epoch():
    order = Order(7, seed=3)
    epochs = order.indices(0, 21).reshape([3, 7])
    assert np.array_equal(np.sort(epochs, axis=1), np.tile(np.arange(7), [3, 1]))
    assert not np.array_equal(epochs[0], epochs[1])
    assert np.array_equal(order.indices(5, 9), epochs.ravel()[5:14])


def test_order_is_a_function_of_the_seed():
    assert np.array_equal(Order(100, 1).permutation(4), Order(100, 1).permutation(4))
    assert not np.array_equal(Order(100, 1).permutation(4), Order(100, 2).permutation(4))
    assert len(Order(5, 2**64 - 1).permutation(0)) == 5


def test_every_public_set_is_covered():
    made_elsewhere = {"Dataset", "TFDS"} | {"Domains", "Negative", "Part", "Turned", "View"}  # in files of their own
    covered = {"RingOfGaussians", "GridOfGaussians", "SwissRoll", "ParallelLines", "Showers", "MNIST", "FashionMNIST"}
    assert set(datasets.__all__) == covered | {"CIFAR10", "ImageFolder", "NPZ"} | made_elsewhere
