"""Whole or absent."""

import pytest

from kgan.files import replacing


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_the_name_appears_only_at_the_end(tmp_path):
    path = tmp_path / "new" / "a.weights.h5"
    with replacing(path) as temporary:
        assert temporary.name.endswith("a.weights.h5") and temporary.parent == path.parent
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
