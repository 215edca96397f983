"""Files and folders that are whole or absent: temporary name, fsync, rename."""

import contextlib
import errno
import fcntl
import functools
import os
import re
import shutil
from pathlib import Path

# Error numbers of a full disk and of a used-up quota.
FULL = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def replacing(path):
    """Yields a temporary path beside `path`; when the block ends without an error it takes `path`'s place.

    The file and its folder are synced to disk, so that even after a power cut `path` holds either
    the old bytes or the new ones. After an error the temporary file is removed; one that a killed process
    left is removed by the next process that writes `path`.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "note.txt"
        >>> with replacing(target) as temporary:
        ...     _ = temporary.write_text("whole")
        >>> target.read_text()
        'whole'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove(_found(path.parent.absolute()).pop(path.name, []))
    # The end of the name stays, because Keras and Pillow choose the format by it.
    temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    try:
        with _named(path, temporary), _held(temporary, os.O_RDWR | os.O_CREAT):
            yield temporary
            _sync(temporary)
            os.replace(temporary, path)
            _sync(path.parent)
    finally:
        with contextlib.suppress(OSError):  # an error here would hide the first one
            temporary.unlink()


@contextlib.contextmanager
def making(folder):
    """As `replacing`, for a folder that is not there yet: yields a temporary one, empty.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "pictures"
        >>> with making(target) as temporary:
        ...     _ = (temporary / "a.txt").write_text("whole")
        >>> [entry.name for entry in target.iterdir()]
        ['a.txt']
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_unfinished(folder.parent, [folder.name])
    temporary = folder.with_name(f".tmp-{os.getpid()}-{folder.name}")
    shutil.rmtree(temporary, ignore_errors=True)  # of a killed process that had our number
    try:
        with _named(folder, temporary):
            temporary.mkdir()
            with _held(temporary, os.O_RDONLY):
                yield temporary
                for entry in temporary.rglob("*"):
                    _sync(entry)
                os.replace(temporary, folder)
                _sync(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write(path, content):
    """Writes bytes, or a memory view, as the whole of a file."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def append(path, text):
    """Adds text to the end of a file, all of it or, after an error, nothing.

    Example:
        >>> import tempfile
        >>> log = Path(tempfile.mkdtemp()) / "log.jsonl"
        >>> append(log, "1\\n")
        >>> append(log, "2\\n")
        >>> log.read_text()
        '1\\n2\\n'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _named(path), open(path, "ab", buffering=0) as file:
        before = file.seek(0, os.SEEK_END)
        left = memoryview(text.encode())
        try:
            while left:
                left = left[file.write(left) :]
        except BaseException:
            file.truncate(before)
            raise


def no_room(error):
    """The path at which a file system was full, if that is what an error says; otherwise None.

    TensorFlow says it in the text of an error that otherwise stands for too little memory.

    Example:
        >>> no_room(OSError(errno.ENOSPC, "No space left on device", "a.png"))
        'a.png'
    """
    if getattr(error, "errno", None) in FULL:
        return str(error.filename or "writing")
    if type(error).__name__ == "ResourceExhaustedError":
        for number in FULL:
            if match := re.search(rf"^(?:{{{{.*?}}}} )?([^\n]*); {os.strerror(number)}", str(error)):
                return match[1]
    return None


def remove_unfinished(folder, names=None):
    """Removes what killed processes left of their writing in a folder: that of all names, or of the names given."""
    for name, entries in _unfinished(Path(folder)).items():
        if names is None or name in names:
            _remove(entries)


def cache():
    """The user's folder for what can be made again: `$XDG_CACHE_HOME/kgan`, by default `~/.cache/kgan`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "kgan"


def _unfinished(folder):
    """{the target's name: [temporary files and folders]}, of all processes."""
    found: dict[str, list[Path]] = {}
    try:
        names = os.listdir(folder)
    except OSError:
        return found
    for name in names:
        if match := re.fullmatch(r"\.tmp-\d+-(.+)", name, re.DOTALL):
            found.setdefault(match[1], []).append(folder / name)
    return found


# A folder is listed once in a process, since thousands of pictures may go into one.
_found = functools.cache(_unfinished)


def _remove(entries):
    for entry in entries:
        if not _alive(entry):
            with contextlib.suppress(OSError):
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def _alive(entry):
    """Whether somebody still writes there: a process of this machine, or one of another, which holds the lock."""
    number = int(entry.name.split("-")[1])
    if number != os.getpid():
        try:
            os.kill(number, 0)
            return True
        except PermissionError:
            return True
        except (ProcessLookupError, OverflowError):
            pass
    try:
        with _opened(entry, os.O_RDONLY | os.O_NONBLOCK) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass  # no locks there: the number has to do
    return False


@contextlib.contextmanager
def _held(path, flags):
    """Holds the lock of what we write, where the file system has locks."""
    with _opened(path, flags) as descriptor:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@contextlib.contextmanager
def _opened(path, flags):
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _named(path, temporary=None):
    """Errors name the path that the user gave; a full file system names none."""
    try:
        yield
    except OSError as error:
        name = error.filename
        ours = name is None or str(name) == str(path)
        if temporary is not None and name is not None:
            ours = ours or str(name) == str(temporary) or str(name).startswith(f"{temporary}{os.sep}")
        if error.errno and ours:
            raise type(error)(error.errno, error.strerror, str(path)) from error
        raise


def _sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
