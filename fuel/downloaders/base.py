"""What every downloader is made of."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.message import Message
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from fuel._progress import ProgressBar
from fuel._progress import progress_bar as any_progress_bar
from fuel.downloaders._http import DownloadError, Patience, check_status, open_url
from fuel.downloaders._part import DataFile, deliver
from fuel.downloaders._tries import http_get
from fuel.exceptions import NeedURLPrefix

__all__ = [
    "DownloadError",
    "NeedURLPrefix",
    "clear_files",
    "default_downloader",
    "download",
    "ensure_directory_exists",
    "filename_from_url",
    "progress_bar",
]


@contextmanager
def progress_bar(name: str, maxval: int | None) -> Iterator[ProgressBar]:
    """A bar for a download of `maxval` bytes (None: unknown); its `update` takes the bytes so far.

    It is drawn on standard error, and only if that is a terminal.
    """
    with any_progress_bar(name, maxval, "Downloading", in_bytes=True) as bar:
        yield bar


def filename_from_url(url: str, *, patience: Patience | None = None) -> str | None:
    """The name that the server gives to a file, else the end of the address, else None.

    Raises:
        DownloadError: if the server does not have it.
    """
    with open_url(url, patience or Patience(), {}) as response:
        try:
            check_status(response)
        except DownloadError as error:
            raise DownloadError(f"{url}: {error}") from error
        message = Message()
        message["Content-Disposition"] = response.headers.get("Content-Disposition", "")
        name = message.get_filename() or unquote(urlsplit(url).path)
    name = re.split(r"[/\\]", name)[-1]
    return None if name in ("", ".", "..") else name


def download(
    url: str,
    file_handle: BinaryIO,
    chunk_size: int = 1 << 16,
    *,
    resume: bool = False,
    patience: Patience | None = None,
) -> None:
    """Write what is at `url` to an open binary file.

    Args:
        url: an `http` or `https` address.
        file_handle: a file open for binary writing.
        chunk_size: bytes written at once.
        resume: take what the file holds for the beginning and get only the rest.
        patience: how long to wait for the server, and how often to ask it again if it breaks off,
            which is done only if the file was empty at first, or `resume` is set.

    Raises:
        DownloadError: in one line, why there is no file or only a part of it.
        OSError: if `file_handle` cannot be written.
    """
    name = urlsplit(url).path.rpartition("/")[2] or url
    try:
        http_get(
            url, file_handle, name=name, resume=resume, chunk_size=chunk_size, patience=patience
        )
    except DownloadError as error:
        raise DownloadError(f"{url}: {error}") from error


def ensure_directory_exists(directory: str | os.PathLike[str]) -> None:
    """Make a directory, and those above it, unless it is there."""
    os.makedirs(directory, exist_ok=True)


def clear_files(directory: str | os.PathLike[str], filenames: Sequence[str]) -> list[str]:
    """Delete the files, and what is there of them, from a directory; give what was deleted."""
    cleared = []
    for name in filenames:
        for path in (Path(directory) / name, Path(directory) / f"{name}.part"):
            if path.is_file():
                path.unlink()
                cleared.append(path.name)
    return cleared


def default_downloader(
    directory: str | os.PathLike[str],
    urls: Sequence[str | None],
    filenames: Sequence[str | None],
    url_prefix: str | None = None,
    clear: bool = False,
    *,
    checksums: Sequence[str | None] | None = None,
    sizes: Sequence[int | None] | None = None,
    patience: Patience | None = None,
) -> None:
    """Download files into a directory, or clear them from it.

    Each appears under its name when it is whole. With a checksum, a file that is there already
    is not fetched again, and an interrupted download goes on where it stopped.

    Args:
        directory: where to; made if it is not there.
        urls: the address of each file; None for one that is found under `url_prefix` alone.
        filenames: the name of each file; None to learn it from the server.
        url_prefix: what to put before the name of a file without an address.
        clear: delete the files instead.
        checksums: the SHA-256 of each file, None where it is unknown.
        sizes: the length of each file in bytes, None where it is unknown.
        patience: how long to wait for a server, and how often.

    Raises:
        NeedURLPrefix: if a file has no address and there is no `url_prefix`.
        ValueError: if a file has neither name nor address, or the lengths differ.
        DownloadError: if a file cannot be had, or is damaged.
    """
    checksums = [None] * len(urls) if checksums is None else checksums
    sizes = [None] * len(urls) if sizes is None else sizes
    files = [
        (url, DataFile(name=_name(url, name), sha256=checksum, size=size))
        for url, name, checksum, size in zip(urls, filenames, checksums, sizes, strict=True)
    ]
    if clear:
        clear_files(directory, [file.name for _, file in files])
        return
    if url_prefix is None and None in urls:
        lacking = ", ".join(file.name for url, file in files if url is None)
        raise NeedURLPrefix(f"{lacking}: there is no public address; give the URL prefix of a copy")
    ensure_directory_exists(directory)
    for url, file in files:
        address = f"{url_prefix}{file.name}" if url is None else url
        if not file.is_whole(Path(directory)):
            deliver(
                file, Path(directory), partial(download, address, resume=True, patience=patience)
            )


def _name(url: str | None, filename: str | None) -> str:
    name = filename or (filename_from_url(url) if url is not None else None)
    if not name:
        raise ValueError(f"no file name was given, and none can be made out of the address {url}")
    return name
