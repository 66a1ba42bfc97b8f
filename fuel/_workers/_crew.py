"""The workers that a stream is to have: asked for or chosen, prepared, started and ended.

Where the stream is, and who makes the next item, is not known here.
"""

from __future__ import annotations

import logging
import operator
import sys
import warnings
import weakref
from typing import Any, Literal, NamedTuple

from fuel._cores import cores_at_hand
from fuel._streams import _chain
from fuel._workers._choice import Choice, Pace, choose_workers, explain
from fuel._workers._control import MAX_DEPTH, MAX_SLOTS
from fuel._workers._describe import DescriptionError
from fuel._workers._error import WorkerError
from fuel._workers._prepare import prepare_workers, refuse_in_worker
from fuel._workers._workers import Workers
from fuel.exceptions import InProcessWarning
from fuel.streams import AbstractDataStream

__all__ = ["Crew", "Terms"]

_log = logging.getLogger(__name__)


class Terms(NamedTuple):
    """What was asked for.

    Attributes:
        workers: how many; "auto" if it shall be chosen, None if nothing was said.
        max_store: items that are made ahead by all of them.
        leases: items of each that may be on loan.
        timeout: seconds that an item may take; None for ever.
    """

    workers: int | Literal["auto"] | None
    max_store: int
    leases: int
    timeout: float | None


class Crew:
    """The workers of a stream, if it has any.

    Args:
        stream: whose items are wanted.
        terms: what was asked for.

    Attributes:
        choice: what was chosen and why, if there was something to choose.
        needs_places: whether somebody asks for the places of items; only a stream in this process
            tells them if it runs as a whole.

    Raises:
        TypeError: if `workers` is not a number.
        ValueError: if there cannot be so many workers.
    """

    def __init__(self, stream: AbstractDataStream, terms: Terms) -> None:
        asked_for = _checked(terms.workers)
        self.stream = stream
        self.terms = terms._replace(workers=asked_for)
        self.choice: Choice | None = None
        self.needs_places = False
        self._count = asked_for if isinstance(asked_for, int) else int(asked_for is None)
        self._pace = Pace() if asked_for == "auto" else None
        self._is_starting = False
        self._workers: Workers | None = None
        self._finalizer: weakref.finalize[Any, Any] | None = None

    def again(self, stream: AbstractDataStream) -> Crew:
        """A crew as this is now, none of which has started, for another stream."""
        made = Crew(stream, self.terms)
        made.choice, made._count, made._is_starting = self.choice, self._count, self._is_starting
        made._pace = None if self._pace is None else Pace()
        return made

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the processes."""
        return vars(self.again(self.stream))

    @property
    def count(self) -> int:
        """How many processes make the items, or will once they are asked; 0 if this one does."""
        return 0 if self._is_starting else self._count

    @property
    def workers(self) -> Workers | None:
        """The workers, if there are any yet, even if they do not make the items yet."""
        return self._workers

    def is_whole(self) -> bool:
        """Whether a worker must run the stream as a whole, because it cannot be split."""
        return _chain.obstacle(self.stream) is not None

    def layout(self) -> tuple[int, int, int]:
        """How many workers, results that each prepares ahead, and slots of each."""
        count = 1 if self.is_whole() else self._count
        depth = min(-(-self.terms.max_store // count), MAX_DEPTH // 2)
        return count, depth, min(depth + self.terms.leases, MAX_SLOTS)

    @property
    def is_measuring(self) -> bool:
        """Whether it is still open if workers pay."""
        return self._pace is not None

    def measured(self, begin: float, end: float) -> None:
        """Hear of an item that was made in this process, to see whether workers pay.

        Args:
            begin: when it was asked for, in seconds.
            end: when it was made.
        """
        assert self._pace is not None
        if self._pace.is_fresh:
            refuse_in_worker()
        found = self._pace.measure(begin, end)
        if found is None:
            return
        count = choose_workers(*found, cores_at_hand())
        if count and self.is_whole():
            count = 1
            if self.needs_places:
                self._stay("what takes them asks for their places, which no worker could tell")
                return
        before, self.choice = self.choice, explain(count, *found)
        if before is None or count:
            _log.info("%s", self.choice)
        if count:
            self._pace, self._count, self._is_starting = None, count, True
            self._prepare()

    def ready(self) -> Workers | None:
        """The workers, if they are to make the next item: those asked for, or those that started.

        Raises:
            DescriptionError: if so many were asked for, but the stream cannot be described to them.
            NotImplementedError: likewise, but it does not know its place.
        """
        if not self._count or (self._workers is None and not self._prepare()):
            return None
        return None if self._is_starting and not self._have_started() else self._workers

    def take_over(self) -> None:
        """Hear that the workers make the items from now on."""
        self._is_starting = False

    def settle(self) -> str | None:
        """Find out what will be, as far as it can be known before an item is asked for, and why."""
        if self.terms.workers is None and self._count and self._workers is None:
            self._prepare()
        return None if self.choice is None else str(self.choice)

    def hold(self) -> None:
        """Choose no more: what makes the items now makes all of them."""
        if self._pace is not None or self._is_starting:
            self.end()
            self._pace, self._count, self._is_starting = None, 0, False

    def keep(self, terms: Terms) -> None:
        """Take what makes the items now for what was asked for."""
        self.hold()
        self.terms, self.choice = terms, None

    def end(self) -> None:
        """End the workers."""
        if self._finalizer is not None:
            self._finalizer()
        self._workers = self._finalizer = None

    def _prepare(self) -> bool:
        """Get workers ready; whether they can be had."""
        whole = self.is_whole()
        count, depth, slots = self.layout()
        try:
            if whole:
                self.stream.state_dict()  # a worker begins where the stream is
            self._workers = prepare_workers(
                self.stream,
                count,
                whole=whole,
                depth=depth,
                slots=slots,
                timeout=self.terms.timeout,
            )
        except (DescriptionError, NotImplementedError) as error:
            if isinstance(self.terms.workers, int):
                raise
            self._stay(str(error))
            return False
        self._finalizer = weakref.finalize(self, self._workers.close)
        if self._is_starting:
            self._workers.start()
        return True

    def _have_started(self) -> bool:
        assert self._workers is not None
        try:
            return self._workers.have_started()
        except WorkerError as error:
            _log.warning("workers would pay, but they do not start: %s", error)
            self._stay("workers would pay, but they do not start")
            return False

    def _stay(self, reason: str) -> None:
        """Have this process make all items, although there might have been workers."""
        self.end()
        self._pace, self._count, self._is_starting = None, 0, False
        self.choice = Choice(0, reason)
        if self.terms.workers == "auto":
            _log.info("%s", self.choice)
            return
        warnings.warn(
            f"{self.choice}. Only speed depends on it", InProcessWarning, _level_outside()
        )


def _checked(workers: Any) -> int | Literal["auto"] | None:
    if workers is None or workers == "auto":
        return None if workers is None else "auto"
    try:
        count = operator.index(workers)
    except TypeError as error:
        raise TypeError(f"workers={workers!r} must be a whole number, or 'auto'") from error
    if count < 0:
        raise ValueError(f"workers={count} must be 0 or more, or 'auto'")
    return count


def _level_outside() -> int:
    """How many calls up the first caller from outside this package is, for warnings."""
    level, frame = 0, sys._getframe(0)
    package = __name__.partition(".")[0]
    while (
        frame.f_back is not None
        and frame.f_globals.get("__name__", "").partition(".")[0] == package
    ):
        level, frame = level + 1, frame.f_back
    return level
