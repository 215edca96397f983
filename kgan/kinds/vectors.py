"""Vectors."""

import numpy as np

from kgan.files import replacing
from kgan.kinds.kind import Kind

DRAWN = 2000  # so many points show a distribution


class Vectors(Kind):
    """Vectors [d], drawn as points in the plane of their first two coordinates.

    Example:
        >>> Vectors().layout(64, [0, 1])[1][:3].tolist()
        [0, 1, 0]
    """

    def layout(self, count, labels=None):
        return super().layout(DRAWN, labels)

    def draw(self, path, samples, columns=None):
        from matplotlib.figure import Figure

        samples = np.asarray(samples)
        figure = Figure(figsize=(5, 5), layout="tight")
        axes = figure.add_subplot(aspect="equal")
        second = samples[:, 1] if samples.shape[1] > 1 else np.zeros(len(samples))
        axes.plot(samples[:, 0], second, ".", markersize=2)
        with replacing(path) as temporary:
            figure.savefig(temporary, format="png")
