"""Whether examples have the shape that a network takes or makes."""

import numpy as np
import tensorflow as tf


def as_wanted(examples, wanted, said):
    """Examples with the axes that are wanted: to images without channels one is added.

    Args:
        examples: tensor [N, ...].
        wanted: shape of one example, a `tf.TensorShape`.
        said: whose shape it is, such as "the generator makes".

    Raises:
        ValueError: the examples have another shape.

    Example:
        >>> as_wanted(tf.zeros([5, 8, 8]), tf.TensorShape([8, 8, 1]), "the generator makes").shape
        TensorShape([5, 8, 8, 1])
    """
    check_batched(examples.shape, wanted)
    given = examples.shape[1:]
    if _lacks_channels(given, wanted):
        given = [*given, 1]
        examples = examples[..., None]
    if not tf.TensorShape(given).is_compatible_with(wanted):
        raise ValueError(f"The examples have the shape {list(given)}, and {said} {list(wanted)}.")
    return examples


def check_batched(shape, wanted):
    """Refuses one example in the place of a batch, where its shape can mean nothing else."""
    shape = tf.TensorShape(shape)

    def fits(part):
        return (part.concatenate([1]) if _lacks_channels(part, wanted) else part).is_compatible_with(wanted)

    if shape.rank and fits(shape) and not fits(shape[1:]):
        raise ValueError(
            f"Expected batches of examples, got single ones of the shape {shape.as_list()}: make batches of the "
            f"data set, as with ds.batch(64, drop_remainder=True)."
        )


def check_usable(examples, look):
    """Refuses examples of which a trained network would make nonsense.

    Args:
        examples: floats [N, ...] as networks see them.
        look: the game's `FirstLook` at such examples.

    Raises:
        ValueError: there is none, some hold NaN or infinity, or their values are certainly not those of the data.
    """
    values = np.asarray(examples)
    if not len(values):
        raise ValueError("There is not a single example.")
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if not finite.all():
        raise ValueError(f"{np.sum(~finite)} of {len(values)} examples hold NaN or infinity; leave them out.")
    look(values, examined=True)


def _lacks_channels(shape, wanted):
    return shape.rank is not None and shape.rank == len(wanted) - 1 and wanted[-1] == 1


def as_floats(examples):
    """Examples of `fit` as float32.

    Raises:
        ValueError: they are integers.
    """
    dtype = tf.as_dtype(examples.dtype)  # an eager step may have arrays
    if not dtype.is_floating:
        raise ValueError(f"fit takes float images in [-1, 1]; got {dtype.name} (see kgan.images.to_float).")
    return tf.cast(examples, tf.float32)
