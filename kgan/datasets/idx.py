"""IDX, the file format of MNIST: a magic number, the dimensions, the bytes; raw or compressed with gzip."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

UNSIGNED_BYTE = 0x08
LARGEST = 2**31  # bytes; a header that claims more is not one of an image set


def read_idx(path, ndim):
    """Reads one IDX file of unsigned bytes with `ndim` dimensions.

    Args:
        path: the file; compressed if it begins with gzip's magic number, whatever its name.
        ndim: 3 for images [N, H, W], 1 for labels [N].

    Returns:
        uint8 array, writable.

    Raises:
        ValueError: a magic number that is not IDX's, another type or number of dimensions, too few or too
            many bytes, or damaged compression; the sentence names the file.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "labels-idx1-ubyte"
        >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]))
        >>> read_idx(path, ndim=1).tolist()
        [7, 8, 9]
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if compressed else path.open("rb") as file:
            return _parse(file, path, ndim)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is damaged ({error}); fetch it again.") from None


def _parse(file, path, ndim):
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise ValueError(f"{path} is not an IDX file: it begins with {magic.hex(' ') or 'nothing'}; fetch it again.")
    if magic[2] != UNSIGNED_BYTE or magic[3] != ndim:
        raise ValueError(
            f"{path} holds type {magic[2]:#04x} in {magic[3]} dimensions; expected unsigned bytes (0x08) in {ndim}."
        )
    header = file.read(4 * ndim)
    if len(header) < 4 * ndim:
        raise ValueError(f"{path} ends within its header; fetch it again.")
    shape = struct.unpack(f">{ndim}I", header)
    size = math.prod(shape)
    if not 0 < size <= LARGEST:
        raise ValueError(f"{path} claims the shape {list(shape)}; expected 1 to {LARGEST:,} bytes; fetch it again.")
    content = file.read(size + 1)  # one more than it should have, so that a longer file is noticed
    if len(content) != size:
        found = "more" if len(content) > size else f"{len(content):,}"
        raise ValueError(f"{path} claims {size:,} bytes of data and has {found}; it is damaged: fetch it again.")
    return np.frombuffer(bytearray(content), np.uint8).reshape(shape)
