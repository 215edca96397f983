"""What the Fréchet distance of 2048 features costs, beside a matrix square root of the product of the covariances.

    python tools/benchmark_metrics.py [--dim 2048] [--rounds 3]

Prints Markdown. Both start from means and covariances. kgan's reference has its factor already, as it has from the
second evaluation of a training on. A ratio is the median over the rounds, which take turns, with the least and the
greatest. Rows of fewer samples than features are read from the features themselves.
"""

import argparse
import os
import platform
from statistics import median
from time import perf_counter

import numpy as np
import scipy
from scipy.linalg import sqrtm

from kgan.metrics import FeatureStatistics, frechet_distance


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dim", type=int, default=2048, help="features (default 2048)")
    parser.add_argument("--rounds", type=int, default=3, help="times that each is measured (default 3)")
    arguments = parser.parse_args()
    dim = arguments.dim

    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(2, dim, dim)) / np.sqrt(dim)
    samples = [rng.normal(size=(2 * dim, dim)) @ mix for mix in mixing]
    real, fake = (FeatureStatistics.of(rows) for rows in samples)
    few = samples[1][: dim // 4]
    few_fake = FeatureStatistics.of(few)
    start = perf_counter()
    _ = real.factor
    factor_seconds = perf_counter() - start

    measured = {"root": [], "cached": [], "few root": [], "few cached": []}
    for _ in range(arguments.rounds):
        root = timed(measured["root"], by_square_root, real, fake)
        cached = timed(measured["cached"], frechet_distance, real, fake)
        few_root = timed(measured["few root"], by_square_root, real, few_fake)
        few_cached = timed(measured["few cached"], frechet_distance, real, few)

    threads = os.environ.get("OMP_NUM_THREADS", "all")
    print(f"NumPy {np.__version__}, SciPy {scipy.__version__}, {platform.machine()}, threads: {threads}\n")
    print(f"| d = {dim} | scipy.linalg.sqrtm, s | kgan, cached factor, s | ratio | relative difference |")
    print("|---|---|---|---|---|")
    print(row(f"{2 * dim} samples", measured["root"], measured["cached"], root, cached))
    print(row(f"{len(few)} samples", measured["few root"], measured["few cached"], few_root, few_cached))
    print(f"\nThe reference's factor, once: {factor_seconds:.2f} s.")


def by_square_root(real, fake):
    """The definition as it is printed."""
    first, second = real.covariance, fake.covariance
    change = real.mean - fake.mean
    return change @ change + np.trace(first) + np.trace(second) - 2 * np.trace(sqrtm(first @ second).real)


def timed(seconds, function, *arguments):
    start = perf_counter()
    value = function(*arguments)
    seconds.append(perf_counter() - start)
    return value


def row(name, slow, fast, slow_value, fast_value):
    ratios = [a / b for a, b in zip(slow, fast, strict=True)]
    spread = f"{median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
    difference = abs(slow_value / fast_value - 1)
    return f"| {name} | {median(slow):.2f} | {median(fast):.3f} | {spread} | {difference:.1e} |"


if __name__ == "__main__":
    main()
