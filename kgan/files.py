"""Files that are whole or absent: temporary name, fsync, rename."""

import contextlib
import os
from pathlib import Path


@contextlib.contextmanager
def replacing(path):
    """Yields a temporary path beside `path`; when the block ends without an error it takes `path`'s place.

    The file and its folder are synced to disk, so that even after a power cut `path` holds either
    the old bytes or the new ones. After an error the temporary file is removed.

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
    # The end of the name stays, because Keras and Pillow choose the format by it.
    temporary = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, path)
        _sync(path.parent)
    except OSError as error:
        if error.errno and error.filename in (None, str(temporary), temporary):
            # The name that the user gave; None is what a full disk leaves.
            raise type(error)(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        with contextlib.suppress(OSError):  # which would hide the error that came first
            temporary.unlink()


def cache():
    """The user's folder for what can be made again: `$XDG_CACHE_HOME/kgan`, by default `~/.cache/kgan`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "kgan"


def _sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
