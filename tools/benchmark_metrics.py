"""What the metrics cost beside their peers: the Fréchet distance, Inception's features, and memory.

    python tools/benchmark_metrics.py [frechet] [inception] [memory] [--torch-python PATH] [--rounds 3]

Prints Markdown. All measurements unless some are named:

* frechet: the distance of 2048 features from means and covariances, beside a matrix square root of the product of the
  covariances. The reference has its factor already, as it has from the second evaluation of a training on. Fewer
  samples than features are read from the features themselves.
* inception: the 2048 features of uint8 images, beside torch-fidelity's extractor with the same random weights, which
  lives in another interpreter, named by --torch-python (`pip install torch torch-fidelity` there); without it, only
  images per second are told. Each in its own process, in turns, never at once, in alternating order; the first images
  of a size are not counted. Elapsed seconds depend on who else computes; CPU seconds hardly do.
* memory: the peak of a process that computes the Fréchet distance of 50,000 images with Inception in batches, against
  a reference whose factor it computes too. Only the first --images go through the network, whose memory
  is at its peak after a few batches; the statistics take features for all 50,000.

A ratio is the median over the rounds, with the least and the greatest.
"""

import argparse
import contextlib
import datetime
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
MEASUREMENTS = ("frechet", "inception", "memory")
CASES = [(side, batch) for side in (32, 299) for batch in (32, 64)]


# --- the Fréchet distance ---


def frechet(arguments):
    """kgan's distance beside SciPy's square root."""
    from kgan.metrics import FeatureStatistics, frechet_distance

    dim = arguments.dim
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(2, dim, dim)) / np.sqrt(dim)
    samples = [rng.normal(size=(2 * dim, dim)) @ mix for mix in mixing]
    real, fake = (FeatureStatistics.of(rows) for rows in samples)
    few = samples[1][: dim // 4]
    few_fake = FeatureStatistics.of(few)
    begun = time.perf_counter()
    _ = real.factor
    factor = time.perf_counter() - begun

    measured = {"root": [], "cached": [], "few root": [], "few cached": []}
    for _ in range(arguments.rounds):
        root = timed(measured["root"], by_square_root, real, fake)
        cached = timed(measured["cached"], frechet_distance, real, fake)
        few_root = timed(measured["few root"], by_square_root, real, few_fake)
        few_cached = timed(measured["few cached"], frechet_distance, real, few)
    rows = []
    for name, prefix, slow, fast in (
        (f"{2 * dim} samples", "", root, cached),
        (f"{len(few)} samples", "few ", few_root, few_cached),
    ):
        slower, faster = measured[f"{prefix}root"], measured[f"{prefix}cached"]
        ratios = [a / b for a, b in zip(slower, faster, strict=True)]
        seconds = f"{median(slower):.2f}", f"{median(faster):.3f}"
        rows.append((name, *seconds, f"{median(ratios):.1f}", spread(ratios, 1), f"{abs(slow / fast - 1):.1e}"))
    table((f"d = {dim}", "sqrtm, s", "kgan, s", "median ratio", "least..greatest", "relative difference"), rows)
    print(f"The reference's factor, once: {factor:.2f} s.\n")


def by_square_root(real, fake):
    """The definition as it is printed."""
    from scipy.linalg import sqrtm

    first, second = real.covariance, fake.covariance
    change = real.mean - fake.mean
    return change @ change + np.trace(first) + np.trace(second) - 2 * np.trace(sqrtm(first @ second).real)


def timed(seconds, function, *arguments):
    begun = time.perf_counter()
    value = function(*arguments)
    seconds.append(time.perf_counter() - begun)
    return value


# --- Inception's features ---


def inception(arguments):
    """Features per second beside torch-fidelity."""
    names = ["kgan"] + ["torch-fidelity"] * bool(arguments.torch_python)
    workers = {}
    try:
        for name in names:
            workers[name] = Worker(name, arguments.torch_python if name != "kgan" else sys.executable)
        measured, differences = {}, {}
        for case in CASES:
            features = [np.array(workers[name].ask(*case)["features"]) for name in names]
            differences[case] = np.abs(features[0] - features[-1]).max() / np.abs(features[-1]).max()
        for turn in range(arguments.rounds):
            for case in CASES:
                for name in names[:: -1 if turn % 2 else 1]:
                    measured.setdefault((name, case), []).append(workers[name].ask(*case))
    finally:
        for worker in workers.values():
            worker.close()
    rows = []
    for case in CASES:
        elapsed, cpu = (
            {n: [answer[kind] for answer in measured[n, case]] for n in names} for kind in ("seconds", "cpu")
        )
        side, batch = case
        row = [f"{side}x{side}, {batch} at a time"]
        row += [f"{batch / median(elapsed[n]):.1f}" if n in names else "-" for n in ("kgan", "torch-fidelity")]
        for seconds in (elapsed, cpu):
            ratios = [b / a for a, b in zip(seconds[names[0]], seconds[names[-1]], strict=True)]
            row += [f"{median(ratios):.2f} ({spread(ratios, 2)})"] if len(names) == 2 else ["-"]
        rows.append((*row, f"{differences[case]:.0e}" if len(names) == 2 else "-"))
    columns = "kgan, images/s", "torch-fidelity", "ratio", "ratio in CPU seconds", "difference, of the largest"
    table(("images", *columns), rows)
    if not arguments.torch_python:
        print("torch-fidelity is left out: no --torch-python was given.\n")


class Worker:
    """An extractor in a process of its own."""

    def __init__(self, name, python):
        self.name = name
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [python, __file__, "--worker", name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
        )  # fmt: skip

    def ask(self, *question):
        """The answer to a line."""
        with contextlib.suppress(BrokenPipeError):
            print(*question, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            sys.exit(f"The worker {self.name!r} failed:\n{self.errors.read()[-3000:]}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def work(name):
    """Answers each line, a side and a number of images, with seconds and some features of the first image."""
    answers, sys.stdout = sys.stdout, sys.stderr
    extract = {"kgan": kgan_extractor, "torch-fidelity": torch_extractor}[name]()
    for line in sys.stdin:
        side, count = map(int, line.split())
        images = np.random.default_rng(0).integers(0, 256, [count, side, side, 3], np.uint8)
        begun, busy = time.perf_counter(), time.process_time()
        features = extract(images)
        answer = {"seconds": time.perf_counter() - begun, "cpu": time.process_time() - busy}
        print(json.dumps({**answer, "features": features[0, ::16].tolist()}), file=answers, flush=True)


def seeded():
    """Random weights under which activations neither vanish nor grow."""
    from kgan.metrics import inception_weights

    rng, arrays = np.random.default_rng(0), {}
    for name, shape in inception_weights.expected().items():
        part = name.rpartition("/")[2]
        arrays[name] = rng.random(shape, np.float32)
        if part == "kernel":
            arrays[name] = (2 * arrays[name] - 1) * np.float32((6 / np.prod(shape[:-1])) ** 0.5)
        else:
            arrays[name] += 0.5 if part in ("gamma", "moving_variance") else -0.5
    return arrays


def kgan_network():
    from kgan.metrics import Inception, inception_weights

    inception_weights.load = lambda path: inception_weights.Weights(seeded(), "seeded", "0" * 64)
    return Inception()


def kgan_extractor():
    network = kgan_network()
    return lambda images: network(images, batch_size=len(images))["features"]


def torch_extractor():
    import torch

    from kgan.metrics import inception_layout, inception_weights

    # torchvision, which torch-fidelity imports, asks for these operations, and beside a CPU's torch has none.
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operation in ("nms", "qnms"):
        library.define(f"{operation}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    arrays = seeded()
    state = {"fc.weight": arrays["softmax/kernel"].T, "fc.bias": arrays["softmax/bias"]}
    for conv in inception_layout.shapes():
        for ours, theirs in zip(inception_weights.PARTS, inception_weights.TORCH_PARTS, strict=True):
            values = arrays[f"{conv.name}/{ours}"]
            state[f"{conv.torch}.{theirs}"] = np.moveaxis(values, (3, 2), (0, 1)) if ours == "kernel" else values
    with tempfile.NamedTemporaryFile(suffix=".pth") as file:
        torch.save({name: torch.from_numpy(np.ascontiguousarray(v)) for name, v in state.items()}, file.name)
        network = FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=file.name)

    def extract(images):
        with torch.no_grad():
            return network(torch.from_numpy(np.moveaxis(images, 3, 1).copy()))[0].numpy()

    return extract


# --- memory ---


def memory(arguments):
    """The peak of a Fréchet distance of 50,000 images."""
    command = [sys.executable, __file__, "--worker", "memory", "--images", str(arguments.images)]
    answer = subprocess.run([*command, "--batch", str(arguments.batch)], stdout=subprocess.PIPE, text=True, check=True)
    stages = json.loads(answer.stdout.splitlines()[-1])
    table((f"peak after, {arguments.batch} images at a time", "MB"), [(k, f"{v:.0f}") for k, v in stages.items()])


def account(count, batch):
    """Prints the peak after each stage as JSON."""
    import tensorflow  # noqa: F401

    from kgan.metrics import FeatureStatistics, frechet_distance

    peaks = {"import of TensorFlow": peak()}
    network = kgan_network()
    peaks["network"] = peak()
    rng, statistics = np.random.default_rng(0), FeatureStatistics()
    for _ in range(-(-count // batch)):
        images = rng.integers(0, 256, [batch, 32, 32, 3], np.uint8)
        features = network(images, batch_size=batch)["features"]
        statistics.update(features)
    peaks[f"{statistics.count} images of 32x32 through it"] = peak()

    def more(size):
        return features[rng.integers(len(features), size=size)] + rng.normal(size=[size, features.shape[1]])

    while statistics.count < 50_000:
        statistics.update(more(min(1000, 50_000 - statistics.count)))
    peaks[f"statistics of {statistics.count} rows"] = peak()
    reference = FeatureStatistics.of(more(2 * features.shape[1]))
    _ = reference.factor
    peaks["another such with its factor"] = peak()
    frechet_distance(reference, statistics)
    peaks["the Fréchet distance: in all"] = peak()
    print(json.dumps(peaks))


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


# --- the report ---


def table(header, rows):
    for row in (header, ["---"] * len(header), *rows):
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def spread(values, digits):
    return f"{min(values):.{digits}f}..{max(values):.{digits}f}"


def machine(arguments):
    """What the numbers depend on."""
    import importlib.metadata as metadata

    info = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    info = {key.strip(): value.strip() for key, value in info.items()}
    flags = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in info["flags"].split()]
    versions = [f"Python {platform.python_version()}"]
    for name in ("numpy", "scipy", "tensorflow", "tensorflow-cpu", "keras"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions.append(f"{name} {metadata.version(name)}")
    if arguments.torch_python:
        code = (
            "from importlib.metadata import version as v; print(*(f'{n} {v(n)}' for n in ('torch', 'torch-fidelity')))"
        )
        command = [arguments.torch_python, "-c", code]
        versions.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    print(
        f"{info['model name']}, {len(os.sched_getaffinity(0))} cores, {' '.join(flags)}; features float32, FD float64"
    )
    print(", ".join(versions) + f"; {datetime.date.today()}")
    words = [word.replace(arguments.torch_python or "\n", "PATH") for word in sys.argv[1:]]
    print(f"`{' '.join(['python tools/benchmark_metrics.py', *words])}`\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "measurements", nargs="*", metavar="MEASUREMENT", help=f"{', '.join(MEASUREMENTS)} (default all)"
    )
    parser.add_argument("--torch-python", help="an interpreter that has torch-fidelity")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (default 3)")
    parser.add_argument("--dim", type=int, default=2048, help="features of the Fréchet distance (default 2048)")
    parser.add_argument("--images", type=int, default=500, help="through the network for `memory` (default 500)")
    parser.add_argument("--batch", type=int, default=16, help="images at a time for `memory` (default 16)")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.path.insert(0, str(ROOT))
    if arguments.worker == "memory":
        account(arguments.images, arguments.batch)
        return
    if arguments.worker:
        work(arguments.worker)
        return
    for name in arguments.measurements:
        if name not in MEASUREMENTS:
            parser.error(f"{name!r} is none of {', '.join(MEASUREMENTS)}")
    machine(arguments)
    for name in arguments.measurements or MEASUREMENTS:
        print(f"### {name}\n", flush=True)
        globals()[name](arguments)


if __name__ == "__main__":
    main()
