"""Whether worker processes pay: what is measured, and what follows from it."""

from __future__ import annotations

import math
import statistics
from typing import NamedTuple

__all__ = ["WORTH_A_HOP", "Choice", "Pace", "choose_workers", "explain"]

WORTH_A_HOP = 2e-4
"""Seconds of work on an item from which on a worker process pays: to hand one over costs a tenth
of it, and a core that wakes up for less does little else."""
_WORTH_A_CORE = 0.1
"""So much of the program's own time an item must take: the most that workers could win."""
_HEADROOM = 1.25
"""Workers are slower than this process was, for they share memory and caches with each other."""
_WARM_UP = 2
_FIRST_WINDOW, _LAST_WINDOW = 8, 256


class Choice(NamedTuple):
    """What a stream was left to choose, and chose.

    Attributes:
        workers: how many processes make the items; 0 if this process does.
        reason: why, in words.
        produce_seconds: what it takes to make an item here; None if that did not matter.
        step_seconds: what the program takes from an item to the next request; None likewise.
    """

    workers: int
    reason: str
    produce_seconds: float | None = None
    step_seconds: float | None = None

    def __str__(self) -> str:
        where = "in this process"
        if self.workers:
            where = f"by {self.workers} worker process{'es' * (self.workers > 1)}"
        return f"items are made {where}: {self.reason}"


def choose_workers(produce_seconds: float, step_seconds: float, cores: int) -> int:
    """How many worker processes pay; 0 if items are better made in the process that uses them.

    They pay if an item takes more than 200 microseconds to make, and more than a tenth of what the
    program takes for it. Then there are as many as keep up with the program, as far as there are
    cores beside the one that the program itself runs on.

    Args:
        produce_seconds: to make an item in this process, 0 or more.
        step_seconds: from an item to the next request, 0 or more.
        cores: that this process may use, 1 or more.

    >>> choose_workers(1e-4, 1e-3, cores=8), choose_workers(1e-3, 1e-3, cores=8)
    (0, 2)
    """
    if produce_seconds <= max(WORTH_A_HOP, _WORTH_A_CORE * step_seconds):
        return 0
    spare = cores - 1
    if spare * step_seconds <= _HEADROOM * produce_seconds:
        return spare
    return math.ceil(_HEADROOM * produce_seconds / step_seconds)


def explain(workers: int, produce_seconds: float, step_seconds: float) -> Choice:
    """A choice of so many workers, with what was measured as its reason."""
    made, step = _show(produce_seconds), _show(step_seconds)
    reason = f"one takes {made} to make, and the program {step} for it"
    if not workers and produce_seconds <= WORTH_A_HOP:
        reason += f"; workers pay from {_show(WORTH_A_HOP)} on"
    elif not workers and produce_seconds <= _WORTH_A_CORE * step_seconds:
        reason += f"; workers pay from {_WORTH_A_CORE:.0%} of that on"
    elif not workers:
        reason += ", but there is no core for a worker"
    return Choice(workers, reason, produce_seconds, step_seconds)


class Pace:
    """How long items take to make, and how long the program takes from one to the next request.

    Both are medians: of a few items at first, so that a choice comes early, and of more and more
    later, so that it does not come by chance. The very first items are left out, as files are
    opened and programs compiled then.
    """

    def __init__(self) -> None:
        self._made: list[float] = []
        self._between: list[float] = []
        self._window = _WARM_UP
        self._handed_over: float | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was measured yet."""
        return self._handed_over is None

    def measure(self, begin: float, end: float) -> tuple[float, float] | None:
        """Hear of an item.

        Args:
            begin: when it was asked for, in seconds by any clock.
            end: when it was made.

        Returns:
            Medians of the seconds to make an item, and of those that the program takes for it, if
            enough were seen for another look at them.
        """
        if self._handed_over is not None:
            self._made.append(end - begin)
            self._between.append(begin - self._handed_over)
        self._handed_over = end
        if len(self._made) < self._window:
            return None
        found = statistics.median(self._made), statistics.median(self._between)
        self._made.clear()
        self._between.clear()
        if self._window == _WARM_UP:
            self._window = _FIRST_WINDOW
            return None
        self._window = min(2 * self._window, _LAST_WINDOW)
        return found


def _show(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} us"
