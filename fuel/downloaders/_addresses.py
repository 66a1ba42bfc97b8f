"""Files that have addresses of their own, or none but under a prefix that the user knows."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from fuel.downloaders._http import DownloadError, Patience, http_get
from fuel.downloaders._part import DataFile, deliver
from fuel.downloaders.base import clear_files, default_downloader
from fuel.downloaders.mirrors import AbstractMirror, fetch
from fuel.exceptions import NeedURLPrefix

__all__ = ["AddressMirror", "get_files"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class AddressMirror(AbstractMirror):
    """A place where each file has an address of its own.

    Args:
        label: what to call the place.
        addresses: for each file name its address.
        patience: how long to wait for the server.
    """

    label: str
    addresses: Mapping[str, str]
    patience: Patience = field(default_factory=Patience)

    @property
    def name(self) -> str:
        """The label."""
        return self.label

    def fetch(self, wanted: Sequence[tuple[DataFile, ...]], directory: Path) -> None:
        """Get the first form of each that has an address, going on where an earlier try stopped."""
        for forms in wanted:
            file = forms[0]
            if file.name not in self.addresses:
                raise DownloadError(f"it does not have {file.name}")
            deliver(file, directory, partial(self._fill, file))

    def _fill(self, file: DataFile, part: BinaryIO) -> None:
        http_get(
            self.addresses[file.name],
            part,
            name=file.name,
            resume=True,
            max_size=file.size,
            patience=self.patience,
        )


def get_files(
    directory: str | os.PathLike[str],
    clear: bool,
    verified: Sequence[DataFile],
    mirrors: Sequence[AbstractMirror],
    unverified: Mapping[str, str | None],
    url_prefix: str | None = None,
) -> None:
    """Put files into a directory, or clear them from it.

    Args:
        directory: where to; made if it is not there.
        clear: delete the files instead.
        verified: files whose checksums are known.
        mirrors: where these are, to be tried in turn.
        unverified: for the names of files whose checksums nobody knows their addresses, or None.
            Since a file gets its name when it is whole, one that is there is not fetched again.
        url_prefix: what to put before the name of a file without an address, and, after the
            mirrors, before those of files with checksums.

    Raises:
        NeedURLPrefix: if a missing file has no mirror or address, and there is no `url_prefix`.
        DownloadError: if a file cannot be had, or is damaged.
        OSError: if it cannot be written.
    """
    if clear:
        cleared = clear_files(directory, [*(file.name for file in verified), *unverified])
        logger.info("deleted from %s: %s", directory, ", ".join(cleared) or "nothing was there")
        return
    if url_prefix is not None:
        own = {file.name: f"{url_prefix}{file.name}" for file in verified}
        mirrors = (*mirrors, AddressMirror(label=url_prefix, addresses=own))
    missing = [file.name for file in verified if not mirrors]
    missing += [name for name, address in unverified.items() if address is None]
    missing = [name for name in missing if not (Path(directory) / name).is_file()]
    if missing and url_prefix is None:
        raise NeedURLPrefix(
            f"{', '.join(missing)}: there is no public address; give the URL prefix of a copy"
        )
    if verified:
        fetch([(file,) for file in verified], mirrors, Path(directory))
    wanted = {}
    for name, address in unverified.items():
        if (Path(directory) / name).is_file():
            logger.info("%s is there; nobody knows its checksum, so it is taken as it is", name)
        else:
            wanted[name] = address
    default_downloader(directory, list(wanted.values()), list(wanted), url_prefix)
    logger.info("all files are in %s", directory)
