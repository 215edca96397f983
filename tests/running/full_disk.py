"""Fills a file system and writes to it with everything that writes: python -m tests.running.full_disk FOLDER.

FOLDER is the mount point.

A crash of a library must not end the tests, so this is a process of its own. Prints a line for each writer.
"""

import os
import sys
import warnings
from pathlib import Path

if __name__ == "__main__":  # pytest looks for doctests here too
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["XDG_CACHE_HOME"] = f"{sys.argv[1]}/cache"

import keras
import numpy as np

import kgan
from kgan import files, images, kinds
from kgan.callbacks import Log
from kgan.classifier import Classifier
from kgan.classifier import network as networks
from kgan.evaluation import gathering, records
from kgan.runs import checkpoint
from kgan.using import export
from tests.running.filling import fill

disk = Path(sys.argv[1] if __name__ == "__main__" else "")


def game():
    gan = kgan.StandardGAN(
        kgan.architectures.MLPGenerator((2,), 4, [64, 64]), kgan.architectures.MLPDiscriminator((2,), [64, 64])
    )
    gan.compile(generator_optimizer=keras.optimizers.Adam(), discriminator_optimizer=keras.optimizers.Adam())
    gan.run_dir = disk
    return gan


def classifier():
    network = networks.build((28, 28, 1), 10)
    return Classifier(network, {"image_shape": [28, 28, 1], "class_names": list("0123456789")})


def main():
    gan, noise = game(), np.random.default_rng(0)
    log = Log()
    log.set_model(gan)
    log.on_train_begin()
    arrays = {"a": noise.normal(size=[100, 1000])}
    page = "x" * 400_000
    picture = noise.integers(0, 256, [400, 400, 3]).astype(np.uint8)
    known = classifier()
    writers = {
        "checkpoint": lambda: checkpoint.save(gan, disk / "checkpoints", {}),
        "keras": lambda: gan.save(disk / "gan.keras"),
        "weights": lambda: gan.save_weights(disk / "gan.weights.h5"),
        "log": lambda: [log.on_epoch_end(0, {"d_loss": 0.0}) for _ in range(2000)],
        "evaluations": lambda: records.append(disk / "evaluations.jsonl", [{"metric": page, "key": "fd", "value": 1}]),
        "picture": lambda: images.write_png(disk / "a.png", picture),
        "points": lambda: kinds.Vectors().draw(disk / "b.png", noise.normal(size=[5000, 2])),
        "npz": lambda: sampling_npz(disk / "a.npz", arrays),
        "classifier": lambda: known.save(disk / "classifier.npz"),
        "page": lambda: files.write(disk / "rate.html", page.encode()),
        "export": lambda: export.export(gan, disk / "served"),
    }
    for leave in (0, 6_000, 40_000):
        fill(disk, leave)
        before = tree()
        for name, write in writers.items():
            try:
                write()
                said = "wrote"
            except OSError as error:
                said = f"{error.strerror}: {Path(error.filename).relative_to(disk).parts[0]}"
            print(leave, name, said, ", ".join(sorted(tree() - before)) or "nothing")
            for path in tree() - before - {"log.jsonl"}:
                (disk / path).unlink()
        lines = (disk / "log.jsonl").read_text() if (disk / "log.jsonl").exists() else ""
        print(leave, "lines", "whole" if not lines or lines.endswith("}\n") else "half")
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            gathering._write(files.cache() / "references" / "a.npz", arrays)
        print(leave, "cache", *(one.message for one in said))


def tree():
    return {str(path.relative_to(disk)) for path in disk.rglob("*") if path.is_file()}


def sampling_npz(path, arrays):
    with files.replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)


if __name__ == "__main__":
    main()
