"""Samples beside the training images that are nearest to them: whether a generator has learnt by heart."""

from pathlib import Path

import keras
import numpy as np

from kgan import images as pixels
from kgan import recipe
from kgan.classifier import splits
from kgan.evaluation import Real, made_by
from kgan.evaluation.extractors import CHOICES, find
from kgan.evaluation.gathering import progress
from kgan.evaluation.sources import BLOCK
from kgan.files import replacing
from kgan.metrics import nearest_neighbors
from kgan.using.loading import good_for

SAMPLES, HELD_OUT = "samples", "held-out images"
ROWS = 8192  # training images whose features are held at a time
MOST = 500  # samples, and held-out images, whose distances are drawn


def neighbors(run, out, count=12, k=5, spaces=None, seed=0):
    """Draws samples beside their nearest training images, and the distances of many of them.

    Under each space: a row for each sample, first the sample, then its k nearest training images; then the
    distribution of the distance to the nearest training image, of samples and, where the data set has a test split, of
    held-out images: a generator that copies has its samples nearer than held-out images are. The samples of a game that
    maps images are what it makes of the first domain.

    Args:
        run: a run folder of images.
        out: PNG to write.
        count: samples in the picture.
        k: neighbours of each.
        spaces: "pixels", a judge of the game such as "discriminator" (what its last layer sees), "classifier",
            "inception", or a classifier's file: the last three have not seen the generator. None for pixels and, of a
            game of samples, its judges of images.
        seed: of the latents.

    Returns:
        {space: (median distance of samples to their nearest training image, that of held-out images or None)}.

    Raises:
        ValueError: no images, an unknown space, or k beyond the training images.
        FileNotFoundError: no run, or no weights for a space.
    """
    run = Path(run)
    if Path(out).suffix.lower() != ".png":
        raise ValueError(f"--out {out}: expected the name of a PNG file, like {Path(out).with_suffix('.png')}.")
    if not (run / "recipe.yaml").is_file():
        raise ValueError(f"{run} is no run folder, and its training images are not known.")
    model, plan = good_for(run, "sample", "map"), recipe.load(run / "recipe.yaml")
    samples = any(product.verb == "sample" for product in model.products)
    judges = model.judges_of_examples() if samples else []
    spaces = spaces or ["pixels", *judges]
    dataset = plan.build("dataset", plan.dataset)
    source = next(iter(made_by(model, dataset, seed).values()))
    dataset = next(iter(dataset.references.values()))
    for space in spaces:
        if space in plan.networks and space not in judges:
            raise ValueError(
                f"{space} is no judge of samples alone; name other spaces: {', '.join([*judges, CHOICES])}."
            )
    if not dataset.kind.visible:
        raise ValueError(
            f"{type(dataset).__name__} holds {dataset.kind.plural.lower()}, and neighbours are drawn of images."
        )
    if not 1 <= k <= len(dataset):
        raise ValueError(f"k must be from 1 to {len(dataset)}, the number of training images; got {k}.")
    held_out, real = _held_out(dataset), Real(dataset)
    many = max(count, min(MOST, len(dataset)))
    queries = {SAMPLES: _images(source, many)}
    if held_out is not None:
        queries[HELD_OUT] = _images(Real(held_out), min(many, len(held_out)))
    parts, medians = {}, {}
    for space in dict.fromkeys(spaces):
        extractor = _Judge(model, space) if space in judges else find(space, dataset)
        distances, indices = _nearest(queries, real, k, extractor, space)
        shown = real.dataset.batch(real.places(indices[SAMPLES][:count].ravel())).images
        shown = shown if shown.dtype == np.uint8 else dataset.kind.stored(dataset.encode(shown))
        shown = shown.reshape(count, k, *shown.shape[1:])
        nearest = {name: values[:, 0] for name, values in distances.items()}
        parts[space] = queries[SAMPLES][:count], shown, nearest
        medians[space] = tuple(float(np.median(nearest[n])) if n in nearest else None for n in (SAMPLES, HELD_OUT))
    _draw(parts, out)
    return medians


def _images(source, count):
    return np.concatenate(list(source.images(count)))


def _nearest(queries, real, k, extractor, space):
    """Of each set of images the distances and places of the k nearest training images, which come block by block."""
    features = {name: _features(extractor, images) for name, images in queries.items()}
    distances = {name: np.full([len(rows), 0], np.inf) for name, rows in features.items()}
    indices = {name: np.zeros([len(rows), 0], np.int64) for name, rows in features.items()}
    seen, waiting = 0, []
    with progress(len(real), f"neighbours, {space}") as advance:
        for block in real.images(len(real)):
            waiting.append(extractor(block)["features"])
            advance(len(block))
            if sum(map(len, waiting)) < ROWS and seen + sum(map(len, waiting)) < len(real):
                continue
            train = np.concatenate(waiting)
            for name, rows in features.items():
                near, places = nearest_neighbors(rows, train, min(k, len(train)))
                both = np.concatenate([distances[name], near], axis=1)
                order = np.argsort(both, axis=1, kind="stable")[:, :k]
                distances[name] = np.take_along_axis(both, order, axis=1)
                both = np.concatenate([indices[name], seen + places], axis=1)
                indices[name] = np.take_along_axis(both, order, axis=1)
            seen, waiting = seen + len(train), []
    return distances, indices


def _features(extractor, images):
    return np.concatenate([extractor(images[at : at + BLOCK])["features"] for at in range(0, len(images), BLOCK)])


def _held_out(dataset):
    """The test split, where there is one."""
    try:
        return splits(dataset)[1]
    except ValueError:  # `splits` refuses a set without classes, which may still have a split
        config = dataset.get_config()
        if "split" not in config:
            return None
        try:
            return type(dataset).from_config(config | {"split": "test"})
        except ValueError:
            return None


class _Judge:
    """The inputs of a judge's last layer with weights, as features. Labels, where it takes any, are zeros."""

    def __init__(self, model, name):
        network, self._roles = getattr(model, name), model.inputs_of[name]
        last = [layer for layer in network.layers if layer.weights][-1]
        seen = last.input[0] if isinstance(last.input, list | tuple) else last.input
        self._network = keras.Model(network._inputs_struct, seen)

    def __call__(self, images):
        label = self._roles.tensor("labels")
        labels = None if label is None else np.zeros([len(images), *label.shape[1:]], label.dtype)
        features = self._network(self._roles.inputs(images=pixels.to_float(images), labels=labels), training=False)
        return {"features": np.asarray(keras.ops.cast(features, "float32")).reshape(len(images), -1)}


def _draw(parts, out):
    from matplotlib.figure import Figure

    count, k = next(iter(parts.values()))[1].shape[:2]
    side = 0.55
    figure = Figure(figsize=(max(4, (k + 1.3) * side * len(parts) + 0.6), count * side + 2.6), layout="constrained")
    figures = figure.subfigures(1, len(parts), squeeze=False)[0]
    for part, (space, (fakes, train, nearest)) in zip(figures, parts.items(), strict=True):
        part.suptitle(space)
        above, below = part.subfigures(2, 1, height_ratios=[count * side, 1.9])
        axes = above.subplots(count, k + 1, squeeze=False, gridspec_kw={"wspace": 0.05, "hspace": 0.05})
        for row in range(count):
            for column, image in enumerate([fakes[row], *train[row]]):
                place = axes[row][column]
                place.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
                place.set_xticks([])
                place.set_yticks([])
                for spine in place.spines.values():
                    spine.set(color="tab:red" if column == 0 else "none", linewidth=1.5)
        histogram = below.subplots()
        edges = np.histogram_bin_edges(np.concatenate(list(nearest.values())), bins=40)
        for name, values in nearest.items():
            histogram.hist(values, edges, density=True, histtype="step", label=name)
        histogram.set_yticks([])
        histogram.locator_params(axis="x", nbins=4)  # more labels would overlap in a narrow part
        histogram.set_xlabel("distance to the nearest\ntraining image")
        histogram.legend(frameon=False, fontsize="small")
    with replacing(out) as temporary:
        figure.savefig(temporary, format="png", dpi=110)
