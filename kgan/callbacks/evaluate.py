"""Scores while a training goes on."""

from typing import Annotated

import numpy as np

from kgan.callbacks.callback import Callback
from kgan.datasets import Dataset
from kgan.evaluation import EVALUATIONS, Evaluation, made_by, records
from kgan.ranges import Count, Range, Seed


class Evaluate(Callback):
    """Computes a score of the averaged generator now and then.

    The value goes into the logs of the epoch, so into `log.jsonl`, History, TensorBoard and to whoever monitors it
    (`Checkpoint(monitor="fd")` keeps the best beside the last, Keras' EarlyStopping works too), and a record of it into
    `evaluations.jsonl`. It is computed at the end of the epoch in which it falls due: in `kgan fit` that of a logging
    interval, so let `every` be a multiple of `log.every`. In a list of callbacks it stands before those that look at
    it. Under several replicas and workers the chief computes it, of the same samples as one device would, and all know
    it.

    Names in the logs: "fid", "is", "kid" on verified Inception weights, "fd", "cs", "kd" on other networks;
    "precision", "recall", "density", "coverage", "authpct", "ms_ssim", "swd", "signal"; of a game that maps
    images one for each direction, such as "fd_ab". The first look at a data set
    extracts the features of its images; they are kept in the user's cache.

    Args:
        metric: name of a score, such as "fd" or "swd" (`kgan evaluate --help` has all); in Python also a function of
            (real, fake) arrays in the data set's own units that returns a number, or a dictionary of them; less is
            better.
        every: steps between evaluations.
        num_samples: fakes of each; a value compares with others of the same number only.
        data: `kgan.datasets.Dataset`, the reference. A recipe gives its own.
        extractor: another one than the score's own: "inception", "inception-clean", "classifier", "pixels", or the path
            of a classifier's file.
        patience: the training ends after so many evaluations without a better value; None for never.
        seed: of the latents.

    Raises:
        FileNotFoundError: weights or a classifier that are not there, before the training begins.
        ValueError: an unknown score, or one that is not for such data.

    Example:
        >>> import kgan
        >>> Evaluate("swd", every=1000, num_samples=2048, data=kgan.datasets.Showers(size=64)).names
        ('swd', 'swd_real')
    """

    def __init__(
        self, metric: str, every: Count = 5000, num_samples: Annotated[int, Range("[2, 10000000]")] = 10_000, *,
        data: Dataset, extractor: str | None = None, patience: Count | None = None, seed: Seed = 0,
    ):  # fmt: skip
        super().__init__()
        self.metric, self.every, self.num_samples, self.data = metric, every, num_samples, data
        self.extractor, self.patience, self.seed = extractor, patience, seed
        # One evaluation for each product: a generator of samples has one, a game that maps has one for each direction.
        self.evaluations = {
            name: Evaluation(metric if callable(metric) else [metric], reference, num_samples, extractor)
            for name, reference in data.references.items()
        }
        self.stopped_epoch = 0
        self._done, self._best, self._waited = 0, None, 0

    def state(self):
        return {"done": self._done, "best": self._best, "waited": self._waited}

    def restore(self, state):
        self._done, self._best, self._waited = state["done"], state["best"], state["waited"]
        if self.chief:
            # Removes scores of later steps: this training has gone back behind them, and will reach other states.
            step = self.step
            path = self.model.run_dir / EVALUATIONS
            records.append(path, [], keep=lambda one: not (one["generator"].get("step") or 0) > step)

    @property
    def names(self):
        """The values' names in the logs; the first is what `patience` goes by."""
        return tuple(_named(key, name) for name, evaluation in self.evaluations.items() for key in evaluation.keys)

    def on_train_begin(self, logs=None):
        made = [product.name for product in self.model.products if product.verb in ("sample", "map")]
        if made != list(self.evaluations):
            raise ValueError(
                f"{type(self).__name__}: {type(self.model).__name__} makes nothing that could be compared with such "
                f"data."
            )
        if self.model.conditional and self.data.batch(np.zeros([1], np.int64)).labels is None:
            raise ValueError(f"{type(self).__name__}: the generator takes labels, and the data set has none.")
        self._done = self.step
        if self.chief:
            records.read(self.model.run_dir / EVALUATIONS)  # a damaged file is found now, not after hours
            for evaluation in self.evaluations.values():
                evaluation.prepare()

    def on_epoch_end(self, epoch, logs=None):
        if self.step // self.every == self._done // self.every:
            return
        self._done = self.step
        found = self.from_chief(self.evaluate() if self.chief else None)
        values = found["values"]
        if logs is not None:
            logs.update(values)
        if self.patience is not None:
            self._wait(values[found["first"]] if found["better"] == "min" else -values[found["first"]], epoch)

    def evaluate(self):
        """Computes the values now and records them.

        Returns:
            {"values": {name: float}, "first": the name of the one to go by, "better": "min" or "max"}.
        """
        made, values = [], {}
        for name, source in made_by(self.model, self.data, self.seed).items():
            found = self.evaluations[name](source)
            values |= {_named(one["key"], name): one["value"] for one in found}
            made += found
        records.append(self.model.run_dir / EVALUATIONS, made)
        first = next((name for name in self.names if name in values), next(iter(values)))
        return {"values": values, "first": first, "better": made[0]["better"]}

    def _wait(self, value, epoch):
        if self._best is None or value < self._best:
            self._best, self._waited = value, 0
            return
        self._waited += 1
        if self._waited >= self.patience:
            self.model.stop_training, self.stopped_epoch = True, epoch + 1


def _named(key, product):
    return f"{key}_{product}" if product else key


class FID(Evaluate):
    """The Fréchet Inception Distance while a training goes on. Heusel et al. 2017 (https://arxiv.org/abs/1706.08500).

    `Evaluate` with the score "fid": TensorFlow 1's resize, the verified weights of 2015, all images of the data set as
    the reference. With fewer samples than 50,000 it is another number than tables print, and its name says so. Weights
    that are not the published ones give an "fd", never an FID.

    Args:
        every, num_samples, data, patience, seed: see `Evaluate`.

    Raises:
        FileNotFoundError: Inception's weights are not there; the line says where they are looked for.

    Example:
        >>> import kgan
        >>> FID(data=kgan.datasets.Showers(size=64))  # doctest: +SKIP
    """

    fixes = {"metric", "extractor"}

    def __init__(self, **options):
        super().__init__("fid", **options)


class InceptionScore(Evaluate):
    """The Inception Score while a training goes on. Salimans et al. 2016 (https://arxiv.org/abs/1606.03498).

    `Evaluate` with the score "is": logits without bias, ten splits. It asks how sure a classifier of ImageNet
    photographs is, and says little of images of another kind.

    Args:
        every, num_samples, data, patience, seed: see `Evaluate`.

    Raises:
        FileNotFoundError: Inception's weights are not there; the line says where they are looked for.

    Example:
        >>> import kgan
        >>> InceptionScore(data=kgan.datasets.Showers(size=64))  # doctest: +SKIP
    """

    fixes = {"metric", "extractor"}

    def __init__(self, **options):
        super().__init__("is", **options)
