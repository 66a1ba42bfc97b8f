"""Requests that are dealt to workers in turn, and whose items come back in the same order."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from fuel import _codec
from fuel._codec import Buffer
from fuel._streams._context import Place
from fuel._workers._error import RemoteError, WorkerDiedError, WorkerError, show_request
from fuel._workers._process import WorkerProcess
from fuel._workers._workers import Workers

__all__ = ["RequestPool"]

_Task = tuple[int, Place, Any]
"""A sequence number, and what is wanted."""


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
