"""Every objective on the toys: modes covered, exact distances to the truth, and what critics think of it.

    python tools/toy_benchmark.py --out DIR [--only NAME]... [--data ring]... [--seeds 3] [--updates 25000] [--jobs 2]
    python tools/toy_benchmark.py --out DIR --critic [--only NAME]...
    python tools/toy_benchmark.py --out DIR --why [--only NAME]... [--data ring]...

All objectives and the baselines have the same networks (ReLU and LeakyReLU(0.2) MLPs of 3 layers of 128, 2 latents),
the same minibatches of 128, and as many discriminator updates, whatever their number per update of the generator.
Learning rates fall linearly to 0 over the run (as Gulrajani et al. 2017 do on CIFAR-10); computed in float32.

Results are lines in DIR/results.jsonl, one for each run, and the samples in DIR/samples. What is there is not done
again; what failed is, and stays in the table until it does not. Each run is a process of its own, on one thread. After
each, DIR/toys.md has the table, and in the end DIR/toys.png the samples.

Every run draws 2,500 samples of the averaged generator, for the modes (20 samples within 3 standard deviations of a
centre cover it), the share of good samples, and the exact Wasserstein-1 distance from 2,500 points of the truth that
no training saw, in the data's own units. Two samples of the truth have a distance too: the first row. Seconds are
those of the one core's time that the updates took.

The critic's estimate is mean D(x) - mean D(G(z)) on the same points and samples, without penalties. It estimates W1 for
WGANGP and WGANLP, and where W1 is not small against 2 lambda, it is above; for spectral normalisation, whose critic is
1-Lipschitz, it is at most W1; with clipped weights at most K W1 with an unknown K, here bounded by the product of the
kernels' spectral norms.

With --critic it is asked whether the estimate is right when the critic has had the time: at three points of a
training with lambda = 10, the generator stands still for 2,000 updates of the critic, whose estimate is then compared
with the exact distance, both on points and samples that it was not trained on.

With --why, rows that fail are run with one thing changed, which a reason for the failure says should help.
"""

import argparse
import dataclasses
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
BATCH, LATENT_DIM, UNITS, COUNT = 128, 2, (128, 128, 128), 2500
UPDATES, PER_EXECUTION = 25_000, 50
DATA = ("ring", "grid", "swiss roll")
LABELLED = ("ring", "grid")
PER_RUN = 140  # seconds of a core that 25,000 updates take: 100 for WGAN-GP, 165 for R3GAN, with 10 for the exact W1
CRITIC_STEPS = (50, 100, 150, 200)  # generator steps after which --critic looks; the first three far enough away count
FAR = 0.3


@dataclasses.dataclass(frozen=True)
class Entry:
    """One row of the table.

    Args:
        make: function from (kgan, generator, discriminator, seed) to a game.
        optimizer: "Adam" or "RMSprop", with `rates` for generator and discriminator and `betas`.
        k: discriminator updates per generator step.
        source: of these numbers.
        discriminator: of the MLP.
        code_dim: the autoencoder's whose error is the discriminator; 0: it is an MLP.
        conditional: whether both networks have the labels; such a one cannot be trained on the swiss roll.
        generator: of the MLP.
        seeds: how many.
        estimate: what mean D(x) - mean D(G(z)) is: "W1", "at most W1", "at most K W1".
    """

    make: Callable
    source: str
    optimizer: str = "Adam"
    rates: tuple = (2e-4, 2e-4)
    betas: tuple = (0.5, 0.999)
    k: int = 1
    discriminator: dict = dataclasses.field(default_factory=dict)
    code_dim: int = 0
    generator: dict = dataclasses.field(default_factory=dict)
    conditional: bool = False
    seeds: int = 1
    estimate: str | None = None


def named(name, **options):
    """An objective of kgan by name; values of `options` that are functions are called with kgan first."""

    def make(kgan, generator, discriminator, seed):
        given = {key: value(kgan) if callable(value) else value for key, value in options.items()}
        return getattr(kgan, name)(generator, discriminator, seed=seed, **given)

    return make


def penalties(*pairs):
    """Regularisers by name and weight."""
    return lambda kgan: tuple(getattr(kgan.regularizers, name)(weight) for name, weight in pairs)


def loss(name, **options):
    return lambda kgan: getattr(kgan.losses, name)(**options)


# lambda = 0.1 is what Gulrajani et al. used for toys, in their published code. With the 10 of their Algorithm 1 the
# penalty's gradient is most of what Adam sees where distances are as small as these: 1 of the 25 modes was found.
GP = {"rates": (5e-4, 1e-3), "betas": (0.5, 0.9)}
LAMBDA = 0.1
DCGAN = "Adam of Radford et al. 2015"
ADAM_GP = "Gulrajani et al. 2017 with their lambda for toys, k = 1 and larger rates"

# The settings of everything, in the order in which they are run.
ENTRIES = {
    "WGAN-GP": Entry(
        named("WGANGP", discriminator_steps=1, regularizers=penalties(("GradientPenalty", LAMBDA))), ADAM_GP, **GP,
        seeds=3, estimate="W1",
    ),
    "R3GAN": Entry(
        named("R3GAN", regularizers=penalties(("R1", 1.0), ("R2", 1.0))),
        "beta_1 = 0 of Huang et al. 2024; gamma 1", rates=(5e-4, 5e-4), betas=(0.0, 0.99), seeds=3,
    ),
    "SN + GP": Entry(
        named("WGANGP", discriminator_steps=1, regularizers=penalties(("GradientPenalty", LAMBDA))),
        "gamma W / sigma(W) of Miyato et al. 2018, appendix E; gamma needs the critic's larger rate",
        rates=(5e-4, 2e-3), betas=(0.0, 0.99), seeds=3,
        discriminator={"normalization": "scaled_spectral"}, estimate="W1",
    ),
    "NS-GAN": Entry(named("StandardGAN"), DCGAN),
    "minimax GAN": Entry(named("StandardGAN", adversarial_loss=loss("Minimax")), DCGAN),
    "WGAN": Entry(
        named("WGAN", discriminator_steps=5, clip=0.1),
        "RMSprop and k of Arjovsky et al. 2017; clip and rate larger, for a small network",
        optimizer="RMSprop", rates=(5e-4, 5e-4), k=5, estimate="at most K W1",
    ),
    "WGAN-LP": Entry(
        named("WGANLP", discriminator_steps=1, regularizers=penalties(("LipschitzPenalty", LAMBDA))), ADAM_GP, **GP,
        estimate="W1",
    ),
    "SN-GAN": Entry(
        named("SNGAN", discriminator_steps=5), "Table 1 of Miyato et al. 2018, C", betas=(0.5, 0.999), k=5,
        discriminator={"normalization": "spectral"}, estimate="at most W1",
    ),
    "LSGAN": Entry(named("LSGAN"), DCGAN),
    "geometric GAN": Entry(named("GeometricGAN"), DCGAN),
    "f-GAN, Pearson": Entry(named("FGAN", divergence="pearson"), DCGAN),
    "f-GAN, KL": Entry(named("FGAN", divergence="kl"), DCGAN),
    "f-GAN, Hellinger": Entry(named("FGAN", divergence="squared_hellinger"), DCGAN),
    "BS-GAN": Entry(named("BSGAN"), DCGAN),
    "NS-GAN + GP": Entry(named("StandardGAN", regularizers=penalties(("GradientPenalty", 10.0))), DCGAN),
    "NS-GAN + DRAGAN": Entry(named("StandardGAN", regularizers=penalties(("DRAGAN", 10.0))), DCGAN),
    "NS-GAN + R1": Entry(
        named("StandardGAN", regularizers=penalties(("R1", 1.0))), "beta_1 = 0 of Mescheder et al. 2018",
        betas=(0.0, 0.99),
    ),
    "relativistic GAN": Entry(named("RelativisticGAN"), DCGAN),
    "EBGAN": Entry(
        named("EBGAN", margin=1.0, pulling_away=0.1), "the pulling-away weight of Zhao et al. 2016; " + DCGAN,
        code_dim=16,
    ),
    "BEGAN": Entry(
        named("BEGAN", prior="uniform"), "Adam of Berthelot et al. 2017", rates=(1e-4, 1e-4), betas=(0.9, 0.999),
        code_dim=16,
    ),
    "consensus": Entry(
        named("ConsensusGAN", consensus_weight=10.0), "Mescheder et al. 2017", optimizer="RMSprop", rates=(1e-4, 1e-4)
    ),
    "simultaneous": Entry(named("SimultaneousGAN"), "as consensus", optimizer="RMSprop", rates=(1e-4, 1e-4)),
    "unrolled GAN": Entry(
        named("UnrolledGAN", unroll_steps=5), "the toy of Metz et al. 2016", rates=(1e-3, 1e-4), betas=(0.5, 0.999)
    ),
    "feature matching": Entry(
        named("FeatureMatchingGAN", adversarial_loss=loss("NonSaturating", real_labels=0.9)),
        "label smoothing of Salimans et al. 2016; " + DCGAN,
    ),
    "historical averaging": Entry(named("HistoricalAveragingGAN", history_weight=0.001), DCGAN),
    "InfoGAN": Entry(
        named("InfoGAN", categorical=(8,), continuous=1), DCGAN,
        generator={"latent_dim": LATENT_DIM + 9},
        discriminator={"conditioning": "auxiliary", "num_classes": 8, "num_conditions": 1},
    ),
    "conditional GAN": Entry(
        named("StandardGAN"), DCGAN, conditional=True,
        discriminator={"conditioning": "concatenation"},
    ),
    "projection GAN": Entry(
        named("GeometricGAN"), DCGAN, conditional=True,
        discriminator={"conditioning": "projection", "normalization": "spectral"},
    ),
    "conditional WGAN-GP": Entry(
        named("WGANGP", discriminator_steps=1, regularizers=penalties(("GradientPenalty", LAMBDA))), ADAM_GP, **GP,
        conditional=True,
        discriminator={"conditioning": "concatenation"},
    ),
    "AC-GAN": Entry(named("ACGAN"), DCGAN, conditional=True, discriminator={"conditioning": "auxiliary"}),
}  # fmt: skip


def changed(name, source, **fields):
    return dataclasses.replace(ENTRIES[name], source=source, seeds=1, **fields)


# What shows why some rows fail: one thing is changed in each.
VARIANTS = {
    "WGAN-GP, lambda 10": changed("WGAN-GP", "Algorithm 1", make=named("WGANGP", discriminator_steps=1)),
    "NS-GAN + GP, lambda 0.1": changed(
        "NS-GAN + GP", "less stiff", make=named("StandardGAN", regularizers=penalties(("GradientPenalty", 0.1)))
    ),
    "NS-GAN + DRAGAN, lambda 0.1": changed(
        "NS-GAN + DRAGAN", "less stiff", make=named("StandardGAN", regularizers=penalties(("DRAGAN", 0.1)))
    ),
    "SN-GAN, gamma W / sigma": changed(
        "SN-GAN", "less stiff", make=named("GeometricGAN", discriminator_steps=5),
        discriminator={"normalization": "scaled_spectral"}, estimate=None,
    ),
    "WGAN, clip 0.5": changed("WGAN", "less stiff", make=named("WGAN", discriminator_steps=5, clip=0.5)),
    "EBGAN, a code of 1": changed("EBGAN", "a code that cannot hold a point", code_dim=1),
    "EBGAN, margin 0.1": changed(
        "EBGAN", "a margin below the spacing", make=named("EBGAN", margin=0.1, pulling_away=0.1)
    ),
    "EBGAN, no pulling away": changed("EBGAN", "less asked", make=named("EBGAN", margin=1.0)),
    "BEGAN, a code of 1": changed("BEGAN", "a code that cannot hold a point", code_dim=1),
    "BEGAN, gamma 0.9": changed("BEGAN", "more diversity", make=named("BEGAN", prior="uniform", diversity_ratio=0.9)),
    "BEGAN, lambda_k 0.1": changed("BEGAN", "a faster k", make=named("BEGAN", prior="uniform", balance_rate=0.1)),
    "consensus, weight 1": changed("consensus", "held back less", make=named("ConsensusGAN", consensus_weight=1.0)),
    "consensus, rate 1e-3": changed("consensus", "ten times the rate", rates=(1e-3, 1e-3)),
    "simultaneous, Adam": changed("simultaneous", "NS-GAN's optimizer", optimizer="Adam", rates=(2e-4, 2e-4)),
    "AC-GAN, class weight 0.1": changed("AC-GAN", "the classes matter less", make=named("ACGAN", class_weight=0.1)),
}  # fmt: skip
# With the penalty lambda (s - 1)^2 the best slope s is 1 + W1 / (2 lambda): an estimate needs the paper's lambda of 10.
CRITICS = {
    name: Entry(
        named(objective, discriminator_steps=5), "Algorithm 1 of Gulrajani et al. 2017, with ten times its rate",
        rates=(1e-3, rate), betas=(0.0, 0.9), k=5, estimate="W1", discriminator=discriminator,
    )
    for name, objective, rate, discriminator in (
        ("WGAN-GP", "WGANGP", 1e-3, {}),
        ("SN + GP", "WGANGP", 1e-3, {"normalization": "scaled_spectral"}),
        ("WGAN-LP", "WGANLP", 1e-3, {}),
    )
}  # fmt: skip
BASELINES = ("truth", "Gaussian per coordinate", "Gaussian", "VAE")


# --- data ---


def toy(name, size=50_000, seed=0):
    import kgan

    cls = {
        "ring": kgan.datasets.RingOfGaussians, "grid": kgan.datasets.GridOfGaussians,
        "swiss roll": kgan.datasets.SwissRoll,
    }[name]  # fmt: skip
    return cls(size=size, seed=seed)


def held_out(name, number=1):
    """2,500 points that no training saw, in the data's units, and their labels."""
    dataset = toy(name, COUNT, seed=number)
    return dataset.batch(np.arange(COUNT))


def stream(dataset, size, seed, labelled=False, start=0):
    """Minibatches drawn with replacement, from number `start` on, without Python between them."""
    import tensorflow as tf

    points, labels = dataset.batch(np.arange(len(dataset)))
    points = tf.constant(dataset.encode(points))

    def draw(number):
        rows = tf.random.stateless_uniform([size], [seed, number], maxval=len(dataset), dtype=tf.int32)
        return (tf.gather(points, rows), tf.gather(labels, rows)) if labelled else tf.gather(points, rows)

    return tf.data.Dataset.counter(start).map(draw).prefetch(4)


# --- one run ---


def build(entry, dataset, seed, steps=None):
    """A compiled game; with `steps`, the generator's, learning rates fall to 0 over them."""
    import keras

    import kgan

    keras.utils.set_random_seed(seed)
    classes = {"num_classes": dataset.num_classes} if entry.conditional else {}
    conditioning = {"conditioning": "concatenation"} if entry.conditional else {}
    generator = kgan.architectures.MLPGenerator(
        (2,), **{"latent_dim": LATENT_DIM, "units": UNITS} | conditioning | classes | entry.generator
    )
    if entry.code_dim:
        discriminator = kgan.architectures.MLPAutoencoder((2,), units=UNITS[:2], code_dim=entry.code_dim)
    else:
        discriminator = kgan.architectures.MLPDiscriminator((2,), **{"units": UNITS} | classes | entry.discriminator)
    gan = entry.make(kgan, generator, discriminator, seed)
    rates = entry.rates
    if steps:
        falling = keras.optimizers.schedules.PolynomialDecay
        rates = (falling(rates[0], steps, 0.0), falling(rates[1], steps * entry.k, 0.0))
    make = getattr(keras.optimizers, entry.optimizer)
    betas = {"beta_1": entry.betas[0], "beta_2": entry.betas[1]} if entry.optimizer == "Adam" else {}
    gan.compile(
        generator_optimizer=make(rates[0], **betas), discriminator_optimizer=make(rates[1], **betas),
        steps_per_execution=PER_EXECUTION,
    )  # fmt: skip
    return gan


def train(name, data, seed, updates):
    """Trains one objective; returns a result and the samples."""
    import keras

    from kgan.callbacks import StopOnNonFinite

    entry, dataset = (ENTRIES | VARIANTS)[name], toy(data)
    steps = whole_executions(updates // entry.k)
    gan = build(entry, dataset, seed, steps)
    size = BATCH * entry.k
    options = {"verbose": 0, "shuffle": False, "callbacks": [StopOnNonFinite()]}
    for start, count in ((0, PER_EXECUTION), (PER_EXECUTION, steps - PER_EXECUTION)):  # the first also traces
        begun = time.process_time()
        batches = stream(dataset, size, seed, entry.conditional, start)
        gan.fit(batches, epochs=1, steps_per_epoch=count, **options)
    seconds = (time.process_time() - begun) / count * steps
    truth = held_out(data)
    labels = truth.labels if entry.conditional else None
    encoded = gan.sample_values(COUNT, seed=1, labels=labels)
    if not np.isfinite(encoded).all():
        raise FloatingPointError("the samples are not finite")
    result = {"seconds": round(seconds, 1), "ms_per_update": round(1e3 * seconds / (steps * entry.k), 3)}
    if entry.estimate:
        from kgan.callbacks.lipschitz_picture import spectral_norms

        scale = dataset.extent
        result["estimate"] = scale * estimated(gan, dataset.encode(truth.images), encoded)
        result["K"] = math.prod(spectral_norms(gan.discriminator))
    keras.backend.clear_session()
    return result, dataset.decode(encoded)


def whole_executions(steps):
    """`steps` cut to whole executions, of which there are two at least."""
    return max(2, steps // PER_EXECUTION) * PER_EXECUTION


def estimated(gan, real, fake):
    """mean D(x) - mean D(G(z)), in the units of what the networks see."""
    import tensorflow as tf

    from kgan.batch import Batch

    with gan.observing():
        scores = [float(tf.reduce_mean(gan.score(Batch(tf.constant(points))))) for points in (real, fake)]
    return scores[0] - scores[1]


def baseline(name, data, seed, updates):
    """What a GAN must beat: simple models of the same data."""
    import keras
    import tensorflow as tf

    import kgan

    if name == "truth":
        return {}, held_out(data, number=2).images
    dataset = toy(data)
    keras.utils.set_random_seed(seed)
    if name == "VAE":
        steps, batches = whole_executions(updates), stream(dataset, BATCH, seed)
        falling = keras.optimizers.schedules.PolynomialDecay(1e-3, steps, 0.0)
        model = kgan.VAE(
            kgan.architectures.MLPGenerator((2,), LATENT_DIM, UNITS),
            kgan.architectures.MLPEncoder((2,), LATENT_DIM, UNITS),
            seed=seed,
        )
        optimizers = {f"{player}_optimizer": keras.optimizers.Adam(falling) for player in model.players}
        model.compile(**optimizers, steps_per_execution=PER_EXECUTION)
    else:
        covariance = "full" if name == "Gaussian" else "diagonal"
        model = kgan.GaussianSampler(kgan.architectures.GaussianGenerator((2,), covariance))
        model.compile()
        points = dataset.batch(np.arange(len(dataset))).images
        steps, batches = 1, tf.data.Dataset.from_tensors(dataset.encode(points))
    begun = time.process_time()
    model.fit(batches, epochs=1, steps_per_epoch=steps, verbose=0, shuffle=False)
    seconds = time.process_time() - begun
    return {"seconds": round(seconds, 1)}, dataset.decode(model.sample_values(COUNT, seed=1))


def measured(data, samples):
    """Modes, good share and exact distance of samples."""
    from kgan.distances import wasserstein1
    from kgan.metrics import modes

    dataset, found = toy(data, 1), {}
    if hasattr(dataset, "centers"):
        counted = modes(samples, dataset.centers, dataset.stddev)
        found = {"modes": counted["modes"], "of": len(dataset.centers), "good": counted["good"]}
    return found | {"w1": wasserstein1(samples, held_out(data).images)}


def critic(name, data, seed):
    """The estimate of a critic that had the time, at points of the training far from its end."""
    import keras
    import tensorflow as tf

    from kgan.distances import wasserstein1

    entry, dataset = CRITICS[name], toy(data)
    gan = build(entry, dataset, seed)

    def go_on(steps):
        seen = int(gan.step.numpy())
        batches = stream(dataset, BATCH * entry.k, seed, start=seen)
        gan.fit(batches, epochs=1, steps_per_epoch=steps, verbose=0, shuffle=False)

    scale, found, done = dataset.extent, [], 0
    for number, steps in enumerate(CRITIC_STEPS):
        gan.generator_optimizer.learning_rate = entry.rates[0]
        go_on(steps - done)
        done = steps
        latents = tf.random.stateless_normal([COUNT, LATENT_DIM], [seed, number])
        fake, real = gan.generator(latents).numpy(), held_out(data, 10 + number).images
        exact = wasserstein1(dataset.decode(fake), real)
        if exact < FAR:
            continue
        before = estimated(gan, dataset.encode(real), fake)
        weights = gan.generator.get_weights()
        gan.generator_optimizer.learning_rate = 0.0
        go_on(2000 // entry.k)
        if any((a != b).any() for a, b in zip(weights, gan.generator.get_weights(), strict=True)):
            raise AssertionError("the generator moved")
        after = estimated(gan, dataset.encode(real), fake)
        found.append({"step": steps, "exact": exact, "before": scale * before, "after": scale * after})
        if len(found) == 3:
            break
    keras.backend.clear_session()
    return found


# --- all runs ---


def worker(job):
    """Does one job, {"name", "data", "seed", "updates", "out"}, and returns its line."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    name, data, seed = job["name"], job["data"], job["seed"]
    if job["critic"]:
        return {"points": critic(name, data, seed)}
    run = baseline if name in BASELINES else train
    result, samples = run(name, data, seed, job["updates"])
    np.savez_compressed(sample_path(Path(job["out"]), job), samples=samples)
    return result | measured(data, samples)


def sample_path(out, job):
    plain = "".join(letter if letter.isalnum() else "_" for letter in f"{job['name']} {job['data']} {job['seed']}")
    return out / "samples" / f"{plain}.npz"


def key(job):
    return job["name"], job["data"], job["seed"], job["updates"], job["critic"]


def jobs(arguments):
    """What there is to do, in order: the first seeds of all, then the others."""
    entries = CRITICS if arguments.critic else VARIANTS if arguments.why else ENTRIES
    names = [*entries] if arguments.critic or arguments.why else [*entries, *BASELINES]
    for name in arguments.only or []:
        if name not in names:
            raise SystemExit(f"There is no {name!r} here; choose from: {', '.join(names)}.")
    made = []
    for seed in range(arguments.seeds):
        for data in arguments.data or DATA:
            for name in names:
                most = 1 if name in BASELINES else entries[name].seeds
                if data not in LABELLED and name in entries and entries[name].conditional:
                    continue
                if (not arguments.only or name in arguments.only) and seed < most:
                    made.append({
                        "name": name, "data": data, "seed": seed, "updates": arguments.updates,
                        "critic": arguments.critic, "out": str(arguments.out),
                    })  # fmt: skip
    return made


def run(job, out):
    """One job in its own process; its line is written whatever comes of it."""
    command = [sys.executable, __file__, "--worker", json.dumps(job)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode == 0:
        result = json.loads(done.stdout.splitlines()[-1])
    else:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        result = {"failed": lines[-1] if lines else f"exit code {done.returncode}"}
    line = job | result
    with open(out / "results.jsonl", "a") as file:
        file.write(json.dumps(line) + "\n")
    return line


def results(out):
    """The newest line of each job."""
    path = out / "results.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {key(line): line for line in lines}


def table(lines):
    """Markdown of all results: a row for each objective and seed."""
    rows = [
        "| | seed | ring: modes, good | W1 | critic | grid: modes, good | W1 | critic | roll: W1 | critic | seconds |",
        "|---" * 11 + "|",
    ]
    found = {(line["name"], line["seed"], line["data"]): line for line in lines if not line["critic"]}
    for name in [*BASELINES, *ENTRIES, *VARIANTS]:
        for seed in sorted({seed for n, seed, _ in found if n == name}):
            own = [found.get((name, seed, data)) for data in DATA]
            cells = [cell for line, data in zip(own, DATA, strict=True) for cell in three(line)][: 3 * len(DATA)]
            del cells[6]  # the roll has no modes
            times = [line["seconds"] for line in own if line and "seconds" in line]
            rows.append("| " + " | ".join([name, str(seed), *cells, f"{np.mean(times):.0f}" if times else ""]) + " |")
    return "\n".join(rows)


def three(line):
    """What a table says of one run: modes and good share, W1, the critic's estimate."""
    if line is None:
        return ["", "", ""]
    if "failed" in line:
        return ["", f"failed: {line['failed'][-100:]}".replace("|", "/"), ""]
    modes = f"{line['modes']}/{line['of']}, {line['good']:.0%}" if "modes" in line else ""
    estimate = ""
    if "estimate" in line:
        sign, k = {"W1": ("", 1), "at most W1": ("≥ ", 1), "at most K W1": ("≥ ", line["K"])}[
            (ENTRIES | VARIANTS)[line["name"]].estimate
        ]
        estimate = f"{sign}{line['estimate'] / k:.2g}"
    return [modes, f"{line['w1']:.3f}", estimate]


def critic_table(lines):
    rows = ["| | data | generator steps | exact W1 | before | after 2,000 updates | off by |", "|---" * 7 + "|"]
    for line in lines:
        if line["critic"] and "failed" not in line:
            for point in line["points"]:
                off = point["after"] / point["exact"] - 1
                rows.append(
                    f"| {line['name']} | {line['data']} | {point['step']} | {point['exact']:.3f} | "
                    f"{point['before']:.3f} | {point['after']:.3f} | {off:+.1%} |"
                )
    return "\n".join(rows)


def picture(lines, out):
    """Samples of each first seed over the truth, a block of panels for each data set."""
    from matplotlib.figure import Figure

    columns, shown = 8, [line for line in lines if not line["critic"] and line["seed"] == 0]
    rows = []  # of (data, lines)
    for data in DATA:
        found = {line["name"]: line for line in shown if line["data"] == data}
        own = [found[name] for name in [*BASELINES, *ENTRIES] if name in found]
        rows += [(data, own[start : start + columns]) for start in range(0, len(own), columns)]
    if not rows:
        return
    figure = Figure(figsize=(1.6 * columns, 1.75 * len(rows)), layout="tight")
    panels = figure.subplots(len(rows), columns, squeeze=False)
    for axes in panels.ravel():
        axes.set_axis_off()
    for across, (data, own) in zip(panels, rows, strict=True):
        truth, edge = held_out(data).images, 1.15 * toy(data, 1).extent
        for axes, line in zip(across, own, strict=False):
            counted = f"\n{line['modes']}/{line['of']}, {line['good']:.0%}" if "modes" in line else ""
            axes.set_title(line["name"] + counted, fontsize=7)
            if "failed" in line:
                axes.text(0.5, 0.5, "failed", ha="center", fontsize=8)
                continue
            samples = np.load(sample_path(out, line))["samples"]
            axes.plot(*truth.T, ".", color="lightgray", markersize=2)
            axes.plot(*samples.T, ".", color="tab:blue", markersize=0.8)
            axes.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal")
    figure.savefig(out / "toys.png", dpi=80)


def report(out):
    lines = list(results(out).values())
    parts = [table(lines)]
    if any(line["critic"] for line in lines):
        parts.append(critic_table(lines))
    (out / "toys.md").write_text("\n\n".join(parts) + "\n")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="folder of the results")
    parser.add_argument("--only", action="append", help="name of a row; may be given several times")
    parser.add_argument("--data", action="append", choices=DATA, help="may be given several times")
    parser.add_argument("--seeds", type=int, default=3, help="at most so many of those that have several (default 3)")
    parser.add_argument("--updates", type=int, default=UPDATES, help=f"of the discriminator (default {UPDATES})")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (default 2)")
    parser.add_argument("--critic", action="store_true", help="the critic's estimate with the generator standing still")
    parser.add_argument("--why", action="store_true", help="variants that show why some rows fail")
    parser.add_argument("--report", action="store_true", help="only write the table and the picture of what is there")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(worker(json.loads(arguments.worker))))
        return
    if arguments.out is None:
        parser.error("--out is needed: the folder of the results")
    (arguments.out / "samples").mkdir(parents=True, exist_ok=True)
    if not arguments.report:
        perform(arguments)
    picture(report(arguments.out), arguments.out)
    print((arguments.out / "toys.md").read_text())


def perform(arguments):
    done = {k for k, line in results(arguments.out).items() if "failed" not in line}
    missing = [job for job in jobs(arguments) if key(job) not in done]
    minutes = len(missing) * PER_RUN * arguments.updates / UPDATES / arguments.jobs / 60
    print(f"{len(missing)} runs to do, {len(done)} done; about {minutes:.0f} minutes on quiet cores", flush=True)
    begun = time.perf_counter()
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for number, line in enumerate(pool.map(lambda job: run(job, arguments.out), missing), 1):
            report(arguments.out)
            left = (time.perf_counter() - begun) / number * (len(missing) - number) / 60
            said = line.get("failed") or {
                k: line[k] for k in line if k not in ("name", "data", "seed", "out", "updates")
            }
            print(f"{line['name']}, {line['data']}, seed {line['seed']}: {said}; {left:.0f} minutes left", flush=True)


if __name__ == "__main__":
    main()
