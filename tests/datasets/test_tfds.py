"""TFDS on sets that are prepared here by hand: tensorflow_datasets' own files, without its builders."""

import json

import numpy as np
import pytest
import tensorflow as tf

from kgan.datasets import MNIST, TFDS

tfds = pytest.importorskip("tensorflow_datasets", reason="tensorflow_datasets is not installed")


def image(number, shape):
    return np.full(shape, 40 * number, np.uint8)


def prepare(root, file_format, name="tiny", shape=(8, 6, 3), fixed=True, version="1.0.0", count=6):
    folder = root / name / version
    name = name.partition("/")[0]
    folder.mkdir(parents=True)
    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=shape if fixed else (None, None, shape[-1])),
            "label": tfds.features.ClassLabel(names=["a", "b", "c"]),
            "note": tfds.features.Text(),
        }
    )
    examples = [{"image": image(n, shape), "label": n % 3, "note": "x"} for n in range(count)]
    records = [features.serialize_example(features.encode_example(example)) for example in examples]
    template = tfds.core.ShardedFileTemplate(
        data_dir=folder, dataset_name=name, split="train", filetype_suffix=file_format
    )
    path = str(template.sharded_filepath(shard_index=0, num_shards=1))
    if file_format == "tfrecord":
        with tf.io.TFRecordWriter(path) as writer:
            for record in records:
                writer.write(record)
    else:
        module = pytest.importorskip("array_record.python.array_record_module", reason="array_record is not installed")
        writer = module.ArrayRecordWriter(path, "group_size:1")
        for record in records:
            writer.write(record)
        writer.close()
    info = {
        "name": name,
        "version": version,
        "fileFormat": file_format,
        "splits": [
            {
                "name": "train",
                "shardLengths": [str(count)],
                "numBytes": str(sum(map(len, records))),
                "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
            }
        ],
    }
    (folder / "dataset_info.json").write_text(json.dumps(info))
    features.save_config(str(folder))
    return str(root)


@pytest.mark.parametrize("file_format", ["tfrecord", "array_record"])
def test_random_access(tmp_path, file_format):
    dataset = TFDS("tiny", data_dir=prepare(tmp_path, file_format))
    assert len(dataset) == 6
    assert dataset.image_shape == (8, 6, 3)
    assert dataset.class_names == ("a", "b", "c")
    images, labels = dataset.batch(np.array([4, 0, 4]))
    assert images.dtype == np.uint8
    assert labels.dtype == np.int32
    assert labels.tolist() == [1, 0, 1]
    assert np.array_equal(images, [image(4, (8, 6, 3)), image(0, (8, 6, 3)), image(4, (8, 6, 3))])
    assert len(dataset.batch([]).images) == 0
    again = TFDS.from_config(dataset.get_config())
    assert np.array_equal(again.batch([1]).images, dataset.batch([1]).images)
    encoded, _ = next(dataset.batches(4, steps=1).as_numpy_iterator())
    assert encoded.shape == (4, 8, 6, 3)


@pytest.mark.parametrize("file_format", ["tfrecord", "array_record"])
def test_images_of_any_shape_are_fitted(tmp_path, file_format):
    root = prepare(tmp_path, file_format, fixed=False)
    with pytest.raises(ValueError, match="differ in shape; set `image_shape"):
        TFDS("tiny", data_dir=root)
    dataset = TFDS("tiny", data_dir=root, label_key=None, image_shape=[4, 4, 1])
    images, labels = dataset.batch([5])
    assert labels is None
    assert np.array_equal(images[0], image(5, (4, 4, 1)))


def test_parts_and_versions(tmp_path):
    prepare(tmp_path, "tfrecord", version="9.0.0", count=1)
    root = prepare(tmp_path, "tfrecord", version="10.0.0", count=4)
    assert len(TFDS("tiny", data_dir=root)) == 4
    assert len(TFDS("tiny:9.0.0", data_dir=root)) == 1
    assert len(TFDS("tiny", split="train[:50%]", data_dir=root)) == 2


def test_errors(tmp_path, monkeypatch):
    root = prepare(tmp_path, "tfrecord")
    with pytest.raises(FileNotFoundError, match="no prepared set other; prepare it"):
        TFDS("other", data_dir=root)
    with pytest.raises(FileNotFoundError, match="no prepared set tiny:2.0.0"):
        TFDS("tiny:2.0.0", data_dir=root)
    with pytest.raises(ValueError, match="no split 'test'; expected one of train"):
        TFDS("tiny", split="test", data_dir=root)
    with pytest.raises(ValueError, match="no image feature 'picture'"):
        TFDS("tiny", image_key="picture", data_dir=root)
    with pytest.raises(ValueError, match="no class label 'note'.*`label_key: null`"):
        TFDS("tiny", label_key="note", data_dir=root)
    with pytest.raises(ValueError, match=r"name is '../tiny'"):
        TFDS("../tiny", data_dir=root)
    prepare(tmp_path, "tfrecord", name="many/one")
    with pytest.raises(FileNotFoundError, match="configurations one: name one, as many/one"):
        TFDS("many", data_dir=root)
    assert len(TFDS("many/one", data_dir=root)) == 6


def test_a_missing_module_is_named(tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise ModuleNotFoundError("No module named 'importlib_resources'", name="importlib_resources")

    monkeypatch.setattr(tfds, "builder", fail)
    with pytest.raises(ImportError, match="`pip install importlib_resources`"):
        TFDS("mnist", data_dir=str(tmp_path), download=True)


def test_published_sets_are_found_in_a_prepared_folder(tmp_path, monkeypatch):
    for name in ("KGAN_DATA", "KERAS_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("TFDS_DATA_DIR", prepare(tmp_path / "tfds", "tfrecord", name="mnist", shape=(28, 28, 1)))
    images, labels = MNIST().batch([2])
    assert labels.tolist() == [2]
    assert np.array_equal(images[0], image(2, (28, 28, 1)))
