"""Warnings that stand at the line of the user's own code."""

import sys
import warnings
from pathlib import Path

HERE = str(Path(__file__).parent)


def remark(sentence):
    """Warns with a sentence, at the nearest line outside kgan: between it and the user's are constructors of ours.

    Example:
        >>> with warnings.catch_warnings(record=True) as said:
        ...     warnings.simplefilter("always")
        ...     remark("This may be meant otherwise.")
        >>> print(said[0].message)
        This may be meant otherwise.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(HERE):
        level, frame = level + 1, frame.f_back
    warnings.warn(sentence, stacklevel=level)
