"""Locks among processes that end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

__all__ = ["file_lock", "is_at", "open_locked"]

logger = logging.getLogger(__name__)

BETWEEN_TRIES = 0.05  # seconds


def open_locked(
    path: Path, *, shared: bool = False, timeout: float | None = None, note: bool = True
) -> FileIO:
    """A file, made if need be, open for reading and writing, and locked until it is closed.

    If who held the lock before renamed or deleted the file meanwhile, a new one is made.

    Args:
        path: of the file.
        shared: whether others may hold a shared lock at the same time.
        timeout: how long to wait for others, in seconds; None for as long as it takes.
        note: whether to say in the log that others are waited for.

    Raises:
        TimeoutError: if others hold it all that time.
        OSError: if the file cannot be opened, is a link, or its file system knows no locks.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    stop = None if timeout is None else time.monotonic() + timeout
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        handle = os.fdopen(os.open(path, flags, 0o666), "r+b", buffering=0)
        try:
            _lock(handle, kind, stop, path, note)
        except BaseException:
            handle.close()
            raise
        if is_at(handle, path):
            return handle
        handle.close()


@contextmanager
def file_lock(
    path: str | os.PathLike[str], *, shared: bool = False, timeout: float | None = None
) -> Iterator[None]:
    """Hold a lock while the block runs; the file that stands for it is gone afterwards.

    Args:
        path: of a file that is there for the lock alone.
        shared: whether others may hold a shared lock at the same time.
        timeout: how long to wait for others, in seconds; None for as long as it takes.

    Raises:
        TimeoutError: if others hold it all that time.
        OSError: if the file cannot be made.
    """
    lock = Path(path)
    with open_locked(lock, shared=shared, timeout=timeout, note=False) as handle:
        try:
            yield
        finally:
            if _is_last(handle):
                lock.unlink(missing_ok=True)


def is_at(handle: FileIO, path: Path) -> bool:
    """Whether an open file is still the one of this path."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _lock(handle: FileIO, kind: int, stop: float | None, path: Path, note: bool) -> None:
    started = time.monotonic()
    with suppress(BlockingIOError):
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
        return
    if note:
        logger.info("%s: another process is at it; waiting for it to end", path.name)
    while stop is not None:
        if time.monotonic() >= stop:
            waited = f"{stop - started:.3g}"
            raise TimeoutError(
                f"another process holds {path} all of the {waited} s that were waited"
            )
        time.sleep(min(BETWEEN_TRIES, max(0.0, stop - time.monotonic())))
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return
    fcntl.flock(handle, kind)


def _is_last(handle: FileIO) -> bool:
    """Whether nobody else holds the lock, so that its file can go."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
