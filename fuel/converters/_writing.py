"""Writing HDF5 files so that they appear whole or not at all, and a full disk is an error."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from fuel._files._publish import publish

__all__ = ["create_hdf5", "extend_hdf5"]

PAGE = 4096


@contextmanager
def create_hdf5(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """A new HDF5 file, open for writing, that appears at `path` when the block ends well.

    Until then it stands beside its target under a name of its own; if the block fails nothing
    is left of it, and what was at `path` stays. Data sets made in it start at multiples of
    4 KiB, so that they can be mapped into memory.

    Raises:
        OSError: when the block ends, if the file could not be written, for instance on a full
            disk.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with _PatientFile(temporary, "x+b", target) as file, _open(file, "w") as h5file:
            yield h5file
        publish(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def extend_hdf5(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """An HDF5 file, open for adding to it in place.

    Raises:
        OSError: when the block ends, if the file could not be written; it is damaged then.
    """
    with _PatientFile(Path(path), "r+b", Path(path)) as file, _open(file, "r+") as h5file:
        yield h5file


class _PatientFile(io.RawIOBase):
    """A file that keeps its first failure to write until it is closed.

    HDF5 does not bear a write that fails: closing the file fails again, and at some places the
    process crashes (seen with HDF5 2.0 and a file size limit). So it never hears of one.
    """

    def __init__(self, path: Path, mode: str, target: Path) -> None:
        self._file = io.FileIO(path, mode)
        self._target = target
        self._failure: OSError | None = None

    def __repr__(self) -> str:
        return str(self._target)

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self.close()
        if self._failure is not None:
            raise OSError(
                self._failure.errno,
                f"{self._failure.strerror}; the file could not be written",
                str(self._target),
            ) from self._failure

    def close(self) -> None:
        self._file.close()
        super().close()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        count = self._file.readinto(view)
        if self._failure is not None:  # what could not be written cannot be read back
            view[count:] = bytes(len(view) - count)
            return len(view)
        return count

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        rest = view
        try:
            while rest and self._failure is None:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._failure = error
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        try:
            return self._file.truncate(size)
        except OSError as error:
            self._failure = self._failure or error
            return self.tell() if size is None else size


def _open(file: _PatientFile, mode: str) -> h5py.File:
    return h5py.File(file, mode, alignment_threshold=1, alignment_interval=PAGE)
