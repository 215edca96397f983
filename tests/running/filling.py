"""Fills file systems."""

import os


def fill(disk, leave):
    """Writes until only `leave` bytes are free."""
    with open(disk / "filling", "wb", buffering=0) as file:
        left = room(disk) - leave
        try:
            while left > 0:
                left -= file.write(bytes(min(left, 2**16)))
        except OSError:
            pass


def room(disk):
    status = os.statvfs(disk)
    return status.f_bavail * status.f_frsize
