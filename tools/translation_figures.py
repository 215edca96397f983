"""How well runs of two domains that are one known map of each other have found that map.

    python tools/translation_figures.py runs/cyclegan_negative_fashion --undo negative

For each run: the mean |G(x) - truth| over the 10,000 test images of Fashion-MNIST, of values in [-1, 1]; and the share
of them whose class, by the data set's own classifier (`kgan classifier FashionMNIST`), is the same before and after the
map, which is undone first.
"""

import json
from pathlib import Path

import click
import numpy as np

import kgan
from kgan.evaluation.extractors import find

TRUTH = {"negative": lambda images: 255 - images, "turned": lambda images: np.rot90(images, 1, axes=(1, 2))}
UNDO = {"negative": lambda images: 255 - images, "turned": lambda images: np.rot90(images, -1, axes=(1, 2))}


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--undo", type=click.Choice(sorted(UNDO)), default="negative", show_default=True)
def main(runs, undo):
    """Prints the figures of RUNS."""
    dataset = kgan.datasets.FashionMNIST(split="test")
    images, labels = dataset.batch(np.arange(len(dataset)))
    classifier = find("classifier", dataset)
    before = _classes(classifier, images)
    print(f"classifier on the test images: {np.mean(before == labels):.1%} right")
    for run in runs:
        gan = kgan.load(run)
        mapped = gan.map(images, to="b")
        l1 = np.abs(mapped.astype(np.float64) - TRUTH[undo](images)).mean() / 127.5
        after = _classes(classifier, np.ascontiguousarray(UNDO[undo](mapped)))
        share = [float(np.mean(after[before == k] == k)) for k in range(10)]
        print(
            f"{run.name}: step {int(gan.step.numpy())}, L1 {l1:.4f}, class kept {np.mean(after == before):.1%}, right "
            f"{np.mean(after == labels):.1%}; by class {json.dumps([round(x, 2) for x in share])}"
        )
        table = np.array([[np.mean(after[before == k] == m) for m in range(10)] for k in range(10)])
        moved = [(k, int(row.argmax())) for k, row in enumerate(table) if row.argmax() != k]
        print(f"  most of a class goes to another: {moved or 'none'}")


def _classes(classifier, images):
    parts = [classifier(images[at : at + 256])["logits"].argmax(axis=1) for at in range(0, len(images), 256)]
    return np.concatenate(parts)


if __name__ == "__main__":
    main()
