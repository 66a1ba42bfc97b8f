"""A file mapped into memory, whose length is watched."""

from __future__ import annotations

import mmap
from typing import Any

from fuel.datasets._readers import map_file

__all__ = ["MappedFile"]


class MappedFile:
    """All bytes of a file, mapped into memory.

    Where another process truncates the file, there is nothing behind a part of the map, and whoever
    reads it is ended by the signal SIGBUS. So before reading one asks whether all is still there,
    which costs less than a microsecond; a file cut between question and reading still kills.

    Args:
        path: of the file.

    Attributes:
        bytes: the bytes, as an array.
    """

    def __init__(self, path: str) -> None:
        self.bytes = map_file(path, ahead=True)
        owner: Any = self.bytes.base
        self._map: mmap.mmap = owner.obj
        self._path = path

    def check_length(self) -> None:
        """Refuse to go on if the file has become shorter than its map.

        Raises:
            OSError: if it has.
        """
        left = self._map.size()  # of the file, which the map keeps open
        if left < len(self._map):
            raise OSError(
                f"{self._path} was truncated while it was being read: of {len(self._map)} bytes "
                f"{left} are left; download or convert it anew, and make the data set anew"
            )
