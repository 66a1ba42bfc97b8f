"""A file over HTTP, in as many tries as a server deserves."""

from __future__ import annotations

import logging
import os
import time
from typing import BinaryIO

from fuel._progress import progress_bar
from fuel.downloaders._http import BrokenOffError, NoAnswerError, Patience, get_once

__all__ = ["http_get"]

logger = logging.getLogger(__name__)

GOOD_TRY = 1 << 20
"""After so many bytes a server that breaks off is as good as one that was not asked yet."""


def http_get(
    url: str,
    part: BinaryIO,
    *,
    name: str,
    resume: bool,
    chunk_size: int = 1 << 16,
    max_size: int | None = None,
    patience: Patience | None = None,
) -> None:
    """Write what `url` gives to an open binary file.

    Where the connection is cut, the server falls silent or says that it is busy, it is asked for
    the rest after a pause; not so if it was never there, or what it sends is wrong.

    Args:
        url: an `http` or `https` address.
        part: where to write.
        name: what the progress bar calls it.
        resume: take what `part` holds for the beginning, and ask for the rest alone; a server
            that sends the whole instead is fine.
        chunk_size: bytes written at once, at most.
        max_size: more bytes than this are refused; None for any number.
        patience: how long to wait and how often; `Patience()` if None.

    Raises:
        DownloadError: in one line, why there is no file or only a part of it.
        OSError: if `part` cannot be written.
    """
    patience = patience or Patience()
    can_go_on = resume or _is_empty(part)
    had = part.seek(0, os.SEEK_END) if can_go_on else 0
    version: str | None = None
    failed = 0
    with progress_bar(name, max_size, "Downloading", in_bytes=True) as bar:
        while True:
            try:
                get_once(
                    url,
                    part,
                    bar,
                    name=name,
                    resume=resume or failed > 0,
                    chunk_size=chunk_size,
                    max_size=max_size,
                    patience=patience,
                    version=version,
                )
                return
            except (BrokenOffError, NoAnswerError) as error:
                if not can_go_on or (isinstance(error, NoAnswerError) and not failed):
                    raise
                size = part.seek(0, os.SEEK_END)
                failed = 1 if size >= had + GOOD_TRY else failed + 1
                had = max(had, size) if failed == 1 else had
                version = _version_of(error) or version
                pause = _pause(error, failed, patience)
                if failed >= patience.tries or pause > patience.longest_pause:
                    raise
                words = f"{error}; trying again in {pause:.3g} s"
                logger.info("  %s: %s", name, words)
                bar.remark(words)
            time.sleep(pause)
            bar.remark("")


def _pause(error: BrokenOffError | NoAnswerError, failed: int, patience: Patience) -> float:
    """Seconds until the next try."""
    if isinstance(error, BrokenOffError) and error.wait is not None:
        return error.wait
    return float(min(patience.longest_pause, patience.pause * 2 ** (failed - 1)))


def _version_of(error: BrokenOffError | NoAnswerError) -> str | None:
    return error.version if isinstance(error, BrokenOffError) else None


def _is_empty(part: BinaryIO) -> bool:
    """Whether an open file holds nothing; where it stands stays as it is."""
    if not part.seekable():
        return False
    place = part.tell()
    size = part.seek(0, os.SEEK_END)
    part.seek(place)
    return size == 0
