"""One-dimensional series."""

import numpy as np

from kgan.files import replacing
from kgan.kinds.kind import Kind

COLUMNS = 4


class Series(Kind):
    """Series [steps, channels], drawn as curves over the step, a small plot each.

    Example:
        >>> Series().plural
        'Series'
    """

    def draw(self, path, samples, columns=None):
        from matplotlib.figure import Figure

        samples = np.asarray(samples)
        columns = columns or min(COLUMNS, len(samples))
        rows = -(-len(samples) // columns)
        figure = Figure(figsize=(2.5 * columns, 1.2 * rows), layout="constrained")
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for place, series in zip(axes, samples, strict=False):
            place.plot(series, linewidth=0.8)
        for place in axes[len(samples) :]:
            place.set_axis_off()
        with replacing(path) as temporary:
            figure.savefig(temporary, format="png", dpi=80)
