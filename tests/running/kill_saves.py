"""Kills processes while they save, and reads what they leave: python kill_saves.py FOLDER COUNT.

Each process writes checkpoints whose every number is the step, as fast as it can. TensorFlow is imported once,
here, where nothing is computed with it; the processes are forks.
"""

import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
import keras
import numpy as np

import kgan
from kgan.runs import checkpoint


def save_for_ever(folder, ready):
    gan = kgan.StandardGAN(
        kgan.architectures.MLPGenerator((2,), 4, [64, 64]), kgan.architectures.MLPDiscriminator((2,), [64, 64])
    )
    gan.compile(generator_optimizer=keras.optimizers.Adam(), discriminator_optimizer=keras.optimizers.Adam())
    found = checkpoint.latest(folder)
    step = found[1]["step"] if found else 0
    while True:
        step += 1
        for variable in [*gan.weights, *gan.optimizer.variables]:
            variable.assign(np.full(variable.shape, step))
        checkpoint.save(gan, folder, {"step": step})
        checkpoint.prune(folder, keep=2)
        os.write(ready, b"+")


def wrong(folder):
    """What is the matter with the newest checkpoint that can be read, or None."""
    with warnings.catch_warnings(record=True) as damaged:
        warnings.simplefilter("always")
        found = checkpoint.latest(folder)
    if damaged:
        return str(damaged[0].message)
    if found is None:
        return "no checkpoint"
    commit, record = found
    values = set()
    with h5py.File(commit.with_name(commit.name.replace(".json", ".weights.h5"))) as file:
        file.visititems(
            lambda name, item: values.update(np.unique(item[()])) if isinstance(item, h5py.Dataset) else None
        )
    if values != {record["step"]} or record["state"] != {"step": record["step"]}:
        return f"{commit} says {record['state']} and holds {sorted(values)[:4]}"
    return None


def main(folder, count):
    chance = random.Random(0)
    mistakes, steps = [], []
    for number in range(count):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            save_for_ever(folder, writing)
        os.read(reading, 1)  # one save is done; the next is under way
        time.sleep(chance.uniform(0.0, 0.3))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)
        mistake = wrong(folder)
        if mistake:
            mistakes.append(f"kill {number}: {mistake}")
        else:
            steps.append(checkpoint.latest(folder)[1]["step"])
    left = len(list(Path(folder).glob(".tmp-*")))
    print(f"{count} kills, {steps[-1] if steps else 0} saves, {left} unfinished files, {len(mistakes)} mistakes")
    print("\n".join(mistakes), end="")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
