"""Worker processes that are replaced when they die."""

from __future__ import annotations

import logging
import os
from typing import Any

import zmq

from fuel._workers._error import RemoteError, WorkerDiedError, WorkerError
from fuel._workers._process import WorkerProcess, WorkerSettings

__all__ = ["MAX_ATTEMPTS", "Workers"]

_log = logging.getLogger(__name__)
MAX_ATTEMPTS = 3
"""So many workers may die over one item before it is given up."""


class Workers:
    """Worker processes that are replaced when they die.

    Args:
        settings: what they run; its parcel is closed at the end.
        count: how many.
    """

    def __init__(self, settings: WorkerSettings, count: int) -> None:
        self.settings = settings
        self.generation = 1
        self._context: zmq.Context[Any] = zmq.Context()
        self._processes: list[WorkerProcess | None] = [None] * count
        self._deaths = [0] * count
        self._owner = os.getpid()

    def __len__(self) -> int:
        return len(self._processes)

    def process(self, number: int) -> WorkerProcess:
        """A worker, started if it is not running."""
        found = self._processes[number]
        if found is None:
            found = WorkerProcess(self.settings, self._context, self.generation)
            self._processes[number] = found
        return found

    def start(self) -> None:
        """Start all workers, without waiting for them."""
        for number in range(len(self)):
            self.process(number)

    def have_started(self) -> bool:
        """Whether all workers are ready to work, once `start` was called; it does not wait.

        Raises:
            WorkerError: if one could not make its copy of the stream, or ended before it had.
        """
        for number, process in enumerate(self._processes):
            assert process is not None
            try:
                if not process.has_started():
                    return False
            except WorkerDiedError as error:
                how = self._bury(number)
                raise WorkerError(f"a worker process died while it started: {how}") from error
        return True

    def running(self) -> list[WorkerProcess]:
        """The workers that have been started."""
        return [process for process in self._processes if process is not None]

    def supersede(self) -> None:
        """Make all requests so far void."""
        self.generation += 1
        for process in self.running():
            process.supersede(self.generation)

    def delivered(self, number: int) -> None:
        """Hear that a worker delivered an item."""
        self._deaths[number] = 0

    def failed(self, number: int, error: Exception, wanted: str) -> None:
        """Hear that a worker failed; return if it is worth another try with a new one.

        Args:
            number: which worker.
            error: how it failed.
            wanted: what it was to compute, for messages.

        Raises:
            WorkerError: if it met an exception, or too many died; it says over what.
        """
        if isinstance(error, RemoteError):
            self._deaths[number] = 0
            raise WorkerError(
                f"{error.where} failed in a worker process, on {error.wanted or wanted}: "
                f"{error}\n\n"
                f"What happened there:\n{error.traceback}"
            ) from None
        how = self._bury(number)
        if isinstance(error, WorkerError):
            raise error
        reason = str(error) or how
        self._deaths[number] += 1
        if self._deaths[number] >= MAX_ATTEMPTS:
            self._deaths[number] = 0
            raise WorkerError(
                f"{MAX_ATTEMPTS} worker processes died one after the other on {wanted}; the last: "
                f"{reason}. What they printed is on standard error; workers=0 shows what happens "
                "in this process"
            ) from error
        _log.warning("a worker process died (%s); another one takes over its work", reason)

    @property
    def are_own(self) -> bool:
        """Whether this process started them, rather than being a fork of the one that did."""
        return os.getpid() == self._owner

    def close(self) -> None:
        """End all processes, and give back all that belongs to them."""
        if not self.are_own:
            return
        for number, process in enumerate(self._processes):
            if process is not None:
                self._bury(number)
        if not self._context.closed:
            self._context.destroy(0)
            os.close(self.settings.parcel)

    def _bury(self, number: int) -> str:
        process, self._processes[number] = self._processes[number], None
        assert process is not None
        return process.end()
