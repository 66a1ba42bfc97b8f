"""Lines of several text files, compressed or not, that can be left and found again."""

import gzip
import io
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

__all__ = ["TextLines", "open_text"]


def open_text(path: str | os.PathLike[str], encoding: str | None = None) -> io.TextIOWrapper:
    """A text file opened for reading; what its name ends in `.gz` for is decompressed.

    Args:
        path: where it is.
        encoding: of its characters; default UTF-8.
    """
    name = os.fspath(path)
    if name.endswith(".gz"):
        raw = cast(io.BufferedReader, gzip.open(name, "rb"))  # noqa: SIM115 (as below)
    else:
        raw = open(name, "rb")  # noqa: SIM115 (the wrapper closes it)
    try:
        return io.TextIOWrapper(raw, encoding or "utf-8")
    except LookupError:
        raw.close()
        raise


class TextLines(Iterator[str]):
    """The lines of files, one file after the other; at most one file is open.

    Args:
        paths: the files.
        encoding: of their characters; default UTF-8.
    """

    def __init__(self, paths: Sequence[str], encoding: str | None = None) -> None:
        self._paths = tuple(paths)
        self._encoding = encoding
        self._number = 0
        self._line = 0
        self._file: io.TextIOWrapper | None = None

    def __next__(self) -> str:
        while self._number < len(self._paths):
            path = self._paths[self._number]
            if self._file is None:
                self._file = open_text(path, self._encoding)
            try:
                line = self._file.readline()
            except (UnicodeError, EOFError, OSError, zlib.error) as error:
                self.close()
                raise ValueError(
                    f"{path} cannot be read beyond line {self._line} as "
                    f"{self._encoding or 'utf-8'} text: {error}; give its encoding= if it is "
                    "another, and get the file anew if it is damaged"
                ) from error
            if line:
                self._line += 1
                return line
            self.close()
            self._number, self._line = self._number + 1, 0
        raise StopIteration

    def close(self) -> None:
        """Close the file that is open."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __del__(self) -> None:
        self.close()

    def position(self) -> dict[str, Any]:
        """Where the next line is: number of the file, lines of it read, and an opaque offset."""
        offset = 0 if self._file is None else self._file.tell()
        return {"file": self._number, "line": self._line, "offset": offset}

    def load_position(self, position: Mapping[str, Any]) -> None:
        """Go to a position; a compressed file is read up to there again."""
        self.close()
        self._number, self._line = position["file"], position["line"]
        if position["offset"]:
            self._file = open_text(self._paths[self._number], self._encoding)
            self._file.seek(position["offset"])
