"""Unpacking archives that nobody vouches for."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from pathlib import Path

from fuel._files._archive import (
    PIECE,
    Archive,
    ArchiveError,
    ArchiveLimits,
    ArchiveMember,
    archive_members,
)

__all__ = ["extract_archive"]


def extract_archive(
    archive: Archive,
    directory: str | os.PathLike[str],
    *,
    limits: ArchiveLimits | None = None,
) -> list[str]:
    """Unpack an archive into a new directory, which appears whole or not at all.

    Files get the permissions of new files; links become files.

    Args:
        archive: as for `archive_members`.
        directory: to be made; it must not be there, or be empty.
        limits: how much may come out.

    Returns:
        The names of the files.

    Raises:
        ArchiveError: as `archive_members`, or if two members have one name.
        OSError: if `directory` is there and not empty, or cannot be written.
    """
    target = Path(directory)
    if target.exists() and any(target.iterdir()):
        raise FileExistsError(errno.EEXIST, "the directory is not empty", str(target))
    scratch = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    scratch.mkdir()
    try:
        names = []
        for member in archive_members(archive, limits=limits):
            _write(member, scratch)
            names.append(member.name)
        os.replace(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return names


def _write(member: ArchiveMember, directory: Path) -> None:
    path = directory / member.name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as output:
            shutil.copyfileobj(member.file, output, PIECE)
    except (FileExistsError, NotADirectoryError) as error:
        raise ArchiveError(f"the archive has the member {member.name} twice") from error
