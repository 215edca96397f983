"""Arguments of Keras' methods that would do nothing, or nothing good: refused, so that nobody relies on them."""

import numbers
import types
import warnings

import keras
import tensorflow as tf

UNWEIGHTED = (
    "class_weight and sample_weight have no meaning in a game, whose losses compare distributions and not examples; "
    "leave them out, and let the data set give what shall count more as often as it shall."
)
DATA_SETS = tf.data.Dataset | keras.utils.PyDataset | types.GeneratorType | tf.distribute.DistributedDataset
HELD_OUT = {"validation_steps": None, "validation_batch_size": None, "validation_freq": 1}
AT_LEAST_ONE = ("steps_per_epoch", "validation_steps", "validation_batch_size", "steps")


def check_unweighted(options):
    """Refuses weights of examples or classes."""
    given = [name for name in ("class_weight", "sample_weight") if options.get(name) is not None]
    if given:
        raise ValueError(UNWEIGHTED)


def check_execution(steps):
    """Refuses a `steps_per_execution` with which nothing would be executed."""
    if isinstance(steps, bool) or not isinstance(steps, numbers.Integral) or steps < 1:
        raise ValueError(f"steps_per_execution is {steps!r}; expected a whole number of at least 1.")


def check_sizes(x, batch_size, options):
    """Refuses numbers below 1, which Keras takes for none, and a `batch_size` beside batches.

    Example:
        >>> check_sizes(tf.data.Dataset.range(8).batch(2), 4, {})
        Traceback (most recent call last):
        ValueError: batch_size= goes with arrays; a data set is batched already, as with ds.batch(4).
    """
    for name, value in {"batch_size": batch_size, **{name: options.get(name) for name in AT_LEAST_ONE}}.items():
        if value is not None and value < 1:
            raise ValueError(f"{name} must be at least 1; got {value}.")
    if batch_size is not None and isinstance(x, DATA_SETS):
        raise ValueError(
            f"batch_size= goes with arrays; a data set is batched already, as with ds.batch({batch_size})."
        )


def check_fit(x, batch_size, epochs, options):
    """Refuses what `fit` would not use, and says when it would train nothing."""
    check_unweighted(options)
    check_sizes(x, batch_size, options)
    held_out = options.get("validation_data")
    if held_out is None and not options.get("validation_split"):
        for name, default in HELD_OUT.items():
            if options.get(name, default) != default:
                raise ValueError(f"{name}= needs validation_data= or validation_split=; give one, or leave it out.")
    if isinstance(held_out, DATA_SETS) and options.get("validation_batch_size") is not None:
        raise ValueError("validation_batch_size= goes with arrays; the held-out data set is batched already.")
    first = options.get("initial_epoch", 0)
    if first >= epochs:
        warnings.warn(
            f"fit trains nothing: it begins with initial_epoch={first} and ends before epochs={epochs}, which counts "
            f"from 0 on.",
            stacklevel=3,
        )
