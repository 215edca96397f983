"""Which devices take part in a training, and as what."""

import contextlib
import functools
from concurrent.futures import ThreadPoolExecutor

import tensorflow as tf

# The most parts that a CPU is divided into. Each has its own threads; they serve to try out several replicas.
MOST_PARTS = 64


def scope(strategy):
    """The scope of a `tf.distribute` strategy; of none, an empty one."""
    return contextlib.nullcontext() if strategy is None else strategy.scope()


def outside_scopes(function, *arguments):
    """What `function` gives outside of all strategies' scopes, for instance of a loader, whose variables and functions
    a strategy would take for its own, so that only its replicas could call them.

    Example:
        >>> with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        ...     outside_scopes(tf.distribute.has_strategy)
        False
    """
    with ThreadPoolExecutor(1) as aside:  # a strategy's scope belongs to the thread that entered it
        return aside.submit(function, *arguments).result()


def mirrored(devices):
    """A `MirroredStrategy` over several devices of this machine: replicas, which share each minibatch equally.

    Args:
        devices: how many, as a string ("2"): GPUs if there are any, else so many parts of the CPU, which is good for
            trying things out and not for speed; or their names ("GPU:0,GPU:2"), as
            `tf.config.list_logical_devices()` has them.

    Returns:
        The strategy; None for one device.

    Raises:
        ValueError: there are no such devices, or TensorFlow has already begun to use the CPU as one.
    """
    if devices.strip().isdecimal():
        names = _first(int(devices))
    else:
        names = [name.strip() for name in devices.split(",")]
        known = [device.name.removeprefix("/device:") for device in tf.config.list_logical_devices()]
        for name in names:
            if name not in known:
                raise ValueError(f"--devices: there is no device {name!r} here; there are {', '.join(known)}.")
        if len(set(names)) < len(names):
            raise ValueError(f"--devices: a device is named twice in {devices!r}.")
    return _strategy(tuple(names)) if len(names) > 1 else None


@functools.cache
def _strategy(names):
    """One for all trainings of a process: a second one would number its collective operations like the first."""
    return tf.distribute.MirroredStrategy(list(names))


def _first(count):
    if count < 1:
        raise ValueError(f"--devices: expected at least 1 device, got {count}.")
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        if count > len(gpus):
            raise ValueError(f"--devices: expected at most the {len(gpus)} GPUs of this machine, got {count}.")
        return [f"GPU:{index}" for index in range(count)]
    if count > MOST_PARTS:
        raise ValueError(f"--devices: expected at most {MOST_PARTS} parts of the CPU, got {count}.")
    cpu = tf.config.list_physical_devices("CPU")[0]
    if count > 1 and len(tf.config.get_logical_device_configuration(cpu) or [None]) < count:
        try:
            tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
        except RuntimeError:
            raise ValueError(
                "--devices: TensorFlow uses the CPU as one device already; ask for replicas first."
            ) from None
    return [f"CPU:{index}" for index in range(count)]
