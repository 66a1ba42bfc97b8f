"""A hidden directory for files in the making, which is not left for long even after `kill -9`."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["scratch_directory"]


@contextmanager
def scratch_directory(parent: Path, prefix: str) -> Iterator[Path]:
    """A new directory in `parent`, gone when the block ends.

    Those that killed processes left behind are deleted first: whoever uses one holds a lock on it,
    which ends with the process, however it ends. An error about a file in it names the file in
    `parent` that was to come of it.

    Args:
        parent: where; it must be there.
        prefix: what the names of all such directories begin with, and nothing else's do.

    Raises:
        OSError: if it cannot be made.
    """
    for left in sorted(parent.glob(f"{prefix}*")):
        _delete_if_unused(left)
    try:
        path, lock = _locked_directory(parent, prefix)
    except OSError as error:
        error.filename = str(parent)  # the one that the user knows
        raise
    try:
        yield path
    except OSError as error:
        if error.filename is not None and Path(error.filename).is_relative_to(path):
            error.filename = str(parent / Path(error.filename).relative_to(path))
        raise
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _locked_directory(parent: Path, prefix: str) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            lock = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue  # another process took it for a left-over before it was locked
        with suppress(OSError):  # without locks, nobody will take it for a left-over
            fcntl.flock(lock, fcntl.LOCK_SH)
        if path.is_dir():
            return path, lock
        os.close(lock)


def _delete_if_unused(path: Path) -> None:
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return  # another process was faster, or it is somebody else's
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return  # in use, or on a file system whose locks cannot tell
    else:
        shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(lock)
