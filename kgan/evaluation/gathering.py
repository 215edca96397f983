"""Features of many images, block by block, and what is kept of them; of references also on disk."""

import contextlib
import hashlib
import json
import sys
import time
import warnings
from dataclasses import dataclass

import click
import numpy as np
from scipy.stats import skew

from kgan.files import cache, replacing
from kgan.metrics import FeatureStatistics

FOLDER = "references"
EACH = 30  # seconds between plain lines
AT_ONCE = 2  # seconds after which a bar is worth showing


@dataclass
class Gathered:
    """What was kept of a set of images or vectors.

    Attributes:
        count: how many were seen.
        statistics: of the features of all, where they were wanted.
        kept: {"features" | "logits" | "images" | "values" | ...: the first rows, as many as were wanted}.
        labels: of those seen, or None.
        skewness: mean of the absolute skewness of the features of the first rows; 0 for Gaussian features.
    """

    count: int
    statistics: FeatureStatistics | None = None
    kept: dict | None = None
    labels: np.ndarray | None = None
    skewness: float = 0.0

    def first(self, need, rows):
        """The first rows of what was kept."""
        return self.kept[need][:rows]


def gather(source, wanted, extractor=None, label="evaluating"):
    """Goes through a source once.

    Args:
        source: `Real` or `Generated`.
        wanted: {"statistics" | "features" | "logits" | ... | "images" | "values": how many rows}.
        extractor: gives {name: rows} of uint8 images; not needed for images and values.
        label: of the progress bar.

    Returns:
        Gathered.
    """
    count = max(wanted.values())
    names = [name for name in wanted if name not in ("statistics", "images", "values")]
    extracted = bool(names or "statistics" in wanted)
    blocks = source.values(count) if "values" in wanted else source.images(count)
    statistics = FeatureStatistics() if "statistics" in wanted else None
    parts, seen, skewness = {name: [] for name in wanted if name != "statistics"}, 0, 0.0
    with progress(count, label) as advance:
        for block in blocks:
            of = {"images": block, "values": block} | (extractor(block) if extracted else {})
            if statistics is not None:
                statistics.update(of["features"][: max(0, wanted["statistics"] - seen)])
                skewness = skewness or _skewness(of["features"])
            for name, rows in parts.items():
                if seen < wanted[name]:
                    rows.append(of[name][: wanted[name] - seen])
            seen += len(block)
            advance(len(block))
    kept = {name: np.concatenate(rows) for name, rows in parts.items()}
    return Gathered(count, statistics, kept, source.labels(count), skewness)


def gather_reference(source, wanted, extractor=None):
    """As `gather`; what was extracted is kept in the user's cache, under a digest of everything that it depends on.

    Returns:
        (Gathered, the SHA-256 of the reference's images: uint8 pixels in their order, or values).
    """
    count = max(wanted.values())
    content = digest(source.values(count) if "values" in wanted else source.images(count))
    extracted = {name: rows for name, rows in wanted.items() if name not in ("images", "values")}
    plain = {name: rows for name, rows in wanted.items() if name in ("images", "values")}
    kept = gather(source, plain).kept if plain else {}
    if not extracted:
        return Gathered(count, None, kept, source.labels(count)), content
    depends = {"content": content, "wanted": extracted, "extractor": extractor.extractor, "format": 1}
    key = hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()
    path = cache() / FOLDER / f"{key}.npz"
    found = _read(path, extracted)
    if found is None:
        found = gather(source, extracted, extractor, label="reference")
        arrays = _arrays(found)
        _write(path, arrays)
        found = _gathered(arrays, extracted)  # to the last bit what will be read the next time
    found.kept |= kept
    found.labels = source.labels(count)
    return found, content


def digest(blocks):
    """The SHA-256 of arrays that come in blocks: of their type, the shape of a row, and the rows."""
    found = hashlib.sha256()
    for index, block in enumerate(blocks):
        if index == 0:
            found.update(f"{block.dtype.str} {block.shape[1:]}".encode())
        found.update(np.ascontiguousarray(block).data)
    return found.hexdigest()


def _skewness(features):
    # Compares the extremes: the standard deviation of equal numbers can be above 0, because their mean is rounded.
    moving = features[:, features.max(axis=0) > features.min(axis=0)].astype(np.float64)
    return float(np.abs(skew(moving, axis=0)).mean()) if moving.size and len(moving) > 2 else 0.0


def _arrays(gathered):
    arrays = dict(gathered.kept, count=gathered.count, skewness=gathered.skewness)
    if gathered.statistics is not None:
        arrays |= {f"statistics_{name}": value for name, value in gathered.statistics.arrays().items()}
    return arrays


def _gathered(arrays, wanted):
    statistics = None
    if "statistics" in wanted:
        names = ("count", "mean", "covariance", "factor")
        statistics = FeatureStatistics.from_arrays(**{name: arrays[f"statistics_{name}"] for name in names})
    kept = {name: arrays[name] for name in wanted if name != "statistics"}
    return Gathered(int(arrays["count"]), statistics, kept, skewness=float(arrays["skewness"]))


def _read(path, wanted):
    """What the cache holds; a damaged file is as good as none, for it is made again."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return _gathered(arrays, wanted)
    except Exception:  # zip, zlib, numpy and the file system each raise errors of their own
        return None


def _write(path, arrays):
    try:
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)
    except OSError as error:
        warnings.warn(f"the reference could not be kept in {path.parent} ({error.strerror}).", stacklevel=2)


@contextlib.contextmanager
def progress(total, label):
    """Yields a function that is told of images done: a bar with ETA on a terminal, a line now and then elsewhere.

    What is over in two seconds shows nothing.
    """
    begun = time.monotonic()
    with contextlib.ExitStack() as shown:
        bar, done, spoken = None, 0, begun
        terminal = sys.stderr.isatty()

        def advance(count):
            nonlocal bar, done, spoken
            done += count
            now = time.monotonic()
            if terminal and bar is None and now - begun > AT_ONCE:
                click.echo(err=True)  # away from the bar of a training
                bar = shown.enter_context(click.progressbar(length=total, label=label, width=24, file=sys.stderr))
                bar.update(done)
            elif bar is not None:
                bar.update(count)
            elif not terminal and now - spoken > EACH:
                spoken = now
                left = (total - done) * (now - begun) / done
                click.echo(f"{label}: {done:,} of {total:,} images, {left:.0f} s left", err=True)

        yield advance
