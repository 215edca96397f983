"""Whether there are batches, and the last one is large enough: said before the first step wherever it is known."""

import math

import keras
import numpy as np
import tensorflow as tf

ARRAYS = np.ndarray | tf.Tensor | tf.Variable
EMPTY = (
    "The data hold not a single batch, so that there is nothing to train on or to score: with drop_remainder=True a "
    "batch must not be larger than the data set."
)


def check_some(x):
    """Refuses data that are known to be empty, and domains of different sizes.

    Example:
        >>> check_some(np.zeros([60, 2]))
        >>> check_some(tf.data.Dataset.range(60).batch(64, drop_remainder=True))
        Traceback (most recent call last):
        ValueError: The data hold not a single batch, so that there is nothing to train on or to score: with \
drop_remainder=True a batch must not be larger than the data set.
    """
    if isinstance(x, ARRAYS):
        count = x.shape[0] if len(x.shape) else 1
    elif isinstance(x, dict) and all(isinstance(part, ARRAYS) and len(part.shape) for part in x.values()):
        counts = {name: part.shape[0] for name, part in x.items()}
        count = min(counts.values(), default=0)
        if len(set(counts.values())) > 1:
            sizes = " and ".join(f"{name} {number}" for name, number in counts.items())
            raise ValueError(
                f"The domains have different numbers of examples: {sizes}. fit takes as many of each from arrays: cut "
                f"them to {count}, or fit on kgan.datasets.Domains(...).batches(size), which goes through each on its "
                f"own."
            )
    elif isinstance(x, tf.data.Dataset):
        count = int(x.cardinality())
    else:
        count = getattr(x, "num_batches", None) if isinstance(x, keras.utils.PyDataset) else None
    if count == 0:
        raise ValueError(EMPTY)


def check_last(x, batch_size, k, validation_split=0.0):
    """Refuses arrays whose last batch is too small for k steps of the discriminator.

    Example:
        >>> check_last(np.zeros([60, 2]), 20, 5)
        >>> check_last(np.zeros([62, 2]), 20, 5)
        Traceback (most recent call last):
        ValueError: A batch of 2 is too small for 5 discriminator steps, and 62 examples in batches of 20 leave 2 for \
the last: fit on x[:60], or with another batch_size.
    """
    rows = x.shape[0] if len(x.shape) else 0
    count = math.floor(rows * (1 - (validation_split or 0.0)))  # as Keras has it
    rest = count % batch_size
    if not 0 < rest < k:
        return
    if rest == count:
        raise ValueError(f"{too_small(rest, k)[:-1]}, and there are no more examples.")
    raise ValueError(
        f"A batch of {rest} is too small for {k} discriminator steps, and {count} examples in batches of {batch_size} "
        f"leave {rest} for the last: fit on x[:{count - rest}], or with another batch_size."
    )


def too_small(size, k, first=None):
    """What there is to say of a batch of `size` for k discriminator steps, in a training whose first batch had `first`.

    Example:
        >>> too_small(3, 5)
        'A batch of 3 is too small for 5 discriminator steps; use a multiple of 5.'
    """
    said = f"A batch of {size} is too small for {k} discriminator steps"
    if first is None or first <= size:
        return f"{said}; use a multiple of {k}."
    return (
        f"{said}; the first had {first}, so that this will be the last, of what was left over: leave it out with "
        f"ds.batch({first}, drop_remainder=True), or ds.unbatch().batch({first}, drop_remainder=True)."
    )
