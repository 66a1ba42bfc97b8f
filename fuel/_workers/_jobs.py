"""The work of a stream that is run as a whole, epoch after epoch, as jobs to be done in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from fuel.streams import AbstractDataStream

__all__ = ["Job", "epoch_jobs"]

Job = Callable[[], tuple[str, Any, Any]]
"""Computes kind, value and state of a result."""


def epoch_jobs(
    stream: AbstractDataStream, state: dict[str, Any], abandon: bool, failed: int
) -> Iterator[Job]:
    """Jobs that bring a stream from a place through this epoch and all that follow.

    Args:
        stream: to run.
        state: its place.
        abandon: whether to leave the epoch of that place for the next.
        failed: items from there on that failed already, and are left out.
    """
    stream.load_state_dict(state)
    if abandon:
        stream.get_epoch_iterator()
    while True:
        epoch = _Epoch(stream, failed)
        yield epoch.begin
        while epoch.is_running:
            yield epoch.step
        failed = 0


class _Epoch:
    """The jobs of one epoch, and how far they are.

    Args:
        stream: to run.
        failed: so many of its next items failed already, and are left out.
    """

    def __init__(self, stream: AbstractDataStream, failed: int) -> None:
        self.is_running = False
        self._stream = stream
        self._failed = failed
        self._items: Iterator[Any] = iter(())

    def begin(self) -> tuple[str, Any, Any]:
        self._items = self._stream.get_epoch_iterator()
        self.is_running = True
        for _ in range(self._failed):
            with suppress(Exception):
                next(self._items)
        return "begin", None, self._stream.state_dict()

    def step(self) -> tuple[str, Any, Any]:
        try:
            return "item", next(self._items), self._stream.state_dict()
        except StopIteration:
            self.is_running = False
            return "end", None, self._stream.state_dict()
