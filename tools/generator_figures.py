"""Which generator of a mixture makes which mode of a toy.

    python tools/generator_figures.py runs/mgan_ring runs/mgan_ring_0 --out docs/mgan_ring.png

For each run, of 16,000 samples: how many modes have a sample within three standard deviations, the share of samples
that lie so near to one, and of each mode the share of its samples that come from its main generator. The picture shows
the samples of each run, coloured by generator.
"""

from pathlib import Path

import click
import numpy as np

import kgan
from kgan import recipe
from kgan.files import replacing

COUNT = 16_000
SHOWN = 3_000


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="PNG of the samples.")
def main(runs, out):
    """Prints the figures of RUNS."""
    shown = {}
    for run in runs:
        plan = recipe.load(run / "recipe.yaml")
        ring, gan = plan.build("dataset", plan.dataset), kgan.load(run)
        index = gan.latents(COUNT, seed=1)["index"].numpy()
        points = ring.decode(gan.sample(COUNT, seed=1))
        distances = np.linalg.norm(points[:, None] - ring.centers[None], axis=2)
        mode, near = distances.argmin(axis=1), distances.min(axis=1) < 3 * ring.stddev
        counts = np.zeros([len(ring.centers), gan.drawn_from.generators], int)
        np.add.at(counts, (mode[near], index[near]), 1)
        totals = counts.sum(axis=1)
        main_share = counts.max(axis=1) / np.maximum(totals, 1)
        made_by = sorted(set(counts.argmax(axis=1)[totals > 0].tolist()))
        print(
            f"{run.name}: step {int(gan.step.numpy())}, {int((totals > 0).sum())} of {len(totals)} modes, "
            f"{near.mean():.1%} of the samples within 3 standard deviations; of each mode from one generator: "
            f"{', '.join(f'{share:.0%}' for share in main_share)}; {len(made_by)} generators are the main one of a "
            f"mode; samples of each mode: {', '.join(f'{share:.1%}' for share in totals / totals.sum())}"
        )
        shown[run.name] = points[:SHOWN], index[:SHOWN]
    if out:
        _draw(shown, out)


def _draw(shown, out):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(shown), 4), layout="tight")
    for place, (name, (points, index)) in zip(
        figure.subplots(1, len(shown), squeeze=False)[0], shown.items(), strict=True
    ):
        place.scatter(*points.T, c=index, cmap="tab10", vmax=9, s=3, linewidths=0)
        place.set_title(name)
        place.set_aspect("equal")
    with replacing(out) as temporary:
        figure.savefig(temporary, format="png", dpi=80)


if __name__ == "__main__":
    main()
