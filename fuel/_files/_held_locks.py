"""Locks that are taken by one call and given back by another, under Fuel's names."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Final

from fuel._files._file_lock import file_lock

__all__ = [
    "TIMEOUT",
    "get_readlock",
    "get_writelock",
    "release_readlock",
    "release_writelock",
]

TIMEOUT: Final = 5
"""Seconds that others are waited for."""

_held: dict[tuple[str, bool], list[ExitStack]] = {}


def get_writelock(filename: str | os.PathLike[str], timeout: float | None = TIMEOUT) -> None:
    """Take the lock of a file for this process alone, until it is released or the process ends.

    The lock is another file, `<filename>.lock`.

    Raises:
        TimeoutError: if others hold it for so many seconds.
    """
    _take(filename, False, timeout)


def release_writelock(filename: str | os.PathLike[str]) -> None:
    """Give the lock back.

    Raises:
        ValueError: if it was not taken.
    """
    _give_back(filename, False)


def get_readlock(filename: str | os.PathLike[str], timeout: float | None = TIMEOUT) -> None:
    """Take the lock of a file together with others who read it.

    Raises:
        TimeoutError: if a writer holds it for so many seconds.
    """
    _take(filename, True, timeout)


def release_readlock(filename: str | os.PathLike[str]) -> None:
    """Give the lock back.

    Raises:
        ValueError: if it was not taken.
    """
    _give_back(filename, True)


def _take(filename: str | os.PathLike[str], shared: bool, timeout: float | None) -> None:
    stack = ExitStack()
    stack.enter_context(file_lock(f"{os.fspath(filename)}.lock", shared=shared, timeout=timeout))
    _held.setdefault((os.path.abspath(filename), shared), []).append(stack)


def _give_back(filename: str | os.PathLike[str], shared: bool) -> None:
    stacks = _held.get((os.path.abspath(filename), shared))
    if not stacks:
        kind = "read" if shared else "write"
        raise ValueError(f"this process holds no {kind} lock of {filename}")
    stacks.pop().close()
