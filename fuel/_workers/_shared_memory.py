"""Memory that processes share through an inherited descriptor, and that has no name.

Nothing appears in a directory, so nothing can collide with or outlive its users: the kernel frees
the memory when the last process that holds it has ended, however it ended.
"""

from __future__ import annotations

import mmap
import os
import sys
import tempfile

PAGE = mmap.PAGESIZE
ALIGNMENT = 64
"""Bytes: a cache line, and what XLA asks of a buffer that it uses in place."""


def create(size: int = 0) -> int:
    """A descriptor of fresh memory, `size` bytes of zeros; the caller closes it."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("fuel", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile(prefix="fuel-") as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor


def attach(descriptor: int, size: int, offset: int = 0) -> mmap.mmap:
    """Map part of the memory, shared and with its pages present.

    A first touch costs some microseconds a page; here they are all touched at once.
    """
    if sys.platform == "linux":
        return mmap.mmap(descriptor, size, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE, offset=offset)
    return mmap.mmap(descriptor, size, flags=mmap.MAP_SHARED, offset=offset)


def attach_private(descriptor: int) -> mmap.mmap:
    """Map all of the memory so that writing to it changes this process's copy only."""
    return mmap.mmap(descriptor, os.fstat(descriptor).st_size, access=mmap.ACCESS_COPY)


def round_up(size: int, unit: int) -> int:
    """The least multiple of `unit` that is not below `size`."""
    return -(-size // unit) * unit
