"""An HDF5 file as data sets use it: open no longer than it must be."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py

from fuel._subset import Subset
from fuel.datasets._choice import ReaderChoice
from fuel.datasets._layout import DAMAGE
from fuel.datasets._mapped_file import MappedFile
from fuel.datasets._readers import Reader
from fuel.datasets._threads import Threads

__all__ = ["SourceFile"]

_OPEN_WITH_LOCKING = "flag values don't match"
"""What HDF5 says of a file that this process has open already, with other locking."""


class SourceFile:
    """An HDF5 file, given by its path or open already, and the readers of its data sets.

    Attributes:
        lock: to be held while readers are made, for data sets that several threads share.

    Args:
        path: of the file.
        driver: of HDF5, to open the path with.
        sort_indices: for what is read through HDF5's selections.
        handle: the open file, if it was given so; it is never closed here.
    """

    def __init__(
        self,
        path: str,
        driver: str | None = None,
        sort_indices: bool = True,
        handle: h5py.File | None = None,
    ) -> None:
        self.path = path
        self.lock = threading.Lock()
        self._driver = driver
        self._sort_indices = sort_indices
        self._given = handle
        self._own: h5py.File | None = None
        self._mapped: MappedFile | None = None
        self._threads = Threads()
        self._survives_fork = True
        self._process = os.getpid()

    @contextmanager
    def opened(self) -> Iterator[h5py.File]:
        """The file, open for as long as the block lasts.

        Raises:
            FileNotFoundError: if there is none.
            OSError: if it is no HDF5 file, or a damaged one.
        """
        if (handle := self._given or self._own) is not None:
            yield handle
            return
        with self._open() as handle:
            yield handle

    def readers(
        self, names: Sequence[tuple[str, str | None]], rows: Sequence[Subset], cache_bytes: int
    ) -> list[Reader]:
        """One reader for each data set; see `ReaderChoice.readers`.

        The file stays open until `close` if one of them needs it.

        Raises:
            OSError: if the file is damaged.
        """
        self.close()
        handle = self._given or self._open()
        try:
            choice = ReaderChoice(handle, self._sort_indices, self._threads)
            readers = choice.readers(names, rows, cache_bytes)
        except (*DAMAGE, ValueError) as error:
            self._close(handle)
            raise OSError(
                f"{self.path} is damaged: {error}; download or convert it anew"
            ) from error
        self._mapped = choice.mapped
        self._survives_fork = all(reader.survives_fork for reader in readers)
        if choice.needs_library:
            self._own = None if self._given is not None else handle
        else:
            self._close(handle)
        return readers

    @property
    def is_inherited(self) -> bool:
        """Whether the readers were made by a parent process and cannot be used in this one."""
        return not self._survives_fork and self._process != os.getpid()

    def close(self) -> None:
        """Close the file, if it was opened here, and end the threads; readers are lost with it."""
        if self._process == os.getpid():
            self._close(self._own)
            self._threads.close()
        else:  # a handle that a parent process opened is the parent's to close
            self._threads = Threads()
            self._process = os.getpid()
        self._own = None
        self._mapped = None
        self._survives_fork = True

    def check_length(self) -> None:
        """Refuse to read if the file has been truncated since the readers were made.

        Raises:
            OSError: if it has.
        """
        if self._mapped is not None:
            self._mapped.check_length()

    def _close(self, handle: h5py.File | None) -> None:
        if handle is not None and handle is not self._given:
            handle.close()

    def _open(self) -> h5py.File:
        if not Path(self.path).is_file() and self._driver is None:
            raise FileNotFoundError(f"there is no file {self.path}")
        error: OSError | None = None
        for locking in (False, None, True, "best-effort"):
            try:
                return h5py.File(self.path, "r", driver=self._driver, locking=locking)
            except OSError as failure:
                error = error or failure
                if _OPEN_WITH_LOCKING not in str(failure):
                    break
        raise OSError(
            f"{self.path} cannot be opened as an HDF5 file: {error}; if it is damaged, download or "
            "convert it anew"
        ) from error
