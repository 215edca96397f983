"""Scores of generated images against a reference: what is gathered once, and the records that come of it."""

import numpy as np

from kgan import kinds
from kgan.classifier.summary import table as anchor_table
from kgan.evaluation import extractors, protocols, records
from kgan.evaluation.gathering import gather, gather_reference
from kgan.evaluation.scores import Function
from kgan.evaluation.sources import Real


class Evaluation:
    """The same scores of one generator after another, against one reference.

    The reference is gone through when it is first needed, and kept: in memory, and on disk in the user's cache.

    Args:
        metrics: names of scores (`kgan.evaluation.SCORES`), or one function of (real, fake) arrays in the data
            set's own units that returns a number or a dictionary of numbers.
        dataset: `kgan.datasets.Dataset`, the reference: all of its examples, where a score does not take fewer.
        num_samples: how many fakes; a score may take fewer (its record says how many).
        extractor: another one for all scores that take one: a name, see `kgan.evaluation.extractors.find`, or an object
            with `Inception`'s interface.
        protocol: "ttur", "torch-fidelity", "mimicry", "stylegan" or "clean-fid": the settings of that program;
            None for kgan's own, which are those of the papers.

    Raises:
        FileNotFoundError: weights or a classifier that are not there.
        ValueError: unknown names, or what cannot be computed of such data.

    Example:
        >>> import kgan
        >>> from kgan.evaluation import Generated
        >>> gan = kgan.StandardGAN(
        ...     kgan.architectures.DCGANGenerator(image_shape=(16, 16, 1), latent_dim=4, width=8),
        ...     kgan.architectures.DCGANDiscriminator(image_shape=(16, 16, 1), width=8),
        ... )
        >>> showers = kgan.datasets.Showers(size=40)
        >>> evaluation = Evaluation(["swd"], showers, num_samples=20)
        >>> [record["metric"] for record in evaluation(Generated(gan, showers))]
        ['SWDx1e3-16', 'SWDx1e3-avg', 'SWDx1e3-avg (reals, 20 against 20)']
    """

    def __init__(self, metrics, dataset, num_samples=50_000, extractor=None, protocol=None):
        if num_samples < 2:
            raise ValueError(f"num_samples must be at least 2; got {num_samples}.")
        self.num_samples, self.protocol = num_samples, protocol
        self.real = Real(dataset)
        function = [("function", Function(metrics), None)]
        chosen = function if callable(metrics) else protocols.choose(metrics, protocol)
        for name, score, _ in chosen:
            kind = getattr(score, "of", None) or (kinds.Pictures if "values" not in score.needs else None)
            if kind and not isinstance(dataset.kind, kind):
                raise ValueError(
                    f"{name} is a score of {kind.__name__.lower()}, and this data set holds "
                    f"{dataset.kind.plural.lower()} of shape {self.real.shape}."
                )
        found: dict = {}
        self.groups: list = []  # (extractor, its scores): what is gathered together
        for name in dict.fromkeys(name for _, _, name in chosen):
            wanted = name if extractor is None or name is None else extractor
            key = wanted if isinstance(wanted, str | None) else id(wanted)
            if key not in found:
                found[key] = extractors.find(wanted, dataset) if isinstance(wanted, str) else wanted
                self.groups.append((found[key], []))
            scores = next(scores for one, scores in self.groups if one is found[key])
            scores += [score for _, score, its in chosen if its == name]
        self._references: dict[int, tuple] = {}
        self._check()

    def _check(self):
        """Finds now what would otherwise be found after hours of training."""
        for extractor, scores in self.groups:
            if extractor is not None:
                extractor(np.zeros([1, *self.real.shape], np.uint8))
            for score in scores:
                if hasattr(score, "check"):
                    score.check(self.real.shape, score.sizes(self.num_samples, len(self.real)))

    def __call__(self, fake):
        """The records of a `Generated`, or of a `Real` that takes its place."""
        written = []
        for index, (extractor, scores) in enumerate(self.groups):
            real, about = self._reference(index)
            made = gather(fake, self._wanted(index, 0), extractor)
            for score in scores:
                sizes = score.sizes(self.num_samples, len(self.real))
                for value in score.values(real, made, sizes, about):
                    written.append(records.record(value, score.better, sizes, about, fake.describe(), self.protocol))
        return written

    @property
    def keys(self):
        """The values' names in logs; of each score the one to go by comes first."""
        return tuple(
            key for extractor, scores in self.groups for score in scores
            for key in score.keys(extractors.About(extractor, {}))
        )  # fmt: skip

    def anchors(self):
        """What known changes of its own images measure on each of the classifiers in use, as text."""
        classifiers = [extractor for extractor, _ in self.groups if hasattr(extractor, "anchors")]
        return [anchor_table(one.anchors, one.extractor["id"], one.dim) for one in classifiers]

    def prepare(self):
        """Goes through the reference now."""
        for index in range(len(self.groups)):
            self._reference(index)

    def _reference(self, index):
        if index not in self._references:
            extractor, _ = self.groups[index]
            wanted = self._wanted(index, 1)
            # Scores that need only fakes want nothing of the reference.
            real, content = gather_reference(self.real, wanted, extractor) if wanted else (None, None)
            about = extractors.About(extractor, self.real.describe() | {"sha256": content}, self.real.dataset)
            self._references[index] = real, about
        return self._references[index]

    def _wanted(self, index, side):
        """{what: how many rows} to gather of the fakes (side 0) or of the reals (side 1)."""
        extractor, scores = self.groups[index]
        wanted: dict[str, int] = {}
        for score in scores:
            rows = score.sizes(self.num_samples, len(self.real))[side]
            for need in score.needs if rows else ():
                need = extractors.About(extractor, {}).logits if need == "logits" else need
                wanted[need] = max(rows, wanted.get(need, 0))
        return wanted
