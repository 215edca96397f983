"""Which numbers an argument takes, said at its annotation, for constructors and recipes alike."""

import math
import numbers
import typing


class Range:
    """An interval of numbers, beside the type in an annotation: `Annotated[float, Range("[0, 1)")]`.

    Constructors of `Configurable` classes check it, and recipes refuse what is outside before anything is made. A list
    or tuple is inside if it has numbers and each is; infinity and what is no number never are.

    Args:
        interval: in the notation of mathematics; "[0, inf)" for numbers of at least 0.

    Example:
        >>> print(Range("[0, inf)"), Range("(0, inf)"), Range("[0, 1)"), Range("[1, 1000]"), sep="; ")
        at least 0; above 0; in [0, 1); from 1 to 1000
        >>> 0.5 in Range("[0, 1)"), 1 in Range("[0, 1)"), float("nan") in Range("[0, inf)"), [1, 0] in Range("[1, 9]")
        (True, False, False, False)
    """

    def __init__(self, interval):
        low, high = (float(end) for end in interval[1:-1].split(","))
        self._open = interval[0] == "(", interval[-1] == ")"
        self._ends = low, high

    def __contains__(self, value):
        if isinstance(value, list | tuple):
            return bool(value) and all(item in self for item in value)
        (low, high), (above, below) = self._ends, self._open
        try:
            return bool((low < value if above else low <= value) and (value < high if below else value <= high))
        except TypeError:
            return False

    def __repr__(self):
        return f"Range({'[('[self._open[0]]}{self._ends[0]:g}, {self._ends[1]:g}{'])'[self._open[1]]})"

    def __str__(self):
        (low, high), (above, below) = self._ends, self._open
        low_text, high_text = (f"{end:,.15g}".replace(",", "") for end in (low, high))
        if math.isinf(high):
            return f"above {low_text}" if above else f"at least {low_text}"
        if not above and not below and low == int(low) and high == int(high) and high > 1:
            return f"from {low_text} to {high_text}"
        return f"in {'[('[above]}{low_text}, {high_text}{'])'[below]}"


Weight = typing.Annotated[float, Range("[0, inf)")]  # of a term in a loss
Positive = typing.Annotated[float, Range("(0, inf)")]
Decay = typing.Annotated[float, Range("[0, 1)")]  # of a moving average
Count = typing.Annotated[int, Range("[1, inf)")]
Steps = typing.Annotated[int, Range("[1, 1000]")]  # updates of a player in one step, each with its own minibatch
Seed = typing.Annotated[int, Range("[0, 9223372036854775807]")]


def of(hint):
    """The `Range` of an annotation, also of one that allows None besides; None if it has none."""
    found = [note for note in getattr(hint, "__metadata__", ()) if isinstance(note, Range)]
    if found:
        return found[0]
    # In a union, any option may have the range; the arguments of tuple[...] and the like are not looked at.
    inner = () if typing.get_origin(hint) in (tuple, list, dict) else typing.get_args(hint)
    return next((found for option in inner if (found := of(option)) is not None), None)


def check(parameters, values):
    """Refuses values outside the ranges of their annotations.

    Args:
        parameters: {name: inspect.Parameter}, as `kgan.configurable.arguments` gives them.
        values: {name: value}; None is nothing to check.

    Raises:
        ValueError: one is outside; one line.

    Example:
        >>> import inspect
        >>> share = inspect.Parameter("share", inspect.Parameter.KEYWORD_ONLY, annotation=Weight)
        >>> check({"share": share}, {"share": -1})
        Traceback (most recent call last):
        ValueError: share must be at least 0; got -1.
    """
    for name, value in values.items():
        limit = of(parameters[name].annotation) if name in parameters else None
        # In a union the range holds for numbers; None and other objects are let through.
        numeric = isinstance(value, numbers.Number | list | tuple | str)
        if limit is not None and numeric and value not in limit:
            finite = "finite and " if isinstance(value, float) and math.isinf(value) else ""
            raise ValueError(f"{name} must be {finite}{limit}; got {value!r}.")
