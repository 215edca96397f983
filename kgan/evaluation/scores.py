"""What each score needs of the two sets of images, how it is computed, and under which name it is printed.

A score's `needs` is what must be gathered of both sets, `sizes` how many rows of each, `keys` the names in logs of what
it gives (the first is the one to go by), `better` whether less or more is better, `values` the numbers. `of`, where
there is one, is the kind of examples that it is a score of, and `check` refuses what cannot be computed, before
anything has been. The names FID, IS and KID are given to the verified Inception network of 2015 alone; on other
networks the same functions are FD, CS and KD of that network.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from kgan import kinds, metrics
from kgan.distances import wasserstein1
from kgan.metrics.sliced_wasserstein import DIRECTIONS, PATCHES, SMALLEST


@dataclass(frozen=True)
class Value:
    """One number of a score.

    Attributes:
        key: its name in logs, such as "fid" or "precision".
        metric: its printed name, such as "FID-50k (train, TF-2015 Inception)".
        value, std: the number, and its deviation over splits or subsets, or None.
        settings: whatever else another value must share to be compared with this one.
        warnings: sentences that belong to the number.
    """

    key: str
    metric: str
    value: float
    std: float | None = None
    settings: dict = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Frechet:
    """The Fréchet distance: FID. All reals are the reference."""

    ddof: int = 1
    most_reals: int | None = None  # None: all of them
    needs = ("statistics",)
    better = "min"

    def keys(self, about):
        return (about.key("fid", "fd"),)

    def sizes(self, count, reals):
        return count, min(reals, self.most_reals or reals)

    def values(self, real, fake, sizes, about):
        value = metrics.frechet_distance(real.statistics, fake.statistics, ddof=self.ddof)
        rank_deficient = min(sizes) <= len(fake.statistics.mean)
        name = about.family if about.family in ("FID", "Clean-FID") else f"FD-{about.id}"
        metric = f"{name}-{_number(sizes[0])} ({about.where})"
        warnings = []
        if rank_deficient:
            metric += " (rank-deficient: n < d)"
        if real.skewness > 1:
            warnings.append(
                f"the features are far from Gaussian (mean absolute skewness {real.skewness:.1f}), and the distance "
                f"sees their means and covariances only"
            )
        settings = {
            "frechet": {
                "method": "eigvalsh(L'SL)", "ddof": self.ddof, "dtype": "float64", "rank_deficient": rank_deficient,
            }
        }  # fmt: skip
        yield Value(about.key("fid", "fd"), metric, value, None, settings, tuple(warnings))


@dataclass(frozen=True)
class ClassifierScore:
    """The Inception Score: IS, or CS of another classifier. It looks at the fakes alone."""

    splits: int = 10
    shuffle_seed: int | None = 2020
    needs = ("logits",)
    better = "max"

    def keys(self, about):
        return (about.key("is", "cs"),)

    def sizes(self, count, reals):
        return count, 0

    def values(self, real, fake, sizes, about):
        logits = fake.first(about.logits, sizes[0])
        splits = min(self.splits, max(1, len(logits) // 10))
        value, std = metrics.inception_score(logits, splits, self.shuffle_seed)
        name = "IS" if about.family == "FID" else f"CS-{about.id}"
        warnings = []
        if about.family is not None:
            warnings.append(
                "IS asks how sure a classifier of ImageNet photographs is: it says little of other images "
                "(arXiv:1801.01973)"
            )
        settings = {"splits": splits, "shuffle_seed": self.shuffle_seed, "logits_with_bias": about.logits == "logits"}
        order = "" if self.shuffle_seed == 2020 else ", in order"
        metric = f"{name}-{_number(sizes[0])} ({splits} splits{order})"
        yield Value(about.key("is", "cs"), metric, value, std, settings, tuple(warnings))


@dataclass(frozen=True)
class Kernel:
    """The kernel distance: KID, or KD of another network. It is printed 1000 times."""

    subsets: int = 100
    subset_size: int | None = 1000  # None: a tenth of the fakes
    most_reals: int | None = None
    needs = ("features",)
    better = "min"

    def keys(self, about):
        return (about.key("kid", "kd"),)

    def sizes(self, count, reals):
        return count, min(reals, self.most_reals or reals)

    def values(self, real, fake, sizes, about):
        size = self.subset_size or sizes[0] // self.subsets
        size = min(size, *sizes)
        value, std = metrics.kernel_distance(
            real.first("features", sizes[1]), fake.first("features", sizes[0]), self.subsets, size
        )
        name = "KID" if about.family == "FID" else f"KD-{about.id}"
        settings = {"subsets": self.subsets, "subset_size": size, "seed": 2020, "factor": 1000}
        metric = f"{name}-{_number(sizes[0])} x1e3 ({self.subsets}x{size})"
        yield Value(about.key("kid", "kd"), metric, 1000 * value, 1000 * std, settings)


@dataclass(frozen=True)
class PRDC:
    """Precision, recall, density and coverage of at most 10,000 of each."""

    k: int = 5
    most: int = 10_000
    needs = ("features",)
    better = "max"

    def keys(self, about):
        return ("precision", "recall", "density", "coverage")

    def sizes(self, count, reals):
        both = min(count, reals, self.most)
        return both, both

    def check(self, shape, sizes):
        if min(sizes) <= self.k:
            raise ValueError(f"k={self.k} needs more than {self.k} images of each kind; got {sizes[0]} and {sizes[1]}.")

    def values(self, real, fake, sizes, about):
        found = metrics.precision_recall_density_coverage(
            real.first("features", sizes[1]), fake.first("features", sizes[0]), self.k
        )
        for key, value in found.items():
            metric = f"{key.capitalize()}-{_number(sizes[0])} k={self.k} ({about.network})"
            yield Value(key, metric, value, None, {"k": self.k, "inside": "<"})


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision and recall of Kynkäänniemi et al.: k = 3, surfaces included, as many reals as fakes."""

    k: int = 3
    needs = ("features",)
    better = "max"

    def keys(self, about):
        return ("precision_k3", "recall_k3")

    def sizes(self, count, reals):
        return count, min(count, reals)

    def check(self, shape, sizes):
        if min(sizes) <= self.k:
            raise ValueError(f"k={self.k} needs more than {self.k} images of each kind; got {sizes[0]} and {sizes[1]}.")

    def values(self, real, fake, sizes, about):
        found = metrics.precision_recall(real.first("features", sizes[1]), fake.first("features", sizes[0]), self.k)
        for key, value in found.items():
            metric = f"{key.capitalize()}-{_number(sizes[0])} k={self.k} <= ({about.network})"
            yield Value(f"{key}_k3", metric, value, None, {"k": self.k, "inside": "<="})


@dataclass(frozen=True)
class Authenticity:
    """AuthPct: the share, in percent, of fakes that are no copies of training images."""

    most: int = 10_000
    needs = ("features",)
    better = "max"

    def keys(self, about):
        return ("authpct",)

    def sizes(self, count, reals):
        return min(count, self.most), reals

    def values(self, real, fake, sizes, about):
        share = metrics.authenticity(real.first("features", sizes[1]), fake.first("features", sizes[0]))
        metric = f"AuthPct-{_number(sizes[0])} ({about.split}, {about.network})"
        warnings = () if about.split == "train" else ("only against the training images does it tell of copies",)
        yield Value("authpct", metric, 100 * share, None, {"k": 1}, warnings)


@dataclass(frozen=True)
class MSSSIM:
    """MS-SSIM between pairs of fakes (of one class, where there are labels), and between pairs of reals beside it."""

    most: int = 20_000
    needs = ("images",)
    better = "min"

    def keys(self, about):
        return ("ms_ssim", "ms_ssim_real")

    def sizes(self, count, reals):
        return min(count, self.most), min(reals, self.most)

    def check(self, shape, sizes):
        if shape[0] % 16 or shape[1] % 16:
            raise ValueError(f"MS-SSIM halves images four times: sides must be multiples of 16; got {list(shape[:2])}.")

    def values(self, real, fake, sizes, about):
        for suffix, images, count in (("", fake, sizes[0]), (f" ({about.split} images)", real, sizes[1])):
            within = images.labels is not None and images.labels.ndim == 1
            first, second = _pairs(images.labels[:count] if within else np.zeros(count))
            pictures = images.first("images", count)
            value = float(metrics.ms_ssim(pictures[first], pictures[second]).mean())
            metric = f"MS-SSIM-{_number(len(first))}-pairs{' within classes' if within else ''}{suffix}"
            key = "ms_ssim_real" if suffix else "ms_ssim"
            yield Value(key, metric, value, None, {"pairs": len(first), "within_classes": within})


@dataclass(frozen=True)
class SlicedWasserstein:
    """The sliced Wasserstein distance of Laplacian pyramids, times 1000, and that between two halves of the reals."""

    most: int = 16_384
    needs = ("images",)
    better = "min"

    def keys(self, about):
        return ("swd", "swd_real")

    def sizes(self, count, reals):
        both = min(count, reals, self.most)
        return both, min(reals, 2 * both)

    def check(self, shape, sizes):
        if min(shape[:2]) < SMALLEST:
            raise ValueError(f"SWD needs sides of at least {SMALLEST} pixels; got {list(shape[:2])}.")

    def values(self, real, fake, sizes, about):
        count = sizes[0]
        settings = {"patches": PATCHES, "directions": DIRECTIONS, "seed": 0}
        reals = real.first("images", sizes[1])
        for level, value in metrics.sliced_wasserstein(reals[:count], fake.first("images", count)).items():
            key = "avg" if level == "average" else level
            # The average has the short name, by which a callback's `monitor` finds it.
            yield Value("swd" if key == "avg" else f"swd_{key}", f"SWDx1e3-{key}", value, None, settings)
        half = min(count, len(reals) // 2)
        between = metrics.sliced_wasserstein(reals[:half], reals[half : 2 * half])["average"]
        metric = f"SWDx1e3-avg (reals, {_number(half)} against {_number(half)})"
        yield Value("swd_real", metric, between, None, settings)


@dataclass(frozen=True)
class Classes:
    """Which classes a classifier of the data set sees: the total variation from the data's, and how many there are."""

    needs = ("logits",)
    better = "min"

    def keys(self, about):
        return ("class_tv", "classes")

    def sizes(self, count, reals):
        return count, 0

    def values(self, real, fake, sizes, about):
        labels = about.dataset.batch(np.arange(len(about.dataset))).labels
        found = metrics.class_shares(fake.first(about.logits, sizes[0]), labels)
        yield Value("class_tv", f"class-TV-{_number(sizes[0])} ({about.network})", found["total_variation"], None)
        yield Value("classes", f"classes-{_number(sizes[0])} ({about.network})", found["classes"], None)


@dataclass(frozen=True)
class Modes:
    """Modes covered of a mixture of Gaussians, and the share of samples that belong to one."""

    of = kinds.Vectors
    needs = ("values",)
    better = "max"

    def keys(self, about):
        return ("modes", "good")

    def sizes(self, count, reals):
        return count, 0

    def values(self, real, fake, sizes, about):
        if not hasattr(about.dataset, "centers"):
            raise ValueError(f"modes is a score of mixtures of Gaussians, and {type(about.dataset).__name__} is none.")
        found = metrics.modes(fake.first("values", sizes[0]), about.dataset.centers, about.dataset.stddev)
        for key in ("modes", "good"):
            yield Value(key, f"{key}-{_number(sizes[0])}", found[key], None, {"of": len(about.dataset.centers)})


@dataclass(frozen=True)
class Wasserstein1:
    """The exact Wasserstein-1 distance of samples from as many examples, in the data set's own units."""

    of = kinds.Vectors
    needs = ("values",)
    better = "min"

    def keys(self, about):
        return ("w1",)

    def sizes(self, count, reals):
        return min(count, reals), min(count, reals)

    def values(self, real, fake, sizes, about):
        rows = [made.first("values", size) for made, size in ((real, sizes[1]), (fake, sizes[0]))]
        yield Value("w1", f"W1-{_number(sizes[0])}", wasserstein1(*rows), None)


@dataclass(frozen=True)
class Signal:
    """The Wasserstein-1 distance between the distributions of the total of an image, such as the signal of a shower or
    the brightness of a photograph, in standard deviations of the reals' totals."""

    of = kinds.Pictures
    needs = ("values",)
    better = "min"

    def keys(self, about):
        return ("signal",)

    def sizes(self, count, reals):
        return min(count, reals), min(count, reals)

    def values(self, real, fake, sizes, about):
        totals = [made.first("values", size).sum(axis=(1, 2, 3), dtype=np.float64)
                  for made, size in ((real, sizes[1]), (fake, sizes[0]))]  # fmt: skip
        unit = totals[0].std()
        if not unit > 0:
            raise ValueError("signal is measured in standard deviations of the reals' totals, which are all the same.")
        settings = {"unit": float(unit)}
        yield Value("signal", f"signal-W1-{_number(sizes[0])}", wasserstein1(*totals) / unit, None, settings)


@dataclass(frozen=True)
class Function:
    """Any function of two arrays: real examples and samples, in the data set's own units. It returns a number or a
    dictionary of numbers; less is better."""

    function: Callable
    needs = ("values",)
    better = "min"

    def keys(self, about):
        return (_named(self.function),)

    def sizes(self, count, reals):
        return count, min(count, reals)

    def values(self, real, fake, sizes, about):
        found = self.function(real.first("values", sizes[1]), fake.first("values", sizes[0]))
        for key, value in (found if isinstance(found, dict) else {_named(self.function): found}).items():
            yield Value(key, f"{key}-{_number(sizes[0])}", float(value))


def _pairs(labels):
    """Indices of disjoint neighbours with one label."""
    order = np.argsort(labels, kind="stable")
    pairs = []
    for label in np.unique(labels):
        members = order[labels[order] == label]
        members = members[: len(members) // 2 * 2]
        pairs.append(members.reshape(-1, 2))
    pairs = np.concatenate(pairs)
    if not len(pairs):
        raise ValueError("MS-SSIM compares pairs of images; give at least two, of one class where there are classes.")
    return pairs.T


def _named(function):
    return getattr(function, "__name__", type(function).__name__)


def _number(count):
    return f"{count // 1000}k" if count >= 1000 and count % 1000 == 0 else str(count)
