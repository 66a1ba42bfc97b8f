"""Workers that are dealt requests in turn, and whose items come back in the same order."""

from __future__ import annotations

import logging
import os
from collections import deque
from typing import Any

import numpy as np
import zmq

from fuel import _codec
from fuel._codec import Buffer
from fuel._streams._context import Place
from fuel._workers._error import RemoteError, WorkerDiedError, WorkerError, show_request
from fuel._workers._process import WorkerProcess, WorkerSettings

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


class RequestPool:
    """Requests in, items out, in order.

    After an interrupt nothing is certain; close the workers, and begin anew with others.

    Args:
        workers: who computes them.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._waiting: list[deque[_Task]] = [deque() for _ in range(len(workers))]
        self._told: list[WorkerProcess | None] = [None] * len(workers)
        self._submitted = 0
        self._delivered = 0

    def submit(self, requests: list[tuple[Place, Any]]) -> None:
        """Have items computed."""
        shares: list[list[_Task]] = [[] for _ in self._waiting]
        for place, request in requests:
            shares[self._submitted % len(shares)].append((self._submitted, place, request))
            self._submitted += 1
        for number, share in enumerate(shares):
            if share:
                process = self._process(number)
                self._waiting[number].extend(share)
                self._send(process, share)

    def receive(self) -> Any:
        """The item that was submitted first of those not received yet.

        Raises:
            WorkerError: if it cannot be had. The next call is about the next item.
        """
        number = self._delivered % len(self._waiting)
        task = self._waiting[number][0]
        try:
            sequence, value = self._receive(number, task)
        except WorkerError:
            self._pass(number)
            raise
        assert sequence == task[0]
        self._pass(number)
        return value

    def clear(self) -> None:
        """Forget all that was submitted."""
        self._workers.supersede()
        for waiting in self._waiting:
            waiting.clear()
        self._submitted = self._delivered = 0

    def _receive(self, number: int, task: _Task) -> tuple[int, Any]:
        while True:
            try:
                sequence, result = self._process(number).receive()
            except (RemoteError, WorkerDiedError, WorkerError) as error:
                self._workers.failed(number, error, show_request(*task[1:]))
            else:
                self._workers.delivered(number)
                return sequence, result.value

    def _pass(self, number: int) -> None:
        self._delivered += 1
        self._waiting[number].popleft()

    def _process(self, number: int) -> WorkerProcess:
        """A worker that has been told of all that waits for it."""
        process = self._workers.process(number)
        if process is not self._told[number]:
            self._told[number] = process
            self._send(process, list(self._waiting[number]))
        return process

    def _send(self, process: WorkerProcess, tasks: list[_Task]) -> None:
        """Tell a worker of tasks; requests that are arrays travel as one."""
        if not tasks:
            return
        buffers: list[Buffer] = []
        requests: Any = [request for _, _, request in tasks]
        lengths = None
        if all(type(request) is np.ndarray and request.ndim == 1 for request in requests):
            lengths = [len(request) for request in requests]
            requests = np.concatenate(requests)
        message = {
            "type": "work",
            "generation": self._workers.generation,
            "runs": _runs(tasks, len(self._workers)),
            "stride": len(self._workers),
            "requests": _codec.encode(requests, buffers),
            "lengths": lengths,
        }
        process.send(message, buffers)


def _runs(tasks: list[_Task], stride: int) -> list[list[int]]:
    """Sequence numbers and places, where both advance by `stride` in one run.

    Returns:
        For each run its length, first sequence number, and seed, epoch and first step.
    """
    runs: list[list[int]] = []
    expected = None
    for sequence, place, _ in tasks:
        if expected != (sequence, *place):
            runs.append([0, sequence, *place])
        runs[-1][0] += 1
        expected = (sequence + stride, place.seed, place.epoch, place.step + stride)
    return runs


_Task = tuple[int, Place, Any]
