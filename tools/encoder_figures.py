"""What the encoders of runs have learnt: how well G(E(x)) is x, and, of images with classes, what E knows of them.

    python tools/encoder_figures.py runs/bigan_fashion --out docs/bigan_fashion.png

For each run, on the test examples (of data sets without a test split the examples themselves): the mean Euclidean
distance between x and G(E(x)), and between two random examples, in the units of the networks. Of images with classes
also the share of test images whose nearest training image has their class, in the space of E(x), of the layer before
it, of the same two of an untrained E, and of pixels (Donahue et al. 2016, table 1). The picture has test images above
their G(E(x)).
"""

from pathlib import Path

import click
import keras
import numpy as np

import kgan
from kgan import recipe
from kgan.images import grid, write_png
from kgan.metrics import nearest_neighbors
from kgan.running import experiment

BLOCK = 500
SHOWN, COLUMNS = 60, 20


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--train", default=60_000, show_default=True, help="Training images that may be the nearest.")
@click.option("--out", type=click.Path(path_type=Path), help="PNG of test images above their reconstructions.")
def main(runs, train, out):
    """Prints the figures of RUNS."""
    for run in runs:
        plan = recipe.load(run / "recipe.yaml")
        known, gan = plan.build("dataset", plan.dataset), kgan.load(run)
        config = known.get_config()
        held_out = type(known).from_config(config | {"split": "test"}) if "split" in config else known
        examples = _encoded(held_out, len(held_out))
        made = _values(gan.kind, gan.reconstruct(examples))
        other = np.random.default_rng(0).permutation(len(examples))
        error, random = (_distance(examples, one) for one in (made, examples[other]))
        print(
            f"{run.name}: step {int(gan.step.numpy())}, |x - G(E(x))| {error:.3f}, of a random pair {random:.3f}, "
            f"ratio {error / random:.3f}"
        )
        if known.class_names and gan.kind.visible:
            _, untrained = experiment.build(plan)
            _classes(known, held_out, examples, {"trained": gan, "untrained": untrained}, train)
        if out and gan.kind.visible:
            shown = gan.kind.stored(examples[:SHOWN]), gan.kind.stored(made[:SHOWN])
            rows = [part[at : at + COLUMNS] for at in range(0, SHOWN, COLUMNS) for part in shown]
            write_png(out, grid(np.concatenate(rows), COLUMNS))


def _classes(known, held_out, examples, games, train):
    """Prints the accuracies of the nearest neighbour."""
    train = min(train, len(known))
    references = _encoded(known, train)
    theirs, right = known.batch(np.arange(train)).labels, held_out.batch(np.arange(len(held_out))).labels
    spaces = {"pixels": (references.reshape(train, -1), examples.reshape(len(examples), -1))}
    for name, game in games.items():
        inside = keras.Model(game.ema_encoder.inputs, game.ema_encoder.layers[-1].input)
        for space, network in ((f"E(x), {name}", game.ema_encoder), (f"the layer before, {name}", inside)):
            spaces[space] = tuple(network.predict(part, verbose=0) for part in (references, examples))
    for space, (near, queries) in spaces.items():
        _, places = nearest_neighbors(queries, near, k=1)
        print(f"  1-NN accuracy in {space}: {np.mean(theirs[places[:, 0]] == right):.2%}")


def _encoded(dataset, count):
    blocks = (dataset.batch(np.arange(at, min(at + BLOCK, count))).images for at in range(0, count, BLOCK))
    return np.concatenate([np.asarray(dataset.encode(block), np.float32) for block in blocks])


def _values(kind, stored):
    return np.asarray(kind.seen(stored), np.float32)


def _distance(one, other):
    return float(np.sqrt(np.square(one - other).reshape(len(one), -1).sum(axis=1)).mean())


if __name__ == "__main__":
    main()
