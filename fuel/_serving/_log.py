"""A log that a flood of bad messages cannot flood."""

from __future__ import annotations

import logging
import time

logger = logging.getLogger("fuel.server")


class QuietLog:
    """Warns at most so often about each kind of trouble, and says how much it left out.

    Args:
        seconds: between two warnings about the same.
    """

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._last: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def warn(self, kind: str, detail: object) -> None:
        """Warn about something of this kind, unless that was done a short while ago."""
        now = time.monotonic()
        if now - self._last.get(kind, -self._seconds) < self._seconds:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return
        self._last[kind] = now
        left_out = self._left_out.pop(kind, 0)
        more = f" ({left_out} more like this were not logged)" if left_out else ""
        logger.warning("%s: %s%s", kind, detail, more)
