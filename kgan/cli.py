"""The command line: parses, calls, prints. TensorFlow is imported inside the commands."""

import contextlib
import json
import os
import re
import signal
import sys
import tempfile
import warnings
from pathlib import Path

import click

import kgan
from kgan import files

DIVERGED = 3


class Failure(Exception):
    """What was asked for could not be done."""

    code = 1


class UsageMistake(Failure):
    """What was asked for cannot be done with these arguments."""

    code = 2


class Commands(click.Group):
    """A group whose commands answer a user's mistake with one line and the right exit code."""

    def main(self, *args, **extra):
        try:
            sys.exit(super().main(*args, **extra | {"standalone_mode": False}))
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "kgan"
            _leave(f"{command}: {error.format_message()} `{command} --help` explains.", error.exit_code)
        except Exception as error:
            _leave(*_message(error))

    def invoke(self, context):
        # SIGTERM becomes an exception, so that cleanup runs outside of a training too.
        before = signal.signal(signal.SIGTERM, _terminate)
        warnings.showwarning = _warn
        try:
            return super().invoke(context)
        except KeyboardInterrupt as error:
            number = error.args[0] if error.args else signal.SIGINT
            _leave(f"kgan: interrupted by {signal.Signals(number).name}.", 128 + number)
        finally:
            signal.signal(signal.SIGTERM, before)


def _terminate(number, frame):
    raise KeyboardInterrupt(number)


def _warn(message, *rest, **options):
    click.echo(f"kgan: warning: {message}", err=True)


def _leave(message, code):
    click.echo(" ".join(message.split()), err=True)
    sys.exit(code)


def _message(error):
    """The line and the exit code for what a command raised; what is no user's mistake is raised again."""
    from kgan.callbacks import Diverged, Interrupted
    from kgan.recipe import RecipeError
    from kgan.runs.training import DataLost, Refused
    from kgan.runs.workers import ChiefRefused, WorkerLost

    line = f"kgan: {error}"
    if isinstance(error, Interrupted):
        return line, 128 + error.number
    if isinstance(error, Diverged):
        return line, DIVERGED
    if isinstance(error, RecipeError | ChiefRefused | Refused):
        return line, 2
    if isinstance(error, DataLost | WorkerLost):
        return line, 1
    if isinstance(error, Failure):
        return line, error.code
    if isinstance(error, FileNotFoundError | FileExistsError) and not error.strerror:
        return line, 2
    if full := files.no_room(error):
        return f"kgan: {full}: No space left on device; make room, and run the same command again.", 1
    if isinstance(error, OSError):
        reason = os.strerror(error.errno) if error.errno else error
        return f"kgan: {error.filename or 'writing'}: {reason}.", 1
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return "kgan: out of memory; make the batch or the networks smaller.", 1
    raise error


@contextlib.contextmanager
def _quiet():
    """Imports TensorFlow without the lines that it writes to the terminal's own file descriptor."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            import tensorflow

            tensorflow.get_logger().setLevel("ERROR")
            yield
        except Exception:
            captured.seek(0)
            os.write(terminal, captured.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)


@click.group("kgan", cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(kgan.__version__, prog_name="kgan")
def main():
    """Trains generative adversarial networks, and uses what was trained."""


@main.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--run-dir", type=click.Path(path_type=Path), help="Run folder; runs/<the recipe's name> by default.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override, e.g. objective.ema=0.99.")
@click.option("--steps", type=click.IntRange(min=1), help="Generator steps in all; more extend a finished run.")
@click.option("--fresh", is_flag=True, help="Remove what an earlier run wrote to the run folder, and begin anew.")
@click.option(
    "--on-nan", type=click.Choice(["stop", "rollback"]), default="stop", show_default=True,
    help="What to do when a loss or weight is not finite: leave with exit code 3, or go back to the last checkpoint "
    "and halve the learning rates.",
)  # fmt: skip
@click.option("--devices", metavar="N", help="Train on N devices of this machine, or on those named: GPU:0,GPU:2.")
@click.option("--allow-inexact", is_flag=True, help="Go on under other versions, threads or devices than before.")
@click.option("--dry-run", is_flag=True, help="Print the resolved recipe and the networks; train nothing.")
def fit(recipe, run_dir, overrides, steps, fresh, on_nan, devices, allow_inexact, dry_run):
    """Trains RECIPE. The same command again goes on where the last one stopped."""
    with _quiet():
        from kgan import recipe as recipes
        from kgan.running import experiment
    if steps is not None:
        overrides = (*overrides, f"steps={steps}")
    plan = recipes.load(recipe, overrides)
    place = _place(devices)
    if dry_run:
        dataset, gan = experiment.build(plan, place.strategy)
        experiment.callbacks(plan, dataset, gan)
        click.echo(plan.text())
        for network in plan.networks:
            getattr(gan, network).summary(print_fn=click.echo)
        return
    run_dir = run_dir or Path("runs") / plan.name
    try:
        experiment.fit(plan, run_dir, fresh, on_nan, allow_inexact, place, say=click.echo)
    except Exception as error:
        if place.tasks > 1:
            _leave_together(error, place)
        raise
    if place.chief:
        click.echo(f"done: {run_dir}")


def _place(devices):
    """Where `fit` trains: on the devices asked for, among the workers of TF_CONFIG, or on one device."""
    from kgan.runs import devices as local
    from kgan.runs import workers

    if devices and os.environ.get("TF_CONFIG"):
        raise UsageMistake("--devices is for one process; with TF_CONFIG each worker takes all of its devices.")
    try:
        return workers.worker() or workers.Place(local.mirrored(devices) if devices else None)
    except ValueError as error:
        raise UsageMistake(error) from None


def _leave_together(error, place):
    """Ends this worker at once: TensorFlow takes seconds to leave, in which the others would wait for it."""
    from kgan.callbacks import Diverged, Interrupted
    from kgan.runs.workers import ChiefRefused

    line, code = _message(error)
    # These errors are raised in all workers, but only the chief prints them.
    if place.chief or not isinstance(error, Interrupted | Diverged | ChiefRefused):
        click.echo(" ".join(line.split()), err=True)
    place.leave(code)


@main.command()
@click.argument("model", type=click.Path(path_type=Path), metavar="RUN_OR_SAVEDMODEL")
@click.option("-n", "count", type=click.IntRange(min=1), default=64, show_default=True, help="How many.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of the latents.")
@click.option("--label", type=int, help="Class, for conditional generators.")
@click.option("--truncation", type=float, help="Draw latents from the normal cut at +-T.")
@click.option("--out", type=click.Path(path_type=Path), help="One picture of all.")
@click.option("--out-dir", type=click.Path(path_type=Path), help="A PNG each, in this folder.")
@click.option("--npz", type=click.Path(path_type=Path), help="All in one file: `images` uint8 [N, H, W, C].")
def sample(model, count, seed, label, truncation, out, out_dir, npz):
    """Makes samples with a run, a .keras file or an exported SavedModel."""
    if not (out or out_dir or npz):
        raise UsageMistake("say where the samples go: --out grid.png, --out-dir DIR or --npz FILE.")
    with _quiet():
        from kgan.recipe import RecipeError
        from kgan.using import sampling
    try:
        written = sampling.sample(model, count, seed, label, truncation, out, out_dir, npz)
    except RecipeError:
        raise
    except ValueError as error:
        raise UsageMistake(error) from error
    for path in written:
        click.echo(path)


@main.command()
@click.argument("subject", type=click.Path(path_type=Path), metavar="RUN_OR_FOLDER_OR_NPZ")
@click.argument("other", required=False)
@click.option(
    "--metric", "metrics", multiple=True, metavar="NAME",
    help="fid, is, kid, clean-fid, prdc, pr, authpct (on the 2015 Inception), fd, cs, kd, classes (on the data set's "
    "own classifier), ms-ssim, swd (of pixels), signal (of images' totals), modes, w1 (of vectors); may be repeated. "
    "FID by default.",
)  # fmt: skip
@click.option("--num-samples", type=click.IntRange(min=2), help="Fakes; 50,000 by default, all of a folder or npz.")
@click.option(
    "--protocol", type=click.Choice(["ttur", "torch-fidelity", "mimicry", "stylegan", "clean-fid"]),
    help="The settings of another program.",
)  # fmt: skip
@click.option(
    "--extractor", metavar="NAME", help="inception, inception-clean, classifier, pixels, or a classifier's file."
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of the latents.")
@click.option("--json", "lines", is_flag=True, help="Print the records, a line each, and no table.")
def evaluate(subject, other, metrics, num_samples, protocol, extractor, seed, lines):
    """Scores a run, an export, or a set of images against OTHER: a set of images, or a data set such as "FashionMNIST:
    {split: test}". A set of images may also be "NPZ: {path: x.npz, range: [0, 1]}". A run is compared with the data
    set that it was trained on, and keeps the records."""
    with _quiet():
        from kgan.evaluation import table
        from kgan.recipe import RecipeError
        from kgan.using import scoring

    def show(records, evaluation, product):
        if lines:
            for record in records:
                click.echo(json.dumps(record))
            return
        if product:
            click.echo(f"{product}:")
        click.echo(table([(subject.name if subject.exists() else str(subject), records)]))
        for sentence in dict.fromkeys(sentence for record in records for sentence in record["warnings"]):
            click.echo(f"note: {sentence}.")
        for text in evaluation.anchors():
            click.echo(f"\n{text}")

    try:
        scoring.score(subject, other, metrics, num_samples, protocol, extractor, seed, show)
    except RecipeError:
        raise
    except ValueError as error:
        raise UsageMistake(error) from error


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="PNG to write.")
@click.option("-n", "count", type=click.IntRange(1, 100), default=12, show_default=True, help="Samples in the picture.")
@click.option("-k", type=click.IntRange(1, 20), default=5, show_default=True, help="Neighbours of each.")
@click.option(
    "--space", "spaces", multiple=True, metavar="NAME",
    help="pixels, discriminator, classifier, inception, or a classifier's file; pixels and discriminator by default.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of the latents.")
def neighbors(run, out, count, k, spaces, seed):
    """Draws samples of RUN beside the training images that are nearest to them."""
    with _quiet():
        from kgan.recipe import RecipeError
        from kgan.using import neighbors as drawing
    try:
        medians = drawing.neighbors(run, out, count, k, spaces, seed)
    except RecipeError:
        raise
    except ValueError as error:
        raise UsageMistake(error) from error
    for space, (samples, held_out) in medians.items():
        beside = "" if held_out is None else f", of held-out images {held_out:.4g}"
        click.echo(f"{space}: median distance to the nearest training image: of samples {samples:.4g}{beside}")
    click.echo(out)


@main.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
def scores(runs):
    """Prints the scores that RUNs have had so far in one table; what cannot be compared gets columns of its own."""
    with _quiet():
        from kgan.evaluation import table
        from kgan.using import scoring
    try:
        rows, without = scoring.stored(runs)
    except ValueError as error:
        raise Failure(error) from error
    click.echo(table(rows))
    if without:
        click.echo(f"kgan: {scoring.nothing(without)}", err=True)


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("data", required=False)
@click.option("--npz", type=click.Path(path_type=Path), required=True, help="The file to write: latents, and labels.")
@click.option("-n", "count", type=click.IntRange(min=1), help="How many examples; all of them by default.")
def encode(run, data, npz, count):
    """Writes the latents of examples, by the encoder of RUN: those of its own data set, or of DATA, a folder or npz of
    images or a data set such as "FashionMNIST: {split: test}"."""
    with _quiet():
        from kgan.recipe import RecipeError
        from kgan.using import encoding
    try:
        click.echo(encoding.encode(run, data, count, npz))
    except RecipeError:
        raise
    except ValueError as error:
        raise UsageMistake(error) from error


@main.command("map")
@click.argument("model", type=click.Path(path_type=Path), metavar="RUN_OR_SAVEDMODEL")
@click.argument("images", nargs=-1)
@click.option("--to", metavar="DOMAIN", help="Domain to map to, a or b; b by default.")
@click.option("-n", "count", type=click.IntRange(min=1), help="How many of a folder or data set; all by default.")
@click.option("--out", type=click.Path(path_type=Path), help="One picture: rows of images, each above its mapped ones.")
@click.option("--out-dir", type=click.Path(path_type=Path), help="A PNG each, in this folder.")
@click.option("--npz", type=click.Path(path_type=Path), help="All in one file: `images` uint8 [N, H, W, C].")
def map_(model, images, to, count, out, out_dir, npz):
    """Maps IMAGES to another domain, with a run, a .keras file or an exported SavedModel that maps: image files, or one
    folder or npz of them, or a data set such as "FashionMNIST: {split: test}"; by default those of the run."""
    if not (out or out_dir or npz):
        raise UsageMistake("say where the images go: --out pairs.png, --out-dir DIR or --npz FILE.")
    with _quiet():
        from kgan.recipe import RecipeError
        from kgan.using import mapping
    try:
        written = mapping.map_images(model, images, to, count, out, out_dir, npz)
    except RecipeError:
        raise
    except ValueError as error:
        raise UsageMistake(error) from error
    for path in written:
        click.echo(path)


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--format", "kind", type=click.Choice(["saved_model"]), default="saved_model", show_default=True)
def export(run, out, kind):
    """Writes the generator of RUN to OUT, to serve without kgan; compared with the live one before success."""
    with _quiet():
        from kgan.using.export import export as write
        from kgan.using.loading import Served, good_for
    if out.exists():
        raise UsageMistake(f"{out} exists already; choose another place or remove it.")
    try:
        model = good_for(run, "sample", "map", "encode")
    except ValueError as error:
        raise UsageMistake(error) from error
    if isinstance(model, Served):
        raise UsageMistake(f"{run} is an export already.")
    try:
        click.echo(write(model, out))
    except RuntimeError as error:
        raise Failure(error) from error


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The page: a name that ends in .html.")
@click.option("-n", "count", type=click.IntRange(2, 10_000), default=100, show_default=True, help="How many trials.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Of images and order.")
def rate(run, out, count, seed):
    """Writes a page on which a person says which images are real and which RUN made, and learns how well."""
    with _quiet():
        from kgan.recipe import RecipeError
        from kgan.using import rating
    try:
        click.echo(rating.rate(run, count, seed, out))
    except RecipeError:
        raise
    except ValueError as error:
        raise UsageMistake(error) from error


@main.command()
@click.argument("dataset")
@click.option("--out", type=click.Path(path_type=Path), help="The classifier's file; a place in the cache by default.")
def classifier(dataset, out):
    """Trains the classifier of DATASET, an extractor of features for scores; or tells what is known of it.

    DATASET is a data set's name, a mapping as in a recipe ('ImageFolder: {path: pictures}'), or the path of a recipe
    or run folder.
    """
    with _quiet():
        from kgan import classifier as classifiers
    chosen = _data_set(dataset)
    path = out or _kept(classifiers, chosen)
    try:
        if path.exists():
            made = classifiers.Classifier.load(path)
            made.check(chosen)
        else:
            training, test = classifiers.splits(chosen)
            classifiers.writable(path)
    except ValueError as error:
        raise UsageMistake(error) from error
    if not path.exists():
        try:
            made = classifiers.train(training, test, say=click.echo)
        except RuntimeError as error:
            raise Failure(error) from error
        made.save(path)
    click.echo(classifiers.summary(made, path))


def _data_set(text):
    """The data set of a name or mapping, or of the recipe or run folder at a path."""
    from kgan import recipe as recipes

    path = Path(text)
    if ": " in text or re.fullmatch(r"[A-Z]\w*", text) or not (path.parts[1:] or path.suffix or path.exists()):
        return recipes.dataset(text)
    if not path.exists():
        raise UsageMistake(f"{text} does not exist; expected a data set, or the path of a recipe or run folder.")
    plan = recipes.load(path / "recipe.yaml" if path.is_dir() else path)
    return plan.build("dataset", plan.dataset)


def _kept(classifiers, dataset):
    try:
        return classifiers.find(dataset)
    except FileNotFoundError:
        return classifiers.place(dataset)


@main.command("list")
def list_():
    """Names everything that a recipe can use, room by room."""
    from kgan import listing

    click.echo(listing.overview())


@main.command()
@click.argument("name")
def show(name):
    """Prints one thing's description, arguments and defaults."""
    from kgan import listing

    try:
        click.echo(listing.describe(name))
    except KeyError as error:
        raise UsageMistake(error.args[0]) from None
