"""The directory that a process works in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["remember_cwd"]


@contextmanager
def remember_cwd() -> Iterator[None]:
    """Whatever directory the block changes to, come back from it."""
    before = os.getcwd()
    try:
        yield
    finally:
        os.chdir(before)
