"""Scores of what lies on disk: runs, exports, folders and arrays of images."""

from pathlib import Path

from kgan import recipe
from kgan.datasets import NPZ, ImageFolder
from kgan.evaluation import EVALUATIONS, Evaluation, Real, made_by, records
from kgan.using import loading


def score(subject, other=None, metrics=(), num_samples=None, protocol=None, extractor=None, seed=0, show=None):
    """Scores of a run, a `.keras` file, an export, or a set of images, against a data set.

    Args:
        subject: path of a run folder, a `.keras` file, an exported SavedModel, a folder of images, or an .npz or .npy
            file of them; or a data set as a recipe names it, such as "NPZ: {path: x.npz, range: [0, 1]}".
        other: the reference: a path of the last three kinds, or a data set such as "FashionMNIST: {split: test}". None
            for the data set that a run was trained on.
        metrics: names of scores; by default FID, or all that the protocol has.
        num_samples: how many fakes; by default 50,000, or all of a set of images.
        protocol, extractor: see `kgan.evaluation.Evaluation`.
        seed: of the latents.
        show: called as show(records, evaluation, name of the product) before the records are written, which a full
            disk would prevent.

    Returns:
        (records, evaluation). Of a run the records are in its evaluations.jsonl too.

    Raises:
        ValueError, FileNotFoundError, RecipeError: what cannot be scored so; one line each.
    """
    named, subject = str(subject), Path(subject)
    run = (subject / "recipe.yaml").is_file()
    pictures = recipe.dataset(named) if ": " in named and not subject.exists() else None
    if pictures is None and not subject.exists():
        raise FileNotFoundError(f"{subject} does not exist; expected a run, an export, or a folder or npz of images.")
    if other is None and not run:
        raise ValueError(f"{subject} is no run folder: say what it is compared with, as a second argument.")
    dataset = reference(other) if other is not None else _dataset(subject)
    if pictures is not None or _images(subject):
        fakes = {"": Real(images(subject) if pictures is None else pictures)}
    else:
        model = loading.good_for(subject, "sample", "map")
        units = dataset if other is None or not run else _dataset(subject)
        fakes = made_by(model, units, seed, f"step-{int(model.step.numpy()):08d}" if run else subject.name)
    if list(fakes) != list(dataset.references):
        raise ValueError(
            f"{subject} is compared with a data set of {', '.join(fakes) or 'one set'}; "
            f"{type(dataset).__name__} is none: a game that maps images needs Domains, and others none."
        )
    if run:
        records.read(subject / EVALUATIONS)  # a damaged file is found before the work, not after it
    everything = []
    for name, fake in fakes.items():
        count = num_samples or 50_000
        count = min(count, len(fake)) if hasattr(fake, "__len__") else count
        evaluation = Evaluation(metrics, dataset.references[name], count, extractor, protocol)
        found = evaluation(fake)
        everything += found
        try:
            if show is not None:
                show(found, evaluation, name)
        finally:
            if run:
                records.append(subject / EVALUATIONS, found)
    return everything, evaluation


def reference(text):
    """The data set that a path or a text names."""
    path = Path(text)
    if (path / "recipe.yaml").is_file():
        return _dataset(path)
    if _images(path) or path.exists():
        return images(path)
    if any(letter in text for letter in "/.") and ":" not in text:
        raise FileNotFoundError(f"{text} does not exist; expected a folder or an .npz of images, or a data set.")
    return recipe.dataset(text)


def images(path):
    """The data set of a folder of images, or of an .npz or .npy file of them."""
    if path.suffix.lower() in (".npz", ".npy"):
        return NPZ(str(path))
    return ImageFolder(str(path))


def stored(paths):
    """Evaluations made before: of each run and step a row.

    Args:
        paths: of run folders or of their evaluations.jsonl.

    Returns:
        ([(name, records)], those of the paths that have none).

    Raises:
        FileNotFoundError: none of them has any.
    """
    rows: dict[str, list] = {}
    without = []
    for path in map(Path, paths):
        file = path / EVALUATIONS if path.is_dir() else path
        found = records.read(file)
        if not found:
            without.append(path)
        for one in found:
            about = one.get("generator") or {}
            name = f"{file.parent.name} {about.get('maps', '')}".rstrip()
            name = name if about.get("step") is None else f"{name} at step {about['step']}"
            rows.setdefault(name, []).append(one)
    if not rows:
        raise FileNotFoundError(nothing(without))
    return list(rows.items()), without


def nothing(paths):
    """That runs have no scores, as a sentence.

    Example:
        >>> nothing(["runs/a", "runs/b"])
        'runs/a and runs/b have no scores; `kgan evaluate RUN` gives them some.'
    """
    *first, last = map(str, paths)
    return (
        f"{', '.join(first)} and {last} have no scores; `kgan evaluate RUN` gives them some."
        if first
        else f"{last} has no scores; `kgan evaluate {last}` gives it some."
    )


def _images(path):
    """Whether a path holds images, and no model."""
    model = (path / "recipe.yaml").is_file() or (path / "saved_model.pb").is_file() or (path / "checkpoints").is_dir()
    return not model and (path.is_dir() or path.suffix.lower() in (".npz", ".npy"))


def _dataset(run):
    plan = recipe.load(run / "recipe.yaml")
    return plan.build("dataset", plan.dataset)
