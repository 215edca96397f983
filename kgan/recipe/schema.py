"""Whether values fit a constructor's signature, and what to say where they do not."""

import datetime
import difflib
import inspect
import math
import types
import typing

import yaml

from kgan import ranges

# Counters are int64, and networks compute in float32.
LARGEST_INTEGER, LARGEST_FLOAT = 2**63 - 1, 3.4e38


class Wrong(Exception):
    """What is wrong at a key's path; who reads the file adds its name."""

    def __init__(self, path, message):
        end = "" if message.endswith("?") else "."
        super().__init__(f"{path}: {message}{end}" if path else f"{message}{end}")


def check_names(path, given, known):
    for name in given:
        if name not in known:
            here = f"{path}.{cut(name)}" if path else cut(name)
            raise Wrong(here, f"there is no such key{nearest(name, known)}")


def nearest(name, known):
    folded = {other.casefold(): other for other in known}
    near = difflib.get_close_matches(str(name).strip().casefold(), folded, n=1, cutoff=0.5)
    return f"; did you mean {folded[near[0]]!r}?" if near else f"; there are {', '.join(map(repr, sorted(known)))}"


def hint_of(default, numeric):
    """What an argument without an annotation may be, as far as its default value tells: Keras' have none.

    `numeric`: whether what has no telling default is a number, or numbers, or nothing.
    """
    if isinstance(default, bool | float | str):
        return type(default)
    if isinstance(default, int):
        return int | float  # where Keras has 0 by default it takes 0.5 too
    if numeric and default is inspect.Parameter.empty:
        return int | float
    return float | list | None if numeric else None


def check_type(path, value, hint):
    """`value`, as a float where one is wanted and an integer is given."""
    if not _fits(value, hint):
        raise Wrong(path, f"expected {_name(hint)}, got {what(value)}")
    if hint is None and isinstance(value, str) and _is_number(value):
        raise Wrong(path, f"expected a number, got {what(value)}")
    _check_numbers(path, value)
    limit = ranges.of(hint)
    if limit is not None and isinstance(value, int | float | list) and value not in limit:
        raise Wrong(path, f"expected {_name(hint)}, got {what(value)}")
    return float(value) if _plain(hint) is float and isinstance(value, int) else value


def _check_numbers(path, value):
    """Refuses numbers, also in lists, with which nothing can be computed."""
    if isinstance(value, list):
        for item in value:
            _check_numbers(path, item)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Wrong(path, f"expected a finite number, got {value}")
    elif isinstance(value, float) and abs(value) > LARGEST_FLOAT:
        raise Wrong(path, f"expected a number that float32 can hold, of at most {LARGEST_FLOAT:g}, got {what(value)}")
    elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise Wrong(path, f"expected a number from -{LARGEST_INTEGER} to {LARGEST_INTEGER}, got {what(value)}")


def one_line(text):
    """The text without line ends and without characters that a terminal would obey or cannot show."""
    line = " ".join(str(text).split())
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


def cut(text):
    return text if len(text) <= 60 else f"{text[:57]}..."


def _plain(hint):
    """The type without what is noted beside it."""
    return hint.__origin__ if hasattr(hint, "__metadata__") else hint


def _is_union(hint):
    return isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union


def _fits(value, hint):
    hint = _plain(hint)
    if hint is None or hint is inspect.Parameter.empty or hint is typing.Any:
        return True
    if _is_union(hint):
        return any(_fits(value, option) for option in typing.get_args(hint))
    if hint is types.NoneType:
        return value is None
    if hint is bool:
        return isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    origin, options = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin in (tuple, list):
        if not isinstance(value, list | tuple):
            return False
        if not options:
            return True
        if origin is list or options[-1] is Ellipsis:
            return all(_fits(item, options[0]) for item in value)
        return len(value) == len(options) and all(map(_fits, value, options))
    return isinstance(value, origin)


def _name(hint):
    if hasattr(hint, "__metadata__"):
        limit = str(ranges.of(hint) or "")
        return f"{_name(_plain(hint))} {'of ' if limit.startswith('at') else ''}{limit}".rstrip()
    if _is_union(hint):
        options = [
            option for option in typing.get_args(hint) if option is not int or float not in typing.get_args(hint)
        ]
        return " or ".join(_name(option) for option in options)
    names = {int: "an integer", float: "a number", str: "a string", bool: "true or false", dict: "a mapping"}
    if hint in names:
        return names[hint]
    if hint is types.NoneType:
        return "null"
    origin, options = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin in (tuple, list):
        if not options:
            return "a list"
        if origin is list or options[-1] is Ellipsis:
            return f"a list, each {_name(options[0])}"
        return f"a list of {len(options)}, each {_name(options[0])}"
    return f"an object, like {{{origin.__name__}: {{}}}}"


def what(value):
    """A value as a person would call it; numbers that YAML reads as text are pointed out."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        text = " ".join(yaml.safe_dump(value, default_flow_style=True, width=1000).split())
        return text if len(text) <= 60 else f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    if isinstance(value, str) and _is_number(value):
        return f"the string {value!r} ({_as_yaml(value)})"
    if isinstance(value, int) and abs(value) >= 10**60:  # Python refuses to print integers of more than 4,300 digits
        return f"a number of about {int(value.bit_length() * math.log10(2)) + 1} digits"
    if isinstance(value, datetime.date):
        return f"the date {value} (write it in quotes)"
    kinds = {bool: "", int: "the number ", float: "the number ", str: "the string "}
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    return kinds.get(type(value), "") + cut(shown)


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _as_yaml(text):
    """How to write the number that was meant."""
    mantissa, e, exponent = text.lower().strip().partition("e")
    if not e or not exponent:
        return "write it without quotes"
    mantissa = mantissa if "." in mantissa else f"{mantissa}.0"
    sign = "" if exponent[0] in "+-" else "+"
    return f"YAML reads a number only with a point and a sign, as in {mantissa}e{sign}{exponent}"
