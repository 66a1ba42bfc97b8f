"""Reading tar and zip archives that nobody vouches for."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

__all__ = [
    "Archive",
    "ArchiveError",
    "ArchiveLimits",
    "ArchiveMember",
    "archive_label",
    "archive_members",
]

Archive = str | os.PathLike[str] | BinaryIO
"""A path, or a binary file that can seek."""

BLOCK = 512  # a tar archive consists of blocks of so many bytes, and ends with one of zeros
PIECE = 1 << 20
LONGEST_HEADER = 1 << 24
UNPACKERS = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open))
DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
    RecursionError,
    RuntimeError,
)
"""What the standard library raises for archives that are damaged, or of a kind it cannot read."""


class ArchiveError(ValueError):
    """An archive is damaged, or holds what no archive of data should hold."""


@dataclass(frozen=True, kw_only=True)
class ArchiveLimits:
    """How much may come out of an archive.

    Args:
        members: the most files and directories in it.
        size: the most bytes of all files together.
        ratio: the most bytes that come out of one byte of the archive; photographs give 1 to 2,
            text 3 to 20, and nothing but a trap gives 1000.
        small: bytes that may come out whatever the ratio.
    """

    members: int = 10_000_000
    size: int = 1 << 42
    ratio: float = 300.0
    small: int = 1 << 26


@dataclass(frozen=True, kw_only=True)
class ArchiveMember:
    """A file in an archive, open for reading until the next one is asked for.

    Args:
        name: its path, relative, with `/` between its parts, none of them `..`.
        size: its length in bytes, as the archive declares it; no more can be read.
        file: gives its bytes; raises `ArchiveError` where the archive is damaged.
        archive: what to call the archive in errors.
    """

    name: str
    size: int
    file: BinaryIO
    archive: str


def archive_label(archive: Archive) -> str:
    """What to call an archive in errors: its path, or the name of the file that is open."""
    if isinstance(archive, str | os.PathLike):
        return os.fspath(archive)
    return str(getattr(archive, "name", "the archive"))


def archive_members(
    archive: Archive, *, limits: ArchiveLimits | None = None
) -> Iterator[ArchiveMember]:
    """The files of a tar archive (packed or not) or a zip archive, in their order there.

    Nothing is written anywhere. A link to another file of the archive gives that file's bytes;
    directories are left out.

    Args:
        archive: a path, or a binary file that can seek.
        limits: how much may come out; `ArchiveLimits()` if None.

    Raises:
        ArchiveError: if it is no archive, is damaged or truncated, needs a password, holds more
            than the limits allow, or a member with an absolute path, a path that leads outside,
            a link that leads outside, or a device.
        OSError: if it cannot be opened.
    """
    with ExitStack() as stack:
        if isinstance(archive, str | os.PathLike):
            file: BinaryIO = stack.enter_context(open(archive, "rb"))
        else:
            file = archive
        label = archive_label(archive)
        budget = _Budget(label, limits or ArchiveLimits(), file.seek(0, io.SEEK_END))
        file.seek(0)
        with _damage_of(label):
            is_zip = file.read(4) in (b"PK\3\4", b"PK\5\6")
        file.seek(0)
        yield from _zip_members(file, budget) if is_zip else _tar_members(file, budget)


class _Budget:
    """Counts what comes out of an archive, against the limits."""

    def __init__(self, label: str, limits: ArchiveLimits, packed: int) -> None:
        self.label = label
        self._limits = limits
        self._most = min(limits.size, max(limits.small, int(limits.ratio * packed)))
        self._packed = packed
        self._members = 0
        self._declared = 0

    def count(self, size: int) -> None:
        """One more member, which declares so many bytes."""
        self._members += 1
        self._declared += size
        if self._members > self._limits.members:
            raise ArchiveError(f"{self.label} holds more than {self._limits.members} members")
        self.check(self._declared)

    def check(self, size: int) -> None:
        """So many bytes come out in all."""
        if size > self._most:
            raise ArchiveError(
                f"{self.label} has {self._packed} bytes, but more than {self._most} would come "
                "out of it; that is a trap, or the limits are too small for it"
            )


def _zip_members(file: BinaryIO, budget: _Budget) -> Iterator[ArchiveMember]:
    with ExitStack() as stack:
        with _damage_of(budget.label):
            archive = stack.enter_context(zipfile.ZipFile(file))
        for info in archive.infolist():
            name = _safe_name(info.filename, budget.label)
            budget.count(info.file_size)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if info.is_dir():
                continue
            _check_file_name(name, budget.label)
            if kind not in (0, stat.S_IFREG):
                raise ArchiveError(f"{budget.label}: {name} is a link or a device")
            with _damage_of(budget.label, name):
                opened = archive.open(info)
            with opened:
                reader = _buffered(_Reader(opened, budget.label, name))
                yield ArchiveMember(
                    name=name, size=info.file_size, file=reader, archive=budget.label
                )


def _tar_members(file: BinaryIO, budget: _Budget) -> Iterator[ArchiveMember]:
    """The files of a tar archive; a link is the file that it leads to."""
    label = budget.label
    places: dict[str, tuple[int, int]] = {}
    with ExitStack() as stack:
        with _damage_of(label):
            start = file.read(6)
            file.seek(0)
            unpacker = next((kind for magic, kind in UNPACKERS if start.startswith(magic)), None)
            unpacked: Any = file if unpacker is None else stack.enter_context(unpacker(file))
            measured = _Measured(unpacked, budget)
            archive = stack.enter_context(tarfile.open(fileobj=measured, mode="r:"))
        while True:
            with _damage_of(label):
                info = archive.next()
                # else all of them are kept, a kilobyte each
                archive.members.clear()  # type: ignore[attr-defined]
            if info is None:
                break
            budget.count(info.size)
            name = _safe_name(info.name, label)
            if info.isdir():
                continue
            _check_file_name(name, label)
            places[name] = offset, size = _tar_place(info, name, places, label)
            yield ArchiveMember(
                name=name,
                size=size,
                file=_buffered(_Reader(_Section(measured, offset, size), label, name)),
                archive=label,
            )
        with _damage_of(label):
            _check_end(measured, archive.offset)


def _tar_place(
    info: tarfile.TarInfo, name: str, places: dict[str, tuple[int, int]], label: str
) -> tuple[int, int]:
    """Where in the unpacked archive the bytes of a file are, and how many."""
    if info.issym() or info.islnk():
        base = PurePosixPath(name).parent if info.issym() else PurePosixPath()
        target = _safe_name(os.path.normpath(base / info.linkname), label, f"the link {name}")
        if target not in places:
            raise ArchiveError(
                f"{label}: {name} is a link to {target}, which is no file that comes before it"
            )
        return places[target]
    if not info.isreg() or info.issparse():
        raise ArchiveError(f"{label}: {name} is no plain file, but a device or the like")
    return info.offset_data, info.size


def _check_end(measured: _Measured, offset: int) -> None:
    """Refuse an archive that just stops, and have the checksum of its packing verified."""
    measured.seek(offset)
    if measured.read(BLOCK) != bytes(BLOCK):
        raise ArchiveError(
            f"{measured.budget.label} is truncated or damaged: after {offset} unpacked bytes comes "
            "neither a file nor the end mark"
        )
    while measured.read(PIECE):
        pass


class _Measured(io.RawIOBase):
    """An unpacked stream whose length is held to the limits, also where nobody declared it."""

    def __init__(self, unpacked: Any, budget: _Budget) -> None:
        self.budget = budget
        self._unpacked = unpacked

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= LONGEST_HEADER:  # nothing else asks for so much
            raise ArchiveError(f"{self.budget.label} is damaged: it has a header of {size} bytes")
        data: bytes = self._unpacked.read(size)
        self.budget.check(self.tell())
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go there piece by piece, so that a trap is seen before all of it was unpacked."""
        target = offset if whence == io.SEEK_SET else self.tell() + offset
        while self.tell() + PIECE < target and self.read(PIECE):
            pass
        return int(self._unpacked.seek(target))

    def tell(self) -> int:
        return int(self._unpacked.tell())


class _Section:
    """A part of a stream, read from its beginning."""

    def __init__(self, stream: _Measured, start: int, size: int) -> None:
        self._stream = stream
        self._next = start
        self._stop = start + size

    def read(self, size: int) -> bytes:
        self._stream.seek(self._next)
        data = self._stream.read(min(size, PIECE, self._stop - self._next))
        self._next += len(data)
        if not data and self._next < self._stop:
            raise EOFError(f"{self._stop - self._next} of its bytes are missing")
        return data


class _Reader(io.RawIOBase):
    """A member's file, whose errors name the archive and the member."""

    def __init__(self, opened: Any, label: str, name: str) -> None:
        self._opened = opened
        self._label = label
        self._member = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _damage_of(self._label, self._member):
            data = self._opened.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _buffered(raw: io.RawIOBase) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(raw, PIECE))


def _safe_name(name: str, label: str, what: str = "a member") -> str:
    """The path without needless parts; on any system it leads to a place below the directory."""
    parts = [part for part in re.split(r"[/\\]", name) if part not in ("", ".")]
    if ".." in parts or name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name) or "\0" in name:
        raise ArchiveError(f"{label}: {what} leads outside, to {name!r}; nothing of it is unpacked")
    return "/".join(parts)


def _check_file_name(name: str, label: str) -> None:
    """Refuse a file whose path is empty, or that of the directory itself."""
    if not name:
        raise ArchiveError(f"{label} is damaged, or a trap: a file in it has no name")


@contextmanager
def _damage_of(label: str, member: str | None = None) -> Iterator[None]:
    try:
        yield
    except ArchiveError:
        raise
    except DAMAGE as error:
        where = label if member is None else f"{label}: {member}"
        raise ArchiveError(f"{where} is damaged, or cannot be read: {error}") from error
