"""Checks of constructor arguments; each returns the value, or says what was expected instead."""

import math
import numbers
import os

LONGEST_SIDE = 8192  # pixels, to which images are scaled


def one_of(name, value, choices):
    """`value` if it is among `choices`.

    Example:
        >>> one_of("split", "train", ("train", "test"))
        'train'
    """
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; expected one of {', '.join(map(repr, choices))}.")
    return value


def whole(name, value, lowest=0, highest=None):
    """`value` as an int in [lowest, highest]."""
    bounds = f"of at least {lowest}" if highest is None else f"from {lowest} to {highest}"
    number = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not number or value < lowest or (highest is not None and value > highest):
        raise ValueError(f"{name} is {value!r}; expected a whole number {bounds}.")
    return int(value)


def real(name, value, lowest=-math.inf, highest=math.inf, above=None):
    """`value` as a finite float in [lowest, highest], and greater than `above` where that is given."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}; expected a finite number.")
    if above is not None and value <= above:
        raise ValueError(f"{name} is {value}; expected a number greater than {above}.")
    if not lowest <= value <= highest:
        raise ValueError(f"{name} is {value}; expected a number from {lowest} to {highest}.")
    return float(value)


def text(name, value):
    """`value` as a string that is not empty; paths become strings, so that configurations stay plain."""
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise ValueError(f"{name} is {value!r}; expected a string, and not an empty one.")
    if not _names_a_file(os.fspath(value)):
        raise ValueError(f"{name} is {value!r}; expected a string without NUL and surrogates.")
    return os.fspath(value)


def _names_a_file(value):
    try:
        return b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False


def image_shape(value):
    """`value` as a tuple (height, width, channels), or None."""
    if value is None:
        return None
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise ValueError(f"image_shape is {value!r}; expected [height, width, channels].")
    height, width, channels = value
    if channels not in (1, 3, 4):
        raise ValueError(
            f"image_shape is {list(value)}: {channels!r} channels; expected 1 (grey), 3 (RGB) or 4 (RGBA)."
        )
    height = whole("image_shape's height", height, 1, LONGEST_SIDE)
    return height, whole("image_shape's width", width, 1, LONGEST_SIDE), int(channels)
