"""Records of values, whether two of them may be compared, and tables that hold to it."""

import json

import keras
import numpy as np
import tensorflow as tf

import kgan
from kgan.files import replacing

EVALUATIONS = "evaluations.jsonl"  # in a run's folder

# Keys that must agree before two scores are compared; the first that differs is reported.
ALIKE = ("key", "extractor", "n_gen", "n_ref", "ref", "settings", "quantised")


def record(value, better, sizes, about, generator, protocol):
    """One value as a dictionary of plain containers (a line of evaluations.jsonl).

    Args:
        value: `Value` of a score, and better: "min" or "max".
        sizes: (fakes, reals) that it was computed from.
        about: `About`.
        generator: what `Generated.describe` says, or the description of the set that takes its place.
        protocol: name of the protocol, or None.
    """
    return {
        "metric": value.metric,
        "key": value.key,
        "value": value.value,
        "std": value.std,
        "n_gen": sizes[0],
        "n_ref": sizes[1],
        "ref": about.reference if sizes[1] else None,
        "extractor": about.extractor.extractor if about.extractor else None,
        "quantised": True,
        "settings": value.settings,
        "better": better,
        "protocol": protocol,
        "generator": generator,
        "versions": {
            "kgan": kgan.__version__,
            "keras": keras.version(),
            "backend": f"{keras.backend.backend()} {tf.__version__}",
            "numpy": np.__version__,
        },
        "comparable_with": _peers(value, about),
        "warnings": list(value.warnings),
    }


def comparable(a, b):
    """Why two records cannot be compared, as a sentence's end; None if they can.

    Example:
        >>> a = {"key": "fd", "extractor": {"id": "x@1"}, "n_gen": 10000, "n_ref": 60000, "ref": {"sha256": "a"}}
        >>> comparable(a, a | {"n_gen": 5000})
        'n_gen is 10000 and 5000'
        >>> comparable(a, dict(a)) is None
        True
    """
    for name in ALIKE:
        one, other = a.get(name), b.get(name)
        if name == "ref":
            # Compared by content: the same pictures in another folder are the same reference.
            if (one or {}).get("sha256") == (other or {}).get("sha256"):
                continue
            one, other = (
                f"{ref.get('dataset')} ({ref.get('split')}, {str(ref.get('sha256'))[:8]})" for ref in (one, other)
            )
        difference = _difference(name, one, other)
        if difference:
            return difference
    return None


def append(path, records, keep=lambda record: True):
    """Adds records to a file of JSON lines, whole or not at all; the same measurement made before is replaced.

    Args:
        path: of evaluations.jsonl.
        records: dictionaries.
        keep: which of the older records stay.
    """
    older = [one for one in read(path) if keep(one)]
    measured = [_measurement(one) for one in records]
    lines = [one for one in older if _measurement(one) not in measured] + list(records)
    with replacing(path) as temporary:
        temporary.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def read(path):
    """The records of a file; none where there is no file.

    Raises:
        ValueError: a line that is no record.
    """
    if not path.exists():
        return []
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            one = json.loads(line)
        except ValueError:
            one = None
        if not isinstance(one, dict) or not {"metric", "key", "value"} <= set(one):
            raise ValueError(f"{path}, line {number}: expected a record of a score; remove the line.")
        found.append(one)
    return found


def table(rows):
    """Scores as text, a row for each subject; only what may be compared stands in one column.

    Args:
        rows: list of (name, records).

    Returns:
        Lines: the table, the full names of its columns, and for each two columns of one score why they are two.

    Example:
        >>> one = {"metric": "FD-x-10k (train)", "key": "fd", "value": 1.5, "std": None, "n_gen": 10000}
        >>> print(table([("a", [one]), ("b", [one | {"value": 1.25}])]))
           fd
        a  1.5
        b  1.25
        <BLANKLINE>
        fd  FD-x-10k (train)
    """
    columns: list[list[tuple[int, dict]]] = []
    for row, (_, records) in enumerate(rows):
        for one in records:
            for column in columns:
                if row not in [index for index, _ in column] and comparable(column[0][1], one) is None:
                    column.append((row, one))
                    break
            else:
                columns.append([(row, one)])
    if not columns:
        return "no scores"
    heads: list[str] = []
    for column in columns:
        key = column[0][1]["key"]
        number = 1 + sum(other[0][1]["key"] == key for other in columns[: len(heads)])
        heads.append(key if number == 1 else f"{key} [{number}]")
    cells = [["", *heads]]
    for index, (name, _) in enumerate(rows):
        cells.append([name, *(next((_shown(one) for row, one in column if row == index), "") for column in columns)])
    full = [column[0][1]["metric"] for column in columns]
    if len(rows) == 1:  # a single row is easier to read as a column
        return _aligned(zip(full, cells[1][1:], strict=True))
    lines = [_aligned(cells), "", _aligned(zip(heads, full, strict=True))]
    for second in range(len(columns)):
        for first in range(second):
            a, b = columns[first][0][1], columns[second][0][1]
            reason = comparable(a, b)
            if a["key"] == b["key"] and reason:
                lines.append(f"{heads[first]} and {heads[second]} cannot be compared: {reason}")
    return "\n".join(lines)


def _aligned(rows):
    rows = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _shown(one):
    text = f"{one['value']:.5g}"
    return text if one.get("std") is None else f"{text} +- {one['std']:.2g}"


def _difference(name, one, other):
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            found = _difference(f"{name}.{key}", one.get(key), other.get(key))
            if found:
                return found
        return None
    return None if one == other else f"{name} is {one} and {other}"


def _measurement(one):
    """What two records of the same measurement share."""
    names = (*ALIKE, "metric", "protocol", "generator")
    return json.dumps({name: one.get(name) for name in names}, sort_keys=True)


def _peers(value, about):
    """Whose values may stand beside this one, given the same images."""
    if about.family == "Clean-FID":
        return ["clean-fid"] if value.key == "fd" else []
    if about.family != "FID":
        return []
    settings = value.settings
    if value.key == "fid":
        return ["torch-fidelity", "TTUR"] if settings["frechet"]["ddof"] == 1 else ["StyleGAN fid50k_full"]
    if value.key == "is":
        return ["torch-fidelity"] if settings["shuffle_seed"] == 2020 else ["improved-gan", "StyleGAN is50k", "mimicry"]
    if value.key == "kid":
        return ["torch-fidelity"] if settings["subset_size"] == 1000 and settings["subsets"] == 100 else []
    return ["torch-fidelity"] if value.key in ("precision_k3", "recall_k3") else []
