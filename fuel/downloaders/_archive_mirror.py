"""A place that has files packed into one archive."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from fuel._files._archive import ArchiveError, ArchiveLimits, ArchiveMember, archive_members
from fuel.downloaders._http import DownloadError, Patience, write_all
from fuel.downloaders._part import DataFile, deliver
from fuel.downloaders._printable import printable
from fuel.downloaders._tries import http_get
from fuel.downloaders.mirrors import AbstractMirror

__all__ = ["ArchiveMirror"]

MOST_PACKED = 16
"""How many times `max_size` the files in an archive may have, since they pass through memory."""


@dataclass(frozen=True, kw_only=True)
class ArchiveMirror(AbstractMirror):
    """A zip or tar archive on a web server, that has the files.

    Of the archive nothing is unpacked but the wanted files, and each is verified for itself.

    Args:
        url: the archive's address.
        members: for each file name, its path in the archive.
        max_size: the archive may have so many bytes.
        patience: how long to wait for the server.
    """

    url: str
    members: Mapping[str, str]
    max_size: int
    patience: Patience = field(default_factory=Patience)

    @property
    def name(self) -> str:
        """The address."""
        return self.url

    def address(self, name: str) -> None:
        """None: the files are in an archive."""

    def fetch(self, wanted: Sequence[tuple[DataFile, ...]], directory: Path) -> None:
        """Get the archive, and take the files out of it."""
        files = {
            self.members[f.name]: f for forms in wanted for f in forms if f.name in self.members
        }
        with tempfile.TemporaryFile() as archive:
            http_get(
                self.url,
                archive,
                name=self.url.rpartition("/")[2],
                resume=False,
                max_size=self.max_size,
                patience=self.patience,
            )
            try:
                limits = ArchiveLimits(size=MOST_PACKED * self.max_size)
                for member in archive_members(archive, limits=limits):
                    if member.name in files:
                        _take(member, files.pop(member.name), directory)
            except ArchiveError as error:
                reason = printable(str(error))
                raise DownloadError(f"its archive will not do: {reason}") from error
        if files:
            raise DownloadError(f"its archive has no {', '.join(files)}")


def _take(member: ArchiveMember, file: DataFile, directory: Path) -> None:
    content = member.file.read()

    def fill(part: BinaryIO) -> None:
        part.seek(0)
        part.truncate(0)
        write_all(part, content)

    deliver(file, directory, fill)
