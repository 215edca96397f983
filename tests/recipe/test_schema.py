"""Types, ranges, and what is said about values that do not fit."""

import datetime
import inspect
from typing import Annotated

import pytest

from kgan.ranges import Count, Decay, Positive, Range, Weight
from kgan.recipe.schema import Wrong, check_names, check_type, hint_of, nearest, one_line, what


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        (3, int, 3),
        (3, float, 3.0),
        (0.5, float, 0.5),
        ("a", str, "a"),
        (None, str | None, None),
        ("3", str | None, "3"),
        (False, bool, False),
        ([1, 2], tuple[int, ...], [1, 2]),
        ([8, 8, 1], tuple[int, int, int], [8, 8, 1]),
        ({"a": 1}, dict, {"a": 1}),
        ("anything", None, "anything"),
    ],
)
def test_what_fits_comes_back(value, hint, expected):
    result = check_type("key", value, hint)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("value", "hint", "message"),
    [
        (True, int, "key: expected an integer, got true."),
        (True, float, "key: expected a number, got true."),
        (3.0, int, "key: expected an integer, got the number 3.0."),
        (1, bool, "key: expected true or false, got the number 1."),
        (None, int, "key: expected an integer, got nothing."),
        (3, str | None, "key: expected a string or null, got the number 3."),
        ([1, 2], int, "key: expected an integer, got [1, 2]."),
        ([1, 2.5], tuple[int, ...], "key: expected a list, each an integer, got [1, 2.5]."),
        ([8, 8], tuple[int, int, int], "key: expected a list of 3, each an integer, got [8, 8]."),
        (float("nan"), float, "key: expected a finite number, got nan."),
        (float("inf"), None, "key: expected a finite number, got inf."),
        ("x", int | float, "key: expected a number, got the string 'x'."),
        (1e39, float, "key: expected a number that float32 can hold, of at most 3.4e+38, got the number 1e+39."),
        ([0.5, [float("nan")]], list, "key: expected a finite number, got nan."),
        (2**63, int, f"key: expected a number from -{2**63 - 1} to {2**63 - 1}, got the number {2**63}."),
        (10**400, float, f"key: expected a number from -{2**63 - 1} to {2**63 - 1}, got a number of about 401 digits."),
    ],
)
def test_what_does_not_fit_is_refused(value, hint, message):
    with pytest.raises(Wrong) as error:
        check_type("key", value, hint)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("2e-4", "YAML reads a number only with a point and a sign, as in 2.0e-4"),
        ("1e3", "YAML reads a number only with a point and a sign, as in 1.0e+3"),
        ("5", "write it without quotes"),
        ("0.5", "write it without quotes"),
    ],
)
@pytest.mark.parametrize("hint", [float, None])
def test_a_number_that_yaml_read_as_text_is_explained(text, remedy, hint):
    with pytest.raises(Wrong) as error:
        check_type("key", text, hint)
    assert str(error.value) == f"key: expected a number, got the string {text!r} ({remedy})."


def test_the_nearest_name_is_proposed():
    with pytest.raises(Wrong) as error:
        check_names("log", {"evry": 1}, {"every": None, "file": None})
    assert str(error.value) == "log.evry: there is no such key; did you mean 'every'?"
    assert nearest("EVERY ", ["every", "file"]) == "; did you mean 'every'?"
    assert nearest("xyz", ["b", "a"]) == "; there are 'a', 'b'"


def test_ranges_include_their_ends():
    digit = Annotated[int, Range("[0, 9]")]
    assert [check_type("seed", value, digit) for value in (0, 9)] == [0, 9]
    for value in (-1, 10):
        with pytest.raises(Wrong, match=f"seed: expected an integer from 0 to 9, got the number {value}."):
            check_type("seed", value, digit)


def test_defaults_tell_what_keras_does_not_annotate():
    assert hint_of(0.5, numeric=False) is float
    assert hint_of(True, numeric=False) is bool
    assert hint_of(0, numeric=False) == int | float
    assert hint_of(None, numeric=False) is None
    assert hint_of(None, numeric=True) == float | list | None
    assert hint_of("name", numeric=True) is str
    assert hint_of(inspect.Parameter.empty, numeric=True) == int | float
    assert hint_of(inspect.Parameter.empty, numeric=False) is None


def test_ranges_hold_for_each_number_and_not_for_null():
    assert check_type("key", None, Positive | None) is None
    assert check_type("key", [0, 2.5], Annotated[list[float], Range("[0, inf)")]) == [0, 2.5]
    for value, hint, expected in (
        (-1, Weight, "a number of at least 0"),
        (0, Positive | None, "a number above 0 or null"),
        (1, Decay, r"a number in \[0, 1\)"),
        (0, Count, "an integer of at least 1"),
        ([1, -1], Annotated[list[float], Range("[0, inf)")], "a list, each a number of at least 0"),
    ):
        with pytest.raises(Wrong, match=f"key: expected {expected}, got "):
            check_type("key", value, hint)


def test_a_terminal_is_sent_nothing_that_it_would_obey():
    assert one_line("a\x1b[31m\nb\u2028\ud800\tc") == "a\\x1b[31m b \\ud800 c"


def test_dates_are_explained():
    assert what(datetime.date(2001, 12, 14)) == "the date 2001-12-14 (write it in quotes)"


def test_long_values_are_cut():
    assert what(list(range(100))) == "a list of 100"
    assert len(what("x" * 1000)) < 100
