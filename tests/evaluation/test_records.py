"""Records are whole; tables put into one column only what may be compared."""

import json

import pytest

from kgan.evaluation import comparable, table
from kgan.evaluation.records import append, read

ONE = {
    "metric": "FD-x@1-10k (train)", "key": "fd", "value": 1.5, "std": None, "n_gen": 10000, "n_ref": 60000,
    "ref": {"dataset": "A", "split": "train", "sha256": "aa"}, "extractor": {"id": "x@1", "input_resize": None},
    "quantised": True, "settings": {"frechet": {"ddof": 1}}, "protocol": None, "generator": {"step": 100},
    "versions": {"kgan": "0.1"},
}  # fmt: skip

OTHERS = [
    ({"n_gen": 5000}, "n_gen is 10000 and 5000"),
    ({"n_ref": 10000}, "n_ref is 60000 and 10000"),
    ({"ref": {"dataset": "A", "split": "test", "sha256": "bb"}}, "ref is A (train, aa) and A (test, bb)"),
    ({"extractor": {"id": "x@2", "input_resize": None}}, "extractor.id is x@1 and x@2"),
    ({"extractor": {"id": "x@1", "input_resize": "half"}}, "extractor.input_resize is None and half"),
    ({"settings": {"frechet": {"ddof": 0}}}, "settings.frechet.ddof is 1 and 0"),
    ({"quantised": False}, "quantised is True and False"),
    ({"key": "fid"}, "key is fd and fid"),
]


@pytest.mark.parametrize("change, reason", OTHERS)
def test_what_cannot_be_compared(change, reason):
    other = ONE | change
    assert comparable(ONE, other) == reason
    text = table([("a", [ONE]), ("b", [other | {"value": 2.5}])])
    if "key" not in change:
        assert "fd [2]" in text and f"fd and fd [2] cannot be compared: {reason}" in text
    row = next(line for line in text.splitlines() if line.startswith("b"))
    assert row.split() == ["b", "2.5"] and row.index("2.5") > 6


def test_what_can():
    for change in ({"value": 3.0}, {"generator": {"step": 9}}, {"versions": {}}, {"protocol": "ttur"}):
        assert comparable(ONE, ONE | change) is None
    # The same images under another name.
    assert comparable(ONE, ONE | {"ref": {"dataset": "B", "split": "all", "sha256": "aa"}}) is None
    text = table([("a", [ONE]), ("b", [ONE | {"value": 0.12345678, "std": 0.01}])])
    assert text.splitlines()[:3] == ["   fd", "a  1.5", "b  0.12346 +- 0.01"] and "cannot" not in text


def test_one_subject_with_two_values_of_a_score():
    text = table([("a", [ONE, ONE | {"n_gen": 5000, "metric": "FD-x@1-5k (train)"}])])
    assert text.splitlines() == ["FD-x@1-10k (train)  1.5", "FD-x@1-5k (train)   1.5"]
    assert table([]) == table([("a", [])]) == "no scores"


def test_a_measurement_made_again_takes_the_place_of_the_first(tmp_path):
    path = tmp_path / "evaluations.jsonl"
    append(path, [ONE])
    append(path, [ONE | {"generator": {"step": 200}}])
    append(path, [ONE | {"value": 1.75}])
    assert [(one["generator"]["step"], one["value"]) for one in read(path)] == [(200, 1.5), (100, 1.75)]
    append(path, [], keep=lambda one: one["generator"]["step"] <= 100)
    assert [one["value"] for one in read(path)] == [1.75]


def test_an_interrupted_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "evaluations.jsonl"
    append(path, [ONE])
    before = path.read_bytes()
    with pytest.raises(TypeError):
        append(path, [ONE | {"n_gen": 1, "value": object()}])
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["evaluations.jsonl"]


@pytest.mark.parametrize("line", ["{", "[]", "1", '{"metric": "x"}'])
def test_a_file_of_other_lines(tmp_path, line):
    path = tmp_path / "evaluations.jsonl"
    path.write_text(json.dumps(ONE) + "\n" + line + "\n")
    with pytest.raises(ValueError, match="line 2: expected a record"):
        read(path)
