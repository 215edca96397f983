"""A run's folder: whose it is, who holds it, what belongs to it."""

import contextlib
import fcntl
import json
import shutil

from kgan import recipe
from kgan.files import no_room, replacing
from kgan.runs import environment

# What --fresh removes. recipe.yaml is not among it, because the new run replaces it.
ARTEFACTS = ("environment.json", "log.jsonl", "evaluations.jsonl", "report.html")
FOLDERS = ("samples", "checkpoints", "tensorboard")


def check(plan, run_dir, fresh):
    """Refuses a folder that holds something else than a run, or, unless all begins anew, another recipe's run."""
    if not run_dir.is_dir():
        return  # what stands in its way, if anything, is found when it is made
    if not ((run_dir / "recipe.yaml").is_file() and (run_dir / "environment.json").is_file()):
        # A run that was killed while it wrote recipe.yaml or environment.json leaves only these, and may begin again.
        names = sorted(entry.name for entry in run_dir.iterdir())
        others = [n for n in names if n not in (".lock", "environment.json") and not n.startswith(".tmp-")]
        if others:
            raise recipe.RecipeError(
                f"{run_dir}: the folder holds other files ({others[0]}) and no run; choose another --run-dir."
            )
        return
    if fresh:
        return
    # The old recipe is resolved again, which gives arguments that kgan has got since their defaults.
    before, now = recipe.load(run_dir / "recipe.yaml").document(), plan.document()
    found = recipe.difference({**before, "steps": 0}, {**now, "steps": 0})
    if found:
        key, there, here = found
        raise recipe.RecipeError(
            f"{run_dir}: the run there has another recipe ({key}: {there!r} there, {here!r} here); "
            f"choose another --run-dir, or begin anew with --fresh."
        )


@contextlib.contextmanager
def locked(run_dir):
    """Makes the run folder, and holds it for this process."""
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        lock = open(run_dir / ".lock", "w")
    except OSError as error:
        if no_room(error):
            raise
        raise recipe.RecipeError(
            f"{run_dir}: cannot write there ({error.strerror}); choose another --run-dir."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise recipe.RecipeError(f"{run_dir}: another process is training in this run folder.") from None
        yield


def clear(run_dir):
    """Removes what an earlier run wrote there."""
    for name in ARTEFACTS:
        (run_dir / name).unlink(missing_ok=True)
    for name in FOLDERS:
        shutil.rmtree(run_dir / name, ignore_errors=True)


def describe(plan, run_dir, gan, precision):
    """Writes the resolved recipe and what the run depends on besides."""
    with replacing(run_dir / "environment.json") as temporary:
        found = environment.describe(gan) | {"precision_chosen": precision}
        temporary.write_text(json.dumps(found, indent=2) + "\n")
    with replacing(run_dir / "recipe.yaml") as temporary:
        temporary.write_text(plan.text(), encoding="utf-8")
