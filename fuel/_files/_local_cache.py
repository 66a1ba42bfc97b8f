"""Copies of data files on a local disk, shared among the processes of a machine."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from pathlib import Path

from fuel._files._disk import check_enough_space
from fuel._files._file_lock import file_lock
from fuel._files._publish import publish
from fuel.config_parser import config

__all__ = ["cache_file", "copy_from_server_to_local"]

logger = logging.getLogger(__name__)


def cache_file(filename: str | os.PathLike[str]) -> str:
    """The path of a copy of a file in `config.local_data_path`, made if there is none yet.

    The copy stands for the file of this full path, size and time of change: another file, or a
    changed one, gets another copy. It appears when it is whole; processes that want it at once
    wait for the first, which makes it. Copies are never changed or deleted; whoever wants their
    room deletes them when nobody reads them.

    Where there can be no copy, since the disk would be more than 90 % full or cannot be written,
    it is the path of the file itself, which is said in the log; and so it is, silently, if
    `local_data_path` is empty.
    """
    original = os.fspath(filename)
    directory = os.path.expandvars(config.local_data_path)
    if not directory:
        return original
    try:
        return _cached(Path(original).resolve(), Path(directory).expanduser()) or original
    except OSError as error:
        logger.warning("%s is read where it is, for it cannot be copied: %s", original, error)
        return original


def copy_from_server_to_local(
    remote_fname: str | os.PathLike[str], local_fname: str | os.PathLike[str]
) -> None:
    """Copy a file to a path where it appears when it is whole; directories are made.

    Raises:
        OSError: if it cannot be read or written, or changed meanwhile; nothing is left then.
    """
    remote, local = Path(remote_fname), Path(local_fname)
    local.parent.mkdir(parents=True, exist_ok=True)
    part = local.with_name(f".{local.name}.{os.getpid()}.part")
    try:
        before = _version(remote)
        shutil.copyfile(remote, part)
        shutil.copystat(remote, part)
        if _version(remote) != before or part.stat().st_size != before[0]:
            raise OSError(f"{remote} was changed while it was copied")
        publish(part, local)
    finally:
        part.unlink(missing_ok=True)


def _cached(original: Path, directory: Path) -> str | None:
    size, time = _version(original)
    key = hashlib.sha256(f"{original}\0{size}\0{time}".encode(errors="surrogateescape"))
    copy = directory / key.hexdigest()[:20] / original.name
    if copy.is_file():
        return str(copy)
    directory.mkdir(parents=True, exist_ok=True)
    with file_lock(directory / f"{copy.parent.name}.lock"):
        if copy.is_file():
            return str(copy)
        if not check_enough_space(directory, original, copy):
            logger.warning(
                "%s is read where it is: with a copy the disk of %s would be more than 90 %% full",
                original,
                directory,
            )
            return None
        copy_from_server_to_local(original, copy)
    logger.info("copied %s to %s", original, copy)
    return str(copy)


def _version(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
