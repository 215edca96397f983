"""What a training's exact numbers depend on besides its recipe."""

import functools
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version

import tensorflow as tf

from kgan.precision import cpu_flags

# The same seeds give the same bits only where these agree (measured: threads and oneDNN change the rounding).
EXACT = ("versions", "processor", "threads", "onednn", "replicas", "workers", "precision", "jit_compile")

# The instruction sets between which TensorFlow's CPU kernels choose.
INSTRUCTIONS = ("avx", "avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd", "sve")


def describe(gan):
    """Versions, processor, devices, threads, precision, and the git commit if there is one.

    Args:
        gan: compiled game.

    Returns:
        dict of plain containers.
    """
    strategy = gan.distribute_strategy
    resolver = getattr(strategy, "cluster_resolver", None)
    workers = len(resolver.cluster_spec().as_dict().get("worker", [])) if resolver else 0
    return {
        "versions": {name: _version(name) for name in ("kgan", "tensorflow", "keras", "numpy")},
        "python": platform.python_version(),
        "processor": " ".join([platform.machine(), *(flag for flag in INSTRUCTIONS if flag in cpu_flags())]),
        "devices": [device.name for device in tf.config.list_logical_devices()],
        "cores": os.cpu_count(),
        "threads": _threads(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "replicas": strategy.num_replicas_in_sync,
        "workers": max(workers, 1),
        "precision": "+".join(sorted({layer.dtype_policy.name for layer in _layers(gan)})),
        "jit_compile": bool(gan.jit_compile),
        "commit": _commit(),
    }


def differences(before, now):
    """What would make a resume inexact, as words: "tensorflow 2.20.0 (here 2.21.0), threads [4, 4] (here [2, 2])".

    Example:
        >>> differences({"versions": {"keras": "3.14"}, "replicas": 1}, {"versions": {"keras": "3.15"}, "replicas": 1})
        'keras 3.14 (here 3.15)'
    """
    found = []
    for key in EXACT:
        one, other = before.get(key), now.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found += [f"{name} {one.get(name)} (here {other[name]})" for name in other if one.get(name) != other[name]]
        elif one != other:
            found.append(f"{key} {one} (here {other})")
    return ", ".join(found)


def _layers(gan):
    return [layer for player in gan.players for layer in getattr(gan, player)._flatten_layers(include_self=False)]


def _threads():
    """Threads between operations and within one; what nobody has set is one for each core that TensorFlow may use."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    asked = {
        "TF_NUM_INTEROP_THREADS": tf.config.threading.get_inter_op_parallelism_threads(),
        "TF_NUM_INTRAOP_THREADS": tf.config.threading.get_intra_op_parallelism_threads(),
    }
    given = {name: os.environ.get(name, "") for name in asked}
    return [count or (int(given[name]) if given[name].isdecimal() else 0) or available for name, count in asked.items()]


@functools.cache
def _version(name):
    for distribution in (name, f"{name}-cpu"):
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return None


@functools.cache
def _commit():
    try:
        found = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()
