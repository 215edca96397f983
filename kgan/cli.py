"""The command line: parses, calls, prints. TensorFlow is imported inside the commands."""

import contextlib
import os
import sys
import tempfile
from pathlib import Path

import click

import kgan

DIVERGED = 3


class Commands(click.Group):
    """A group whose commands answer a user's mistake with one line and the right exit code."""

    def invoke(self, context):
        try:
            return super().invoke(context)
        except KeyboardInterrupt:
            self._leave("Interrupted.", 130)
        except (click.exceptions.ClickException, click.exceptions.Exit, click.exceptions.Abort):
            raise
        except Exception as error:
            self._leave(*_message(error))

    @staticmethod
    def _leave(message, code):
        click.echo(message, err=True)
        sys.exit(code)


def _message(error):
    """The line and the exit code for what a command raised; what is no user's mistake is raised again."""
    from kgan.callbacks import Diverged, Interrupted
    from kgan.recipe import RecipeError

    line = f"kgan: {error}"
    if isinstance(error, Interrupted):
        return line, 128 + error.number
    if isinstance(error, Diverged):
        return f"{line} The last finite checkpoint is kept.", DIVERGED
    if isinstance(error, RecipeError):
        return line, 2
    if isinstance(error, OSError) and not isinstance(error, FileNotFoundError) and error.strerror:
        return f"kgan: {error.filename or 'writing'}: {error.strerror}.", 1
    if isinstance(error, FileNotFoundError | FileExistsError):
        return line, 2
    if isinstance(error, UsageMistake):
        return line, 2
    raise error


class UsageMistake(ValueError):
    """What a command was asked to do cannot be done with this model."""


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
        except BaseException:
            captured.seek(0)
            os.write(terminal, captured.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(kgan.__version__, prog_name="kgan")
def main():
    """Trains generative adversarial networks, and uses what was trained."""


@main.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--run-dir", type=click.Path(path_type=Path), help="Run folder; runs/<the recipe's name> by default.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override, e.g. objective.ema=0.99.")
@click.option("--steps", type=click.IntRange(min=1), help="Generator steps in all; more extend a finished run.")
@click.option("--fresh", is_flag=True, help="Remove what an earlier run wrote to the run folder, and begin anew.")
@click.option("--dry-run", is_flag=True, help="Print the resolved recipe and the networks; train nothing.")
def fit(recipe, run_dir, overrides, steps, fresh, dry_run):
    """Trains RECIPE. The same command again goes on where the last one stopped."""
    with _quiet():
        from kgan import experiment
        from kgan import recipe as recipes
    if steps is not None:
        overrides = (*overrides, f"steps={steps}")
    plan = recipes.load(recipe, overrides)
    if dry_run:
        _, gan = experiment.build(plan)
        click.echo(plan.text())
        gan.generator.summary(print_fn=click.echo)
        gan.discriminator.summary(print_fn=click.echo)
        return
    run_dir = run_dir or Path("runs") / plan.name
    experiment.fit(plan, run_dir, fresh, say=click.echo)
    click.echo(f"done; pictures in {run_dir / 'samples'}")


@main.command()
@click.argument("model", type=click.Path(path_type=Path), metavar="RUN_OR_SAVEDMODEL")
@click.option("-n", "count", type=click.IntRange(min=1), default=64, show_default=True, help="How many.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the latents.")
@click.option("--label", type=int, help="Class, for conditional generators.")
@click.option("--truncation", type=float, help="Draw latents from the normal cut at +-T.")
@click.option("--out", type=click.Path(path_type=Path), help="One picture of all.")
@click.option("--out-dir", type=click.Path(path_type=Path), help="A PNG each, in this folder.")
@click.option("--npz", type=click.Path(path_type=Path), help="All in one file: `images` uint8 [N, H, W, C].")
def sample(model, count, seed, label, truncation, out, out_dir, npz):
    """Makes samples with a run, a .keras file or an exported SavedModel."""
    if not (out or out_dir or npz):
        raise click.UsageError("Say where the samples go: --out grid.png, --out-dir DIR or --npz FILE.")
    with _quiet():
        from kgan import sampling
    try:
        written = sampling.sample(model, count, seed, label, truncation, out, out_dir, npz)
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
        from kgan.export import export as write
        from kgan.loading import ServedGenerator, load
    model = load(run)
    if isinstance(model, ServedGenerator):
        raise UsageMistake(f"{run} is an export already.")
    click.echo(write(model, out))


@main.command("list")
def list_():
    """Names everything that a recipe can use, room by room."""
    with _quiet():
        from kgan import catalogue
    click.echo(catalogue.overview())


@main.command()
@click.argument("name")
def show(name):
    """Prints one thing's description, arguments and defaults."""
    with _quiet():
        from kgan import catalogue
    try:
        click.echo(catalogue.describe(name))
    except KeyError as error:
        raise UsageMistake(error.args[0]) from None
