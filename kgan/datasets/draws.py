"""Random numbers that are a function of a seed and a purpose."""

import zlib

import numpy as np


def generator(seed, *purpose):
    """A Philox generator of its own for every (seed, purpose).

    Strings in `purpose` enter by their CRC, whole numbers as they are. The key is hashed, so that these
    streams are independent of those of `Order`, whose key is (seed, epoch).

    Example:
        >>> a, b = generator(0, "ring", "points"), generator(0, "ring", "points")
        >>> bool(a.random() == b.random())
        True
    """
    words = [zlib.crc32(word.encode()) if isinstance(word, str) else word for word in purpose]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *words])))
