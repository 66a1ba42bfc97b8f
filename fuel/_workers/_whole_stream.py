"""A stream that keeps something from item to item, run as a whole by one worker.

The worker sends the stream's place along with each item, so the consumer knows the place of what
was delivered however far the worker is ahead, and can have another worker go on from there.
"""

from __future__ import annotations

from typing import Any

from fuel import _codec
from fuel._codec import Buffer
from fuel._workers._error import RemoteError, WorkerDiedError, WorkerError
from fuel._workers._process import WorkerProcess
from fuel._workers._result import EncodedState, Result
from fuel._workers._workers import Workers


class WholeStream:
    """Epoch after epoch of a stream that runs in a worker.

    After an interrupt the place is still that of the item delivered last, but nothing else is
    certain; close the worker, and begin anew with another.

    Args:
        workers: one worker.
        state: the stream's place, in an epoch.
    """

    def __init__(self, workers: Workers, state: dict[str, Any]) -> None:
        assert len(workers) == 1
        self._workers = workers
        self._state: EncodedState | dict[str, Any] = state
        self._told: WorkerProcess | None = None
        self._abandon = False
        self._failures = 0
        self.in_epoch = True

    def state_dict(self) -> dict[str, Any]:
        """The place of the next item."""
        if isinstance(self._state, EncodedState):
            self._state = self._state.decode()
        return self._state

    def go_to(self, state: dict[str, Any]) -> None:
        """Go to another place."""
        self._workers.supersede()
        self._state, self._told, self._abandon, self.in_epoch = state, None, False, False
        self._failures = 0

    def begin_epoch(self) -> None:
        """Begin the next epoch, whether or not this one is over.

        Raises:
            WorkerError: if the stream cannot.
        """
        if self.in_epoch:
            self._workers.supersede()
            self._told, self._abandon = None, True
        self._failures = 0
        self._expect(("begin",), "beginning an epoch")
        self._abandon = False
        self.in_epoch = True

    def receive(self) -> Any:
        """The next item of the epoch.

        Raises:
            StopIteration: if there is none.
            WorkerError: if it cannot be had. The next call is about the item after it.
        """
        result = self._expect(("item", "end"), "the next item")
        if result.kind == "end":
            self.in_epoch = False
            raise StopIteration
        return result.value

    def _expect(self, kinds: tuple[str, ...], wanted: str) -> Result:
        while True:
            try:
                _, result = self._process().receive()
            except (RemoteError, WorkerDiedError, WorkerError) as error:
                self._failures += isinstance(error, RemoteError)  # this item has been reported
                self._workers.failed(0, error, wanted)
                continue
            if result.kind == "begin" and "begin" not in kinds:
                continue  # a new worker goes on with the epoch that was begun
            break
        assert result.kind in kinds
        assert result.state is not None
        self._workers.delivered(0)
        self._state, self._failures = result.state, 0
        return result

    def _process(self) -> WorkerProcess:
        """A worker that has been told where to begin."""
        process = self._workers.process(0)
        if process is not self._told:
            self._told = process
            buffers: list[Buffer] = []
            message = {
                "type": "run",
                "generation": self._workers.generation,
                "state": _codec.encode(self.state_dict(), buffers),
                "abandon": self._abandon,
                "failed": self._failures,
            }
            process.send(message, buffers)
        return process
