"""What `--devices` takes, and refuses with a sentence; sums whose last bit does not depend on timing."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from kgan import devices


def test_one_device_needs_no_strategy():
    assert devices.mirrored("1") is None
    assert devices.mirrored("CPU:0") is None


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("0", "expected at least 1 device, got 0"),
        ("100000", "expected at most 64 parts of the CPU, got 100000"),
        ("GPU:7", "there is no device 'GPU:7' here"),
        ("-1", "there is no device '-1' here"),
        ("CPU:0,CPU:0", "a device is named twice"),
    ],
)
def test_what_cannot_be_had_is_named(asked, says):
    with pytest.raises(ValueError, match=f"--devices: {says}"):
        devices.mirrored(asked)


@tf.function
def sums(parts, weights):
    """24 sums of three and four, whose terms have other readers."""
    found = []
    for index in range(12):
        a, b, c, d = parts
        read = tf.add_n([tf.reduce_sum(tf.sin(part)) for part in parts])
        found += [tf.add_n([a, b, c]), tf.add_n([b, c, d, a])]
        parts = [tf.sin(found[-2]), tf.cos(found[-1]), tf.tanh(found[-2] @ weights[index % 4]), d + 1e-6 * read]
    return tf.concat(found, axis=0)


def test_sums_have_the_same_bits_every_time():
    """With two threads between operations the first 90 runs, in which TensorFlow clocks them, differ from the others."""
    assert tf.config.threading.get_inter_op_parallelism_threads() == 1
    drawn = tf.constant(np.random.default_rng(0).normal(size=[8, 32, 32]), tf.float32)
    parts, weights = tf.unstack(drawn[:4]), tf.unstack(drawn[4:])
    assert len({sums(parts, weights).numpy().tobytes() for _ in range(400)}) == 1


@pytest.mark.parametrize(("given", "found"), [(None, 1), ("3", 3)])
def test_kgan_fit_runs_one_operation_at_a_time_unless_told_otherwise(tmp_path, given, found):
    (tmp_path / "toy.yaml").write_text(
        "{name: toy, steps: 1, batch_size: 8, dataset: {RingOfGaussians: {size: 64}}, generator: {MLPGenerator: {}}, "
        "discriminator: {MLPDiscriminator: {}}, objective: {StandardGAN: {}}, "
        "optimizers: {generator: {SGD: {}}, discriminator: {SGD: {}}}}"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_NUM_")}
    environment |= {"TF_NUM_INTEROP_THREADS": given} if given else {}
    command = [sys.executable, "-c", "from kgan.cli import main; main()", "fit", "toy.yaml", "--run-dir", "run"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert json.loads((tmp_path / "run" / "environment.json").read_text())["threads"][0] == found
