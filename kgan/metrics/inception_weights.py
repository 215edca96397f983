"""Where the weights of the 2015 Inception network are looked for, and whether they are the published ones."""

import hashlib
import os
import re
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kgan.files import cache, replacing
from kgan.metrics import inception_containers
from kgan.metrics.inception_layout import CLASSES, FEATURES, shapes

FILES = (
    "pt_inception-2015-12-05-6726825d.pth",
    "weights-inception-2015-12-05-6726825d.pth",
    "inception-2015-12-05.pt",
    "classify_image_graph_def.pb",
)
# The first digits of the SHA-256 of the published .pth, which has two names.
DIGESTS = ("6726825d",)

PARTS = ("kernel", "gamma", "beta", "moving_mean", "moving_variance")
TORCH_PARTS = ("conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")
GRAPH_PARTS = (
    "conv2d_params",
    "batchnorm/gamma",
    "batchnorm/beta",
    "batchnorm/moving_mean",
    "batchnorm/moving_variance",
)


@dataclass(frozen=True)
class Weights:
    """arrays: {"<layer>/<part>": float32}, kernels as height x width x in x out, the last layer's as in x out.

    source: the file's name.
    sha256: the digest of that file.
    """

    arrays: dict
    source: str
    sha256: str

    @property
    def verified(self):
        """Whether the file was a published one, byte for byte."""
        return self.sha256.startswith(DIGESTS)


def load(path=None):
    """The weights in the file or folder `path`, or in the first of the usual places that holds them.

    The order: `path`; `$KGAN_INCEPTION_WEIGHTS`; `$KGAN_DATA/inception`; the cache, `$XDG_CACHE_HOME/kgan`, if
    what it keeps came from a published file; torch's cache. A file that is named but is not there is an error,
    and so is a damaged one anywhere: neither is passed over. What was read is kept in the cache.

    Raises:
        FileNotFoundError: one line with all that was tried and what to do.
        ValueError: a damaged or hostile file, one of another network, or a published name on other bytes.
    """
    if path is not None:
        return _read(_named(path, "Inception's weights"))
    named = os.environ.get("KGAN_INCEPTION_WEIGHTS")
    if named:
        return _read(_named(named, "$KGAN_INCEPTION_WEIGHTS"))
    tried = ["$KGAN_INCEPTION_WEIGHTS (not set)"]
    if not os.environ.get("KGAN_DATA"):
        tried.append("$KGAN_DATA (not set)")
    for folder in _folders():
        found = _within(folder)
        if found:
            return _read(found)
        tried.append(f"{folder} ({'none of them is there' if folder.is_dir() else 'no such folder'})")
    raise FileNotFoundError(
        f"The weights of the 2015 Inception network, {_or(FILES)}, were not found. Tried: {'; '.join(tried)}. To mend "
        "it, put one of these files into $KGAN_DATA/inception or name it as `weights`. FID, IS and KID are defined by "
        "them, and nothing else is taken in their place; sliced_wasserstein and ms_ssim need no weights."
    )


def _folders():
    if os.environ.get("KGAN_DATA"):
        yield Path(os.environ["KGAN_DATA"]).expanduser() / "inception"
    yield cache()
    torch = os.environ.get("TORCH_HOME") or cache().with_name("torch")
    yield Path(torch).expanduser() / "hub/checkpoints"


def _named(path, where):
    path = Path(path).expanduser()
    if path.is_dir():
        found = _within(path)
        if found:
            return found
        raise FileNotFoundError(f"{where}: the folder {path} holds none of {_or(FILES)}.")
    if not path.exists():
        raise FileNotFoundError(f"{where}: {path} does not exist; expected {_or(FILES)}.")
    return path


def _within(folder):
    """The first of the files in a folder; of those converted, only what came from a published file."""
    converted = [_converted(folder, digest) for digest in DIGESTS]
    return next((path for path in [*converted, *(folder / name for name in FILES)] if path.is_file()), None)


def _converted(folder, sha256):
    return folder / f"inception-{sha256[:8]}.npz"


def _read(path):
    if path.suffix == ".npz":
        return _read_converted(path)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    expected = re.search(r"-([0-9a-f]{8})\.pth$", path.name)
    if expected and expected[1] in DIGESTS and not sha256.startswith(expected[1]):
        raise ValueError(
            f"{path} is damaged or another file: its SHA-256 begins with {sha256[:8]}, and the published one's with "
            f"{expected[1]}; fetch it again."
        )
    kept = _converted(cache(), sha256)
    if kept.is_file():
        try:
            weights = _read_converted(kept)
            if weights.sha256 == sha256:
                return weights
        except ValueError:
            pass  # it is made anew
    weights = Weights(_canonical(inception_containers.read(path), path), path.name, sha256)
    try:
        _keep(weights, kept)
    except OSError as error:
        warnings.warn(f"Inception's weights were read, but could not be kept in {kept}: {error}.", stacklevel=2)
    return weights


def _keep(weights, path):
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, source=weights.source, sha256=weights.sha256, **weights.arrays)


def _read_converted(path):
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            contents = {name: archive[name] for name in archive.files}
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is damaged ({error}); delete it, so that it is made anew.") from None
    source, sha256 = (str(contents.pop(name, "")) for name in ("source", "sha256"))
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise ValueError(f"{path} was not made by kgan: it does not say which file it came from.")
    wanted = expected()
    return Weights({name: _checked(contents, name, wanted[name], path) for name in wanted}, source, sha256)


def expected():
    """{"<layer>/<part>": shape} of all 472 arrays."""
    found = {}
    for conv, shape in shapes().items():
        found[f"{conv.name}/kernel"] = shape
        found.update({f"{conv.name}/{part}": (conv.filters,) for part in PARTS[1:]})
    return found | {"softmax/kernel": (FEATURES, CLASSES), "softmax/bias": (CLASSES,)}


def _canonical(found, path):
    """The arrays of a file, under the network's own names and in its layout."""
    names = set(found)
    if any(name.startswith("Conv2d_1a_3x3.") for name in names):
        known, turned = _torch_names(), True
    elif any(name.startswith("layers.") for name in names):
        known, turned = _script_names(names), True
    elif "conv/conv2d_params" in names:
        known, turned = _graph_names(), False
    else:
        some = ", ".join(sorted(names)[:3])
        raise ValueError(f"{path} holds the weights of another network than the 2015 Inception: {some}, ...")
    wanted = expected()
    arrays = {}
    for ours, theirs in known.items():
        shape = wanted[ours]
        if theirs is None:
            arrays[ours] = np.ones(shape, np.float32)
            continue
        turn = {4: (3, 2, 0, 1), 2: (1, 0)}.get(len(shape)) if turned else None
        stored = shape if turn is None else tuple(shape[axis] for axis in turn)
        values = _checked(found, theirs, stored, path)
        arrays[ours] = values if turn is None else np.ascontiguousarray(values.transpose(np.argsort(turn)))
    return arrays


def _torch_names():
    names = {"softmax/kernel": "fc.weight", "softmax/bias": "fc.bias"}
    for conv in shapes():
        for ours, theirs in zip(PARTS, TORCH_PARTS, strict=True):
            names[f"{conv.name}/{ours}"] = f"{conv.torch}.{theirs}"
    return names


def _graph_names():
    names = {"softmax/kernel": "softmax/weights", "softmax/bias": "softmax/biases"}
    for conv in shapes():
        for ours, theirs in zip(PARTS, GRAPH_PARTS, strict=True):
            names[f"{conv.name}/{ours}"] = f"{conv.scope}/{theirs}"
    return names


def _script_names(names):
    """NVIDIA's: the graph's scopes below `layers`, joined by dots or underscores; without gamma, since all are one."""
    scopes = {
        name.rsplit(".", 2)[0].removeprefix("layers.").replace(".", "_"): name.rsplit(".", 2)[0] for name in names
    }
    known = {"softmax/kernel": "output.weight", "softmax/bias": "output.bias"}
    for conv in shapes():
        scope = scopes.get(conv.name, f"layers.{conv.name}")
        for ours, theirs in zip(PARTS, TORCH_PARTS, strict=True):
            absent = ours == "gamma" and f"{scope}.{theirs}" not in names
            known[f"{conv.name}/{ours}"] = None if absent else f"{scope}.{theirs}"
    return known


def _checked(found, name, shape, path):
    if name not in found:
        raise ValueError(f"{path} lacks {name}; it is not the whole 2015 Inception network.")
    values = found[name]
    if values.shape != shape:
        raise ValueError(
            f"{path} has {name} of the shape {list(values.shape)}; expected {list(shape)}: it is another network."
        )
    if values.dtype.kind != "f" or not np.isfinite(values).all():
        raise ValueError(f"{path} has {name} with numbers that are not finite or not floats; fetch it again.")
    return values.astype(np.float32)


def _or(words):
    return f"{', '.join(words[:-1])} or {words[-1]}"
