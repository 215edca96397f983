"""What a graph refused, as a sentence of its own."""

import contextlib
import re

import tensorflow as tf


class Refused(ValueError):
    """Data that a game does not take; found while a step ran on them, and nothing was learned from them."""


@contextlib.contextmanager
def refusals(*looked):
    """Turns TensorFlow's pages about a check of kgan's that failed in a graph into the one sentence of the check.

    Args:
        looked: lists of exceptions that first looks at the data have kept, since TensorFlow would pass on their text
            alone.

    Raises:
        Refused: instead of a `tf.errors.OpError` that came from such a check.
    """
    try:
        yield
    except tf.errors.OpError as error:
        kept = [one for part in looked for one in part]
        if kept:
            raise kept[0] from None
        said = sentence(error)
        if said is None:
            raise
        raise Refused(said) from None


def sentence(error):
    """What kgan said in a graph, or None where it was somebody else who said something.

    Example:
        >>> sentence(tf.errors.InvalidArgumentError(None, None, "assertion failed: [labels: expected 0, got] [1] [[{{"))
        'labels: expected 0, got 1.'
        >>> sentence(tf.errors.InvalidArgumentError(None, None, "Incompatible shapes: [2] vs. [3]"))
    """
    text = error.message or ""
    found = re.search(r"assertion failed: \[((?:labels|images|index): .*)", text)
    if found:
        line = found[1].split("\n")[0].split("[[{{")[0]
        return " ".join(re.split(r"\]\s*\[|\]\s*$", line)).strip() + "."
    found = re.search(r"ValueError: (A batch of \d+ is too small .*)", text)
    return found[1].strip() if found else None
