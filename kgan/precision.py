"""Which numbers the networks compute in."""

import contextlib
import functools
from pathlib import Path

import keras

POLICIES = ("auto", "float32", "mixed_bfloat16", "mixed_float16")


@contextlib.contextmanager
def policy(name):
    """Networks made inside the block compute under the dtype policy `name`.

    Example:
        >>> with policy("mixed_bfloat16"):
        ...     keras.layers.Dense(1).compute_dtype
        'bfloat16'
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def choose(precision):
    """The dtype policy that a recipe's `precision` stands for, and why: (policy, reason).

    "auto" is mixed_bfloat16 where the device multiplies bfloat16 matrices in hardware (GPUs from compute
    capability 8.0; CPUs with AMX or AVX512-BF16, where it was measured to be faster), else float32.
    """
    if precision not in POLICIES:
        raise ValueError(f"precision must be one of {', '.join(POLICIES)}; got {precision!r}.")
    if precision != "auto":
        return precision, "as asked"
    return _fast()


def check_weights(role, network):
    """Refuses a network with weights of another precision than float32, in which a training step would be lost.

    A bfloat16 weight has 8 significant bits: 1 + 0.002 is 1, and so are most steps of an optimizer. Mixed policies
    compute in fewer bits and keep the weights in float32.

    Raises:
        ValueError: there is such a weight.

    Example:
        >>> network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, dtype="float16", name="last")])
        >>> check_weights("generator", network)
        Traceback (most recent call last):
        ValueError: The generator's weight 'last/kernel' is float16, but kgan keeps all weights in float32: make ...
    """
    for weight in network.weights:
        if "float" in weight.dtype and weight.dtype != "float32":
            fitting = f"mixed_{weight.dtype}" if f"mixed_{weight.dtype}" in POLICIES else "float32"
            raise ValueError(
                f"The {role}'s weight {weight.path!r} is {weight.dtype}, but kgan keeps all weights in float32: make "
                f"the network under the policy {fitting!r} instead of {weight.dtype!r}."
            )


@functools.cache
def _fast():
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0))
        number = ".".join(map(str, capability))
        if capability >= (8, 0):
            return "mixed_bfloat16", f"the GPU's compute capability is {number}"
        return "float32", f"the GPU's compute capability is {number}, and bfloat16 needs 8.0"
    flags = cpu_flags()
    for flag, name in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512-BF16")):
        if flag in flags:
            return "mixed_bfloat16", f"the CPU has {name}"
    return "float32", "the CPU has neither AMX nor AVX512-BF16"


def cpu_flags():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    return frozenset(word for line in lines if line.startswith("flags") for word in line.split())
