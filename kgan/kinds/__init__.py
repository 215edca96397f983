"""What examples are: a value of the data set and of the game, which every tool asks."""

from kgan.kinds.kind import Kind
from kgan.kinds.pictures import Pictures
from kgan.kinds.series import Series
from kgan.kinds.vectors import Vectors

__all__ = ["Kind", "Pictures", "Series", "Vectors", "usual"]


def usual(shape):
    """The kind of examples of which nobody says it: [d] are vectors, [steps, channels] series, the rest pictures.

    Example:
        >>> type(usual((28, 28, 1))).__name__, type(usual((2,))).__name__
        ('Pictures', 'Vectors')
    """
    return {1: Vectors, 2: Series}.get(len(shape), Pictures)()
