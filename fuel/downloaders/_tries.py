"""A file over HTTP, in as many tries as a server deserves."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
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
    tries = _Tries(patience, had=part.seek(0, os.SEEK_END) if can_go_on else 0)
    with progress_bar(name, max_size, "Downloading", in_bytes=True) as bar:
        while True:
            try:
                get_once(
                    url,
                    part,
                    bar,
                    name=name,
                    resume=resume or tries.failed > 0,
                    chunk_size=chunk_size,
                    max_size=max_size,
                    patience=patience,
                    version=tries.version,
                )
                return
            except (BrokenOffError, NoAnswerError) as error:
                if not can_go_on or (isinstance(error, NoAnswerError) and not tries.failed):
                    raise
                pause = tries.pause_after(error, part.seek(0, os.SEEK_END))
                if pause is None:
                    raise
                words = f"{error}; trying again in {pause:.3g} s"
                logger.info("  %s: %s", name, words)
                bar.remark(words)
            time.sleep(pause)
            bar.remark("")


@dataclass
class _Tries:
    """How the tries went until now.

    Args:
        patience: how long to wait and how often.
        had: bytes that were there when the first of the tries had failed that fail in a row.
        failed: how many these are.
        version: of the file that the server began to send, once it said so.
    """

    patience: Patience
    had: int
    failed: int = 0
    version: str | None = None

    def pause_after(self, error: BrokenOffError | NoAnswerError, size: int) -> float | None:
        """Seconds until the next try after one that left so many bytes; None if it was the last."""
        self.failed = 1 if size >= self.had + GOOD_TRY else self.failed + 1
        if self.failed == 1:
            self.had = max(self.had, size)
        longest = self.patience.longest_pause
        pause = min(longest, self.patience.pause * 2 ** (self.failed - 1))
        if isinstance(error, BrokenOffError):
            self.version = error.version or self.version
            pause = pause if error.wait is None else error.wait
        return None if self.failed >= self.patience.tries or pause > longest else pause


def _is_empty(part: BinaryIO) -> bool:
    """Whether an open file holds nothing; where it stands stays as it is."""
    if not part.seekable():
        return False
    place = part.tell()
    size = part.seek(0, os.SEEK_END)
    part.seek(place)
    return size == 0
