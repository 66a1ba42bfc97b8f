"""A file in the making: `NAME.part` beside its target, locked, verified, renamed when whole."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, FileIO
from pathlib import Path
from typing import BinaryIO

from fuel._files._file_lock import is_at, open_locked
from fuel._files._publish import publish
from fuel.downloaders._http import DownloadError

__all__ = ["DataFile", "deliver"]

logger = logging.getLogger(__name__)

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NOT_KEPT = "make room there and run the same command again"
KEPT = f"what has arrived is kept: {NOT_KEPT}, it goes on from where it stopped"


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """A file as it should be.

    Args:
        name: its name in the target directory, without directories and what cannot be printed.
        sha256: its SHA-256 in hexadecimal digits; None if nobody knows it.
        size: its length in bytes; None if nobody knows it.
        md5: its MD5 in hexadecimal digits, for a file whose SHA-256 nobody published. It tells
            damage, but not a file that somebody made to deceive.
    """

    name: str
    sha256: str | None = None
    size: int | None = None
    md5: str | None = None

    def __post_init__(self) -> None:
        is_plain = Path(self.name).name == self.name and self.name not in ("", ".", "..")
        if not is_plain or not self.name.isprintable():
            raise ValueError(f"name={self.name!r} is not a plain file name")

    @property
    def checksum(self) -> str | None:
        """The strongest checksum that is known, after its name; None if nobody knows one."""
        if self.sha256 is not None:
            return f"SHA-256 {self.sha256}"
        return None if self.md5 is None else f"MD5 {self.md5}"

    def checksum_of(self, handle: FileIO | BufferedReader) -> str:
        """What `checksum` would be for the file that is open for binary reading."""
        kind, name = ("md5", "MD5") if self._has_md5_alone else ("sha256", "SHA-256")
        handle.seek(0)
        return f"{name} {hashlib.file_digest(handle, kind).hexdigest()}"

    def is_whole(self, directory: Path) -> bool:
        """Whether the file is in `directory`, with the right checksum. An unknown one never is."""
        return self.checksum is not None and self.is_there(directory)

    def is_there(self, directory: Path) -> bool:
        """Whether the file is in `directory`, and whole as far as can be told."""
        path = directory / self.name
        if not path.is_file() or self.size not in (None, path.stat().st_size):
            return False
        if self.checksum is None:
            return True
        with path.open("rb") as handle:
            return self.checksum_of(handle) == self.checksum

    @property
    def _has_md5_alone(self) -> bool:
        return self.sha256 is None and self.md5 is not None


def deliver(file: DataFile, directory: Path, fill: Callable[[BinaryIO], None]) -> None:
    """Let `fill` write the file, verify it, and give it its name.

    What an earlier attempt left behind is kept for `fill` to go on from, if a checksum can tell
    in the end whether that went well; if it did not, `fill` starts again from nothing, once.
    Another process that makes the same file is waited for, and what it made is taken.

    Args:
        file: what is to be made.
        directory: where; it must exist.
        fill: writes to an open binary file that may hold the first part already.

    Raises:
        DownloadError: if `fill` does, or what it wrote has the wrong checksum.
        OSError: if the file cannot be written, for instance on a full disk; what was written
            stays for the next attempt, if there is a checksum.
    """
    target = directory / file.name
    with _locked_part(target, keeps=file.checksum is not None) as part:
        if file.is_whole(directory):
            return
        had = part.seek(0, os.SEEK_END)
        if file.checksum is None or (file.size is not None and had > file.size):
            part.truncate(had := 0)
        if had == 0 or not _matches(part, file):
            fill(part)
            if had > 0 and not _matches(part, file):
                logger.info("%s: what was there did not fit; starting again", file.name)
                part.truncate(0)
                fill(part)
        if not _matches(part, file):
            got = f"{part.seek(0, os.SEEK_END)} bytes with {file.checksum_of(part)}"
            part.truncate(0)
            size = None if file.size is None else f"{file.size} bytes"
            wanted = " with ".join(text for text in (size, file.checksum) if text is not None)
            raise DownloadError(f"{file.name} arrived damaged: {got}; it should be {wanted}")
        path = _part_of(target)
        if not is_at(part, path):
            raise DownloadError(f"{path} was deleted while it was written")
        publish(path, target)


def _part_of(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


@contextmanager
def _locked_part(target: Path, *, keeps: bool) -> Iterator[FileIO]:
    """Open `target.part` for this process alone; an empty one does not outlive the block.

    Args:
        target: what is to come of it.
        keeps: whether what is written outlives a block that fails.
    """
    path = _part_of(target)
    with _naming(path, keeps), _open_part(target, path) as handle:
        try:
            yield handle
        except BaseException as error:
            if not keeps:
                handle.truncate(0)
            elif isinstance(error, KeyboardInterrupt) and (size := handle.seek(0, os.SEEK_END)):
                logger.info("%s keeps %d bytes; the same command goes on from there", path, size)
            raise
        finally:
            if is_at(handle, path) and path.stat().st_size == 0:
                path.unlink()


def _open_part(target: Path, path: Path) -> FileIO:
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a directory; a file is to be there", str(target))
    if path.is_symlink():
        raise OSError(errno.ELOOP, "is a link, and may lead anywhere; delete it", str(path))
    if path.exists() and not path.is_file():
        raise FileExistsError(errno.EEXIST, "is no file; delete it", str(path))
    return open_locked(path)


@contextmanager
def _naming(path: Path, keeps: bool) -> Iterator[None]:
    """Say where in errors of writing, which do not know, and what to do."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        cure = KEPT if keeps else NOT_KEPT
        told = f"{error.strerror}; {cure}" if error.errno in NO_ROOM else error.strerror
        raise OSError(error.errno, told, str(path)) from error


def _matches(part: FileIO, file: DataFile) -> bool:
    if file.size is not None and part.seek(0, os.SEEK_END) != file.size:
        return False
    return file.checksum is None or file.checksum_of(part) == file.checksum
