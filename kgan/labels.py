"""What labels are: one value of a data set, and one argument of each network that takes or guesses them."""

from typing import Annotated

from kgan.configurable import Configurable
from kgan.ranges import Range

__all__ = ["Classes", "Conditions", "Guesses", "Labels"]

Number = Annotated[int, Range("[1, 65536]")]


class Labels(Configurable):
    """The contract of labels.

    Attributes:
        num_classes: how many classes a label is the number of; 0 where it is a vector.
        ranges: (lowest, highest) of each number of a vector; None where they are not known.
        num_conditions: how many numbers a vector has; 0 where a label is the number of a class.
    """

    num_classes = 0
    num_conditions = 0
    ranges: tuple[tuple[float, float], ...] | None = None


class Classes(Labels):
    """Numbers of classes, from 0 to count - 1: int [N].

    Args:
        count: how many classes there are.

    Example:
        >>> Classes(10).num_classes
        10
    """

    def __init__(self, count: Number):
        self.count = self.num_classes = count


class Conditions(Labels):
    """Vectors of conditions, such as an energy and an angle: float [N, d].

    Args:
        of: {name: (lowest, highest)} of each condition, from which networks scale it to [-1, 1]; or the number of
            conditions, for vectors that are so already.

    Raises:
        ValueError: there is no condition, or one whose lowest value is not below its highest.

    Example:
        >>> Conditions({"energy": (10.0, 100.0)}).ranges
        ((10.0, 100.0),)
    """

    def __init__(self, of: dict | Number):
        if isinstance(of, dict):
            pairs = [tuple(pair) if isinstance(pair, list | tuple) else () for pair in of.values()]
            if not pairs or not all(len(pair) == 2 and pair[0] < pair[1] for pair in pairs):
                raise ValueError(f"of must have a (lowest, highest) for each condition; got {of}.")
            self.ranges = tuple(pairs)
        self.of = of
        self.num_conditions = len(of) if isinstance(of, dict) else of


class Guesses(Labels):
    """What a head guesses that guesses both, as InfoGAN's: a class, and numbers beside it.

    Args:
        classes: logits, of all categorical codes together.
        numbers: how many numbers, such as means of continuous codes.
        ranges: (lowest, highest) of each number; None for [-1, 1].

    Example:
        >>> Guesses(10, 2).num_conditions
        2
    """

    def __init__(
        self,
        classes: Number,
        numbers: Annotated[int, Range("[0, 65536]")] = 0,
        ranges: tuple[tuple[float, float], ...] | None = None,
    ):
        if ranges is not None and len(ranges) != numbers:
            raise ValueError(f"ranges must be a (lowest, highest) for each of {numbers} numbers; got {ranges}.")
        self.classes = self.num_classes = classes
        self.numbers = self.num_conditions = numbers
        self.ranges = None if ranges is None else tuple((low, high) for low, high in ranges)


# Format 1 of recipes and files described labels by these arguments of the networks.
SEPARATE = ("num_classes", "num_conditions", "condition_ranges")


def joined(num_classes=None, num_conditions=None, condition_ranges=None):
    """The value for what were three arguments of every network in format 1; None for none of them.

    Example:
        >>> joined(num_classes=4).count
        4
    """
    if num_classes is not None and num_conditions is not None:
        return Guesses(num_classes, num_conditions, condition_ranges)
    if num_classes is not None:
        return Classes(num_classes)
    if condition_ranges is not None:
        pairs = [list(pair) for pair in condition_ranges]
        if len(pairs) != num_conditions:
            raise ValueError(
                f"condition_ranges must be a (lowest, highest) for each of num_conditions={num_conditions}; got "
                f"{pairs}."
            )
        return Conditions({str(index): tuple(pair) for index, pair in enumerate(pairs)})
    return None if num_conditions is None else Conditions(num_conditions)
