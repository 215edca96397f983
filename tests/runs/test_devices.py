"""What `--devices` takes, and refuses with a sentence."""

import pytest

from kgan.runs import devices


def test_one_device_needs_no_strategy():
    assert devices.mirrored("1") is None
    assert devices.mirrored("CPU:0") is None


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("0", "expected at least 1 device, got 0"),
        ("100000", "expected at most 64 parts of the CPU, got 100000"),
        ("GPU:7", "there is no device 'GPU:7' here"),
        ("-1", "there is no device '-1' here"),
        ("CPU:0,CPU:0", "a device is named twice"),
    ],
)
def test_what_cannot_be_had_is_named(asked, says):
    with pytest.raises(ValueError, match=f"--devices: {says}"):
        devices.mirrored(asked)
