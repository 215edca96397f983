"""Whole or absent."""

import errno

import pytest

from kgan.files import replacing


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_an_error_names_the_file_and_not_the_temporary_one(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError) as error, replacing(tmp_path / "folder") as temporary:
        temporary.write_text("cannot take the place of a folder")
    assert (error.value.filename, error.value.filename2) == (str(tmp_path / "folder"), None)
    path = tmp_path / ("a" * 250)  # too long only with what makes the name a temporary one
    with pytest.raises(OSError) as error, replacing(path) as temporary:
        temporary.write_text("")
    assert error.value.filename == str(path)
    with pytest.raises(OSError) as error, replacing(path) as temporary:
        raise OSError(errno.ENOSPC, "No space left on device")
    assert error.value.filename == str(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_an_error_of_another_file_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError) as error, replacing(tmp_path / "a.txt"):
        open(tmp_path / "other")
    assert error.value.filename == str(tmp_path / "other")


def test_the_name_appears_only_at_the_end(tmp_path):
    path = tmp_path / "new" / "a.weights.h5"
    with replacing(path) as temporary:
        assert temporary.name.endswith("a.weights.h5") and temporary.parent == path.parent
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
