"""IDX files, and what is wrong with those that are not."""

import gzip
import struct

import numpy as np
import pytest

from kgan.datasets.idx import read_idx

PIXELS = np.arange(24, dtype=np.uint8).reshape([2, 3, 4])
GOOD = struct.pack(">4B3I", 0, 0, 8, 3, 2, 3, 4) + PIXELS.tobytes()


@pytest.mark.parametrize("content", [GOOD, gzip.compress(GOOD)], ids=["raw", "gzip"])
def test_reads_raw_and_compressed_files(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    array = read_idx(tmp_path / "file", ndim=3)
    assert array.dtype == np.uint8
    assert np.array_equal(array, PIXELS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file"),
        (b"\x89PNG" + GOOD, "not an IDX file: it begins with 89 50 4e 47"),
        (GOOD[:9], "ends within its header"),
        (GOOD[:-1], "claims 24 bytes of data and has 23"),
        (GOOD + b"!", "claims 24 bytes of data and has more"),
        (struct.pack(">4BI", 0, 0, 8, 1, 2) + b"ab", "1 dimensions; expected unsigned bytes .* in 3"),
        (struct.pack(">4B3I", 0, 0, 0x0D, 3, 2, 3, 4) + bytes(96), "holds type 0x0d"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 0, 3, 4), r"claims the shape \[0, 3, 4\]"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 2**32 - 1, 2**32 - 1, 2), "claims the shape"),
        (gzip.compress(GOOD)[:-12], "is damaged"),
        (gzip.compress(GOOD)[:-6] + b"\0" * 6, "is damaged"),
        (gzip.compress(GOOD)[:10] + b"\xff" * 20, "is damaged"),
    ],
    ids=[
        "empty",
        "png",
        "half a header",
        "a byte too few",
        "a byte too many",
        "labels",
        "floats",
        "no images",
        "absurd size",
        "gzip cut",
        "gzip with a wrong sum",
        "gzip garbage",
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path, content, message):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_idx(path, ndim=3)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
