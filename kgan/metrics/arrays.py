"""What the metrics accept: finite features [N, d], finite images [N, H, W, C]; anything else is told in a sentence."""

import numpy as np

# The kernel distance cubes inner products and sums a million of them, which still fits in float64 up to here.
LARGEST = 1e48
# The squares of smaller numbers would underflow to 0.
SMALLEST = 1e-100
EXACT = 2**53  # up to which float64 has every integer


def features(values, name="features"):
    """`values` as an array [N, d] of finite real numbers, in the type they came in.

    Raises:
        ValueError: another shape, no rows or columns, another type, masked values, NaN, infinity, what float64 cannot
            square, or integers that it does not have.
    """
    return _finite(_shaped(values, name, "[N, d]", 2), name)


def feature_pair(real, fake):
    """Both sets of features, of the same d."""
    real, fake = features(real, "real features"), features(fake, "fake features")
    if real.shape[1] != fake.shape[1]:
        raise ValueError(f"real and fake features must have the same d; got {real.shape[1]} and {fake.shape[1]}.")
    return real, fake


def images(values, name="images"):
    """`values` as an array [N, H, W, C] of finite real numbers, in the type they came in."""
    return _finite(_shaped(values, name, "[N, H, W, C]", 4), name)


def at_least(count, least, what):
    """An integer of at least `least`, or a sentence."""
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < least:
        raise ValueError(f"{what} must be an integer of at least {least}; got {count!r}.")
    return int(count)


def _shaped(values, name, wanted, rank):
    if np.ma.is_masked(values):
        raise ValueError(f"{name} must have every value; some are masked.")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be one array {wanted}; rows of different lengths came.") from error
    if array.ndim != rank or 0 in array.shape:
        raise ValueError(f"{name} must be {wanted} and not empty; got the shape {list(array.shape)}.")
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be integers or floats that NumPy knows; got {array.dtype}.")
    return array


def _finite(array, name):
    if array.dtype.kind == "f":
        low, high = float(array.min()), float(array.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            bad = len(array) - int(np.isfinite(array).all(axis=tuple(range(1, array.ndim))).sum())
            raise ValueError(f"{name} must be finite; {bad} of {len(array)} rows have NaN or infinity.")
        size = max(-low, high)
        if size > LARGEST or 0 < size < SMALLEST:
            raise ValueError(f"{name} must be from {SMALLEST:g} to {LARGEST:g} in size, or 0; the largest is {size:g}.")
    elif max(-int(array.min()), int(array.max())) > EXACT:
        raise ValueError(f"{name} must be integers up to 2^53 in size: float64 does not have all larger ones.")
    return array
