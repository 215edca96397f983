"""Whole or absent."""

import errno
import fcntl
import os
import resource
import signal
import subprocess

import pytest
import tensorflow as tf

from kgan.files import append, making, no_room, remove_unfinished, replacing


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


def test_what_is_added_is_added_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "log.jsonl"
    append(path, "1\n")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6, before[1]))
    try:
        with pytest.raises(OSError) as error:
            append(path, "22222222\n")  # the file may have half of it
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert (error.value.errno, error.value.filename) == (errno.EFBIG, str(path))
    assert path.read_text() == "1\n"


@pytest.fixture
def dead():
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_what_a_killed_process_left_is_removed_by_the_next_that_writes_there(tmp_path, dead):
    (tmp_path / f".tmp-{dead}-a.txt").write_text("half")
    (tmp_path / f".tmp-{dead}-b.txt").write_text("of another file")
    (tmp_path / f".tmp-{os.getppid()}-a.txt").write_text("of a process that lives")
    with replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("whole")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"a.txt", f".tmp-{dead}-b.txt", f".tmp-{os.getppid()}-a.txt"}
    remove_unfinished(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"a.txt", f".tmp-{os.getppid()}-a.txt"}


def test_what_another_machine_still_writes_stays(tmp_path, dead):
    theirs = tmp_path / f".tmp-{dead}-a.txt"  # no number of this machine, but a lock
    with open(theirs, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        remove_unfinished(tmp_path)
        assert theirs.exists()
    remove_unfinished(tmp_path)
    assert not theirs.exists()


def test_a_folder_is_whole_or_absent(tmp_path, dead):
    left = tmp_path / f".tmp-{dead}-folder"
    left.mkdir()
    (left / "half.txt").write_text("half")
    with pytest.raises(RuntimeError), making(tmp_path / "folder") as temporary:
        (temporary / "half.txt").write_text("half")
        raise RuntimeError
    assert not list(tmp_path.iterdir())
    with pytest.raises(OSError) as error, making(tmp_path / "folder") as temporary:
        raise OSError(errno.ENOSPC, "No space left on device", str(temporary / "a" / "b.txt"))
    assert error.value.filename == str(tmp_path / "folder")
    with making(tmp_path / "folder") as temporary:
        (temporary / "a.txt").write_text("whole")
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["folder", "folder/a.txt"]


def test_a_full_file_system_is_known_by_its_number_and_by_tensorflows_words():
    text = "{{function_node x}} runs/a b/data-00000; No space left on device [Op:SaveV2]"
    assert no_room(tf.errors.ResourceExhaustedError(None, None, text)) == "runs/a b/data-00000"
    assert no_room(tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")) is None
    assert no_room(OSError(errno.EDQUOT, "Disk quota exceeded", "a")) == "a"
    assert no_room(OSError(errno.EIO, "Input/output error", "a")) is None
