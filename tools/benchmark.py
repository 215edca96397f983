"""What a training step costs, beside the same step written the plain way in Keras and in PyTorch.

    python tools/benchmark.py [step] [fit] [replicas] [memory] [linear] [--torch-python PATH] [--rounds 9] [--steps 2]

Prints Markdown. All measurements unless some are named:

* step: the WGAN-GP step (DCGAN of widths 64, 128, 256 on 32x32x3, 64 images per update, 5 critic updates and one of
  the generator) of kgan, of the usual Keras `train_step`, and of PyTorch eager with channels_last; float32 and
  bfloat16. Each in its own process, in turns; a ratio is the median over the rounds, with the least and the
  greatest. PyTorch lives in another interpreter, named by --torch-python; without it, it is left out.
* fit: `fit` with everything that `kgan fit` does around a step, against the bare step.
* replicas: two logical CPU devices against one, at the same global batch.
* memory: the resident memory over 5,000 steps of a small game.
* linear: the time against the number of steps, the batch and the critic updates, with the line through it.

A worker is this script with `--worker NAME`: it makes its game, runs as many steps as a line of its input says, and
answers with a line of JSON. It imports only what its game is written in, so that PyTorch's interpreter needs no more.
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

ROOT = Path(__file__).resolve().parents[1]
MEASUREMENTS = ("step", "fit", "replicas", "memory", "linear")
SHAPE, LATENT_DIM, WIDTHS, BATCH, CRITIC_STEPS = (32, 32, 3), 128, (64, 128, 256), 64, 5
ADAM = {"learning_rate": 1e-4, "beta_1": 0.0, "beta_2": 0.9}


# --- the games; each function returns one that runs a step n times ---


def kgan_game(precision="float32", norm="layer", width=64, batch=BATCH, updates=CRITIC_STEPS, shape=SHAPE):
    """kgan's own, compiled."""
    import keras

    import kgan
    from kgan.precision import choose, policy

    keras.utils.set_random_seed(0)
    with policy(choose(precision)[0]):
        generator = kgan.architectures.DCGANGenerator(shape, latent_dim=LATENT_DIM, width=width)
        discriminator = kgan.architectures.DCGANDiscriminator(shape, width=width, normalization=norm)
        gan = kgan.WGANGP(generator, discriminator, discriminator_steps=updates)
    gan.compile(
        generator_optimizer=keras.optimizers.Adam(**ADAM), discriminator_optimizer=keras.optimizers.Adam(**ADAM)
    )
    return gan, batch * updates


def keras_game(precision, norm):
    """The usual Keras `train_step`: a pass each for fakes, data and interpolates."""
    import keras
    import tensorflow as tf
    from keras import layers

    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(precision)

    generator = keras.Sequential([keras.Input([LATENT_DIM]), layers.Dense(4 * 4 * WIDTHS[-1], use_bias=False)])
    generator.add(layers.Reshape([4, 4, WIDTHS[-1]]))
    for width in (*reversed(WIDTHS[:-1]), SHAPE[-1]):
        generator.add(layers.BatchNormalization())
        generator.add(layers.ReLU())
        generator.add(layers.Conv2DTranspose(width, 4, 2, padding="same", use_bias=width == SHAPE[-1]))
    generator.add(layers.Activation("tanh", dtype="float32"))

    critic = keras.Sequential([keras.Input(SHAPE)])
    for level, width in enumerate(WIDTHS):
        normalized = level > 0 and norm == "layer"
        critic.add(layers.Conv2D(width, 4, 2, padding="same", use_bias=not normalized))
        if normalized:
            critic.add(layers.GroupNormalization(groups=1))
        critic.add(layers.LeakyReLU(0.2))
    critic.add(layers.Flatten())
    critic.add(layers.Dense(1, dtype="float32"))

    class Plain(keras.Model):
        def __init__(self):
            super().__init__()
            self.generator, self.critic = generator, critic
            self.generator_optimizer, self.critic_optimizer = (keras.optimizers.Adam(**ADAM) for _ in range(2))
            self.generator_optimizer.build(generator.trainable_variables)
            self.critic_optimizer.build(critic.trainable_variables)

        def penalty(self, real, fake):
            u = tf.random.uniform([tf.shape(real)[0], 1, 1, 1])
            between = u * real + (1 - u) * fake
            with tf.GradientTape() as tape:
                tape.watch(between)
                scores = self.critic(between, training=True)
            slope = tape.gradient(scores, between)
            norm = tf.sqrt(tf.reduce_sum(tf.square(slope), axis=[1, 2, 3]))
            return tf.reduce_mean((norm - 1) ** 2)

        def train_step(self, real):
            count = tf.shape(real)[0]
            for _ in range(CRITIC_STEPS):
                latents = tf.random.normal([count, LATENT_DIM])
                with tf.GradientTape() as tape:
                    fake = self.generator(latents, training=True)
                    fake_scores = self.critic(fake, training=True)
                    real_scores = self.critic(real, training=True)
                    d_loss = tf.reduce_mean(fake_scores) - tf.reduce_mean(real_scores)
                    d_loss += 10.0 * self.penalty(real, fake)
                slopes = tape.gradient(d_loss, self.critic.trainable_variables)
                self.critic_optimizer.apply_gradients(zip(slopes, self.critic.trainable_variables, strict=True))

            latents = tf.random.normal([count, LATENT_DIM])
            with tf.GradientTape() as tape:
                g_loss = -tf.reduce_mean(self.critic(self.generator(latents, training=True), training=True))
            slopes = tape.gradient(g_loss, self.generator.trainable_variables)
            self.generator_optimizer.apply_gradients(zip(slopes, self.generator.trainable_variables, strict=True))
            return {"d_loss": d_loss, "g_loss": g_loss}

    model = Plain()
    model.built = True
    model.compile(optimizer=None)
    return model, BATCH


def steps_of(model, rows):
    """Runs the compiled step of a Keras model, and nothing else, on images that are in memory."""
    import tensorflow as tf

    images = tf.random.stateless_uniform([rows, *SHAPE], [0, 0], -1.0, 1.0)
    data = tf.data.Dataset.from_tensors(images).repeat()
    iterator = iter(model.distribute_strategy.experimental_distribute_dataset(data))
    model.make_train_function()

    def run(count):
        for _ in range(count):
            logs = model.train_function(iterator)
        return [float(value) for value in logs.values()]

    return run


def torch_game(precision, norm):
    """PyTorch, eager, channels_last; bfloat16 by autocast."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    bfloat16 = torch.autocast("cpu", torch.bfloat16, enabled=precision == "mixed_bfloat16")

    parts = [nn.Linear(LATENT_DIM, 4 * 4 * WIDTHS[-1], bias=False), nn.Unflatten(1, (WIDTHS[-1], 4, 4))]
    before = WIDTHS[-1]
    for width in (*reversed(WIDTHS[:-1]), SHAPE[-1]):
        parts += [nn.BatchNorm2d(before), nn.ReLU()]
        parts += [nn.ConvTranspose2d(before, width, 4, 2, 1, bias=width == SHAPE[-1])]
        before = width
    generator = nn.Sequential(*parts, nn.Tanh()).to(memory_format=torch.channels_last)

    parts, before = [], SHAPE[-1]
    for level, width in enumerate(WIDTHS):
        normalized = level > 0 and norm == "layer"
        parts += [nn.Conv2d(before, width, 4, 2, 1, bias=not normalized)]
        parts += [nn.GroupNorm(1, width)] if normalized else []
        parts += [nn.LeakyReLU(0.2)]
        before = width
    critic = nn.Sequential(*parts, nn.Flatten(), nn.Linear(4 * 4 * WIDTHS[-1], 1))
    critic = critic.to(memory_format=torch.channels_last)

    generator_optimizer, critic_optimizer = (
        torch.optim.Adam(network.parameters(), lr=ADAM["learning_rate"], betas=(ADAM["beta_1"], ADAM["beta_2"]))
        for network in (generator, critic)
    )
    data = torch.rand([BATCH * CRITIC_STEPS, SHAPE[-1], *SHAPE[:2]]) * 2 - 1
    data = data.to(memory_format=torch.channels_last)

    def penalty(real, fake):
        u = torch.rand([len(real), 1, 1, 1])
        between = (u * real + (1 - u) * fake).requires_grad_()
        with bfloat16:
            scores = critic(between)
        (slope,) = torch.autograd.grad(scores.float().sum(), between, create_graph=True)
        return ((slope.float().flatten(1).norm(dim=1) - 1) ** 2).mean()

    def step():
        for real in data.chunk(CRITIC_STEPS):
            with torch.no_grad(), bfloat16:
                fake = generator(torch.randn([BATCH, LATENT_DIM]))
            fake = fake.float()
            with bfloat16:
                d_loss = critic(fake).float().mean() - critic(real).float().mean()
            d_loss = d_loss + 10 * penalty(real, fake)
            critic_optimizer.zero_grad()
            d_loss.backward()
            critic_optimizer.step()

        critic.requires_grad_(False)
        with bfloat16:
            g_loss = -critic(generator(torch.randn([BATCH, LATENT_DIM]))).float().mean()
        generator_optimizer.zero_grad()
        g_loss.backward()
        generator_optimizer.step()
        critic.requires_grad_(True)
        return float(d_loss), float(g_loss)

    def run(count):
        for _ in range(count):
            losses = step()
        return losses

    return run


# --- workers ---


def work(name, norm):
    """Answers each line of the input, a number of steps, with the seconds they took."""
    game, _, precision = name.partition(" ")
    precision = {"bfloat16": "mixed_bfloat16"}.get(precision, precision)
    answers, sys.stdout = sys.stdout, sys.stderr
    if game == "torch":
        run = torch_game(precision, norm)
    elif game == "keras":
        run = steps_of(*keras_game(precision, norm))
    elif game == "replicas":
        with two_devices().scope():
            run = steps_of(*kgan_game(precision, norm))
    else:
        run = steps_of(*kgan_game(precision, norm))
    for line in sys.stdin:
        begun = time.perf_counter()
        losses = run(int(line))
        print(json.dumps({"seconds": time.perf_counter() - begun, "losses": losses}), file=answers, flush=True)


def two_devices():
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


class Worker:
    """A game in a process of its own."""

    def __init__(self, name, norm, python=sys.executable):
        self.name = name
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [python, __file__, "--worker", name, "--norm", norm],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
        )  # fmt: skip

    def ask(self, steps):
        """Seconds of so many steps."""
        try:
            print(steps, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            line = ""
        else:
            line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            sys.exit(f"The worker {self.name!r} failed:\n{self.errors.read()[-3000:]}")
        return json.loads(line)["seconds"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def in_turns(names, arguments):
    """{name: seconds per step in each round}; in every round each game has its turn."""
    workers = []
    try:
        for name in names:
            python = arguments.torch_python if name.startswith("torch") else sys.executable
            workers.append(Worker(name, arguments.norm, python))
            workers[-1].ask(2)  # traces, and lets libraries choose their kernels, while nobody else runs
        seconds = {name: [] for name in names}
        for _ in range(arguments.rounds):
            for worker in workers:
                seconds[worker.name].append(worker.ask(arguments.steps) / arguments.steps)
        return seconds
    finally:
        for worker in workers:
            worker.close()


# --- the measurements ---


def step(arguments):
    """kgan's step beside its peers'."""
    games = ["kgan", "keras"] + ["torch"] * bool(arguments.torch_python)
    names = [f"{game} {precision}" for precision in ("float32", "bfloat16") for game in games] + ["kgan auto"]
    seconds = in_turns(names, arguments)
    print(f"critic normalisation: {arguments.norm}\n")
    if not arguments.torch_python:
        print("PyTorch is left out: no --torch-python was given.\n")
    rows = [(name, f"{1000 * median(values):.0f}", spread([1000 * v for v in values], 0))
            for name, values in seconds.items()]  # fmt: skip
    table(("game", "ms per step, median", "least..greatest"), rows)
    rows = []
    for precision in ("float32", "bfloat16"):
        rows += [ratio(seconds, f"{peer} {precision}", f"kgan {precision}") for peer in games[1:]]
    rows.append(ratio(seconds, "kgan float32", "kgan auto"))
    table(("speed of A, in units of B", "median ratio", "least..greatest"), rows)


def ratio(seconds, peer, own):
    """How many times as fast as the peer, round by round."""
    ratios = [b / a for a, b in zip(seconds[own], seconds[peer], strict=True)]
    return f"{own} / {peer}", f"{median(ratios):.3f}", spread(ratios)


def replicas(arguments):
    """Two logical devices against one at the same global batch."""
    seconds = in_turns(["kgan float32", "replicas float32"], arguments)
    rows = [ratio(seconds, "kgan float32", "replicas float32")]
    table(("speed of two replicas, in units of one device", "median ratio", "least..greatest"), rows)


def fit(arguments):
    """All that `kgan fit` has around a step against the bare step, in turns within one training."""
    import keras
    import numpy as np

    from kgan import recipe
    from kgan.running import experiment

    steps = 3 * arguments.steps
    bare, whole = [], []

    class Turns(keras.callbacks.Callback):
        """After each epoch runs as many bare steps; what lies between two of these turns is `fit`'s epoch."""

        def on_train_begin(self, logs=None):
            self.run = steps_of(self.model, BATCH * CRITIC_STEPS)
            self.last = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            whole.append(time.perf_counter() - self.last)
            done = self.model.step.numpy()
            begun = time.perf_counter()
            self.run(steps)
            bare.append(time.perf_counter() - begun)
            self.model.step.assign(done)
            self.last = time.perf_counter()

    keras.callbacks.Turns = Turns  # where recipes look callbacks up
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        pixels = np.random.default_rng(0).integers(0, 256, [5000, *SHAPE], dtype=np.uint8)
        np.savez(folder / "images.npz", images=pixels)
        source = {
            "name": "benchmark", "steps": steps * (arguments.rounds + 1), "batch_size": BATCH,
            "dataset": {"NPZ": {"path": str(folder / "images.npz")}},
            "generator": {"DCGANGenerator": {"latent_dim": LATENT_DIM}},
            "discriminator": {"DCGANDiscriminator": {"normalization": arguments.norm}},
            "objective": {"WGANGP": {"discriminator_steps": CRITIC_STEPS}},
            "optimizers": {"generator": {"Adam": ADAM}, "discriminator": {"Adam": ADAM}},
            "log": {"every": steps},
            "callbacks": [{"Turns": {}}],
        }  # fmt: skip
        (folder / "recipe.yaml").write_text(json.dumps(source))
        plan = recipe.load(folder / "recipe.yaml")
        with contextlib.redirect_stdout(sys.stderr):
            gan = experiment.fit(plan, folder / "run")
        begun = time.perf_counter()
        gan.save_weights(folder / "checkpoint.weights.h5")
        saving = time.perf_counter() - begun
    # In the first round the step was traced, and nobody had warmed up.
    shares = [a / b - 1 for a, b in zip(whole[1:], bare[1:], strict=True)]
    one = median(bare[1:]) / steps
    every = plan.checkpoint["every"]
    rows = [
        (f"`kgan fit`, a log line every {steps} steps, over the bare step of {1000 * one:.0f} ms",
         f"{median(shares):+.1%}", f"{min(shares):+.1%}..{max(shares):+.1%}"),
        (f"saving the weights once, {1000 * saving:.0f} ms, every {every} steps", f"{saving / every / one:+.2%}", ""),
    ]  # fmt: skip
    table(("cost", "median", "least..greatest"), rows)


def memory(arguments):
    """The resident memory over 5,000 steps of `fit`."""
    import keras
    import numpy as np

    class Resident(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.samples = []

        def on_train_batch_end(self, batch, logs=None):
            if batch % 100 == 99:
                pages = int(Path("/proc/self/statm").read_text().split()[1])
                self.samples.append((batch + 1, pages * resource.getpagesize() / 2**20))

    gan, rows = kgan_game(width=4, batch=8, shape=(16, 16, 1))
    images = np.random.default_rng(0).uniform(-1, 1, [rows, 16, 16, 1]).astype("float32")
    import tensorflow as tf

    resident = Resident()
    data = tf.data.Dataset.from_tensors(images).repeat()
    gan.fit(data, steps_per_epoch=5000, callbacks=[resident], shuffle=False, verbose=0)
    at = dict(resident.samples)
    later = [sample for sample in resident.samples if sample[0] >= 1000]
    slope, _ = np.polyfit(*zip(*later, strict=True), 1)
    rows = [(f"at step {n}", f"{at[n]:.1f} MiB") for n in (100, 1000, 2000, 3000, 4000, 5000)]
    rows += [("trend from step 1,000 on", f"{1000 * slope:+.3f} MiB per 1,000 steps")]
    table(("resident memory", ""), rows)


def linear(arguments):
    """The time against steps, batch and critic updates."""
    import numpy as np

    def game(**options):
        run = steps_of(*kgan_game(norm=arguments.norm, width=32, **options))
        run(2)
        return run

    usual = game()
    # Name: {how many: (game, its steps)}.
    games = {
        "steps": {count: (usual, count) for count in (1, 2, 4, 8)},
        "batch": {batch: (usual if batch == BATCH else game(batch=batch), 1) for batch in (16, 32, 64, 128)},
        "critic updates": {updates: (game(updates=updates), 1) for updates in (1, 2, 4, 8)},
    }
    lines = {name: dict.fromkeys(line, float("inf")) for name, line in games.items()}
    for _ in range(arguments.rounds):
        for name, line in games.items():
            for key, (run, count) in line.items():
                begun = time.perf_counter()
                run(count)
                # Whatever disturbs a measurement makes it longer.
                lines[name][key] = min(lines[name][key], time.perf_counter() - begun)
    rows = []
    for name, seconds in lines.items():
        x, y = np.array(list(seconds)), np.array(list(seconds.values()))
        line = np.polyval(np.polyfit(x, y, 1), x)
        measured = ", ".join(f"{key}: {1000 * value:.0f}" for key, value in seconds.items())
        explained = 1 - ((y - line) ** 2).sum() / ((y - y.mean()) ** 2).sum()
        rows.append((name, measured, f"{np.abs(y - line).max() / y.max():.1%}", f"{explained:.5f}"))
    table(("time against", "ms", "greatest residual, of the longest", "R^2"), rows)


# --- the report ---


def table(header, rows):
    for row in (header, ["---"] * len(header), *rows):
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def spread(values, digits=3):
    return f"{min(values):.{digits}f}..{max(values):.{digits}f}"


def machine(arguments):
    """What the numbers depend on."""
    import importlib.metadata as metadata

    info = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    info = {key.strip(): value.strip() for key, value in info.items()}
    flags = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in info["flags"].split()]
    versions = [f"Python {platform.python_version()}"]
    for name in ("tensorflow", "tensorflow-cpu", "keras"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions.append(f"{name} {metadata.version(name)}")
    if arguments.torch_python:
        command = [arguments.torch_python, "-c", "import torch; print(torch.__version__)"]
        versions.append("torch " + subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    print(f"{info['model name']}, {len(os.sched_getaffinity(0))} cores, {' '.join(flags)}")
    print(", ".join(versions) + f"; {datetime.date.today()}")
    words = [word.replace(arguments.torch_python or "\n", "PATH") for word in sys.argv[1:]]
    print(f"`{' '.join(['python tools/benchmark.py', *words])}`\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "measurements", nargs="*", metavar="MEASUREMENT", help=f"{', '.join(MEASUREMENTS)} (default all)"
    )
    parser.add_argument("--torch-python", help="an interpreter that has PyTorch")
    parser.add_argument("--rounds", type=int, default=9, help="turns of every game (default 9)")
    parser.add_argument("--steps", type=int, default=2, help="steps in a turn (default 2)")
    parser.add_argument("--norm", choices=("layer", "none"), default="layer", help="in the critic (default layer)")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.path.insert(0, str(ROOT))
    if arguments.worker:
        work(arguments.worker, arguments.norm)
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
