"""The consumer's end of one worker process: requests out, results in, and news of its death."""

from __future__ import annotations

import os
import secrets
import select
import signal
import sys
import time
from typing import Any, NamedTuple

import zmq

from fuel import _codec
from fuel._codec import Buffer, CodecError
from fuel._workers import _shared_memory
from fuel._workers._control import CONTROL_SIZE, Control, Entry
from fuel._workers._doorbell import Doorbell
from fuel._workers._error import RemoteError, WorkerDiedError, WorkerError
from fuel._workers._lifeline import Child
from fuel._workers._result import Result, ResultReader
from fuel._workers._slot_reader import SlotReader

_STARTUP = 60.0
"""Seconds that a worker may take to start, where its time is limited."""
_AWAKE, _SHORT, _DOZE = 1e-4, 5e-4, 5e-5
"""Seconds that are waited awake; and before being woken, which costs the worker up to a tenth of a
millisecond on a virtual machine; and of the naps between."""
_LONG, _WORTH_A_NAP, _NAP = 5e-3, 2e-4, 0.9
"""Waits of usually up to so many seconds end awake too; if results take more than so many to make,
and are waited for most of the time, they begin asleep, by the clock, for that part of it."""


class WorkerSettings(NamedTuple):
    """What all workers of a stream have in common.

    Attributes:
        parcel: descriptor of the packed stream.
        whole: whether the stream is run as a whole, rather than by requests.
        script: path of the user's script, if the stream needs what it defines.
        workers: how many share the work.
        depth: results that a worker prepares ahead.
        slots: slots of its ring; those beyond `depth` can be on loan.
        timeout: seconds that a result may take; None for ever.
        config: what was assigned to `fuel.config` here, as JSON values.
    """

    parcel: int
    whole: bool
    script: str | None
    workers: int
    depth: int
    slots: int
    timeout: float | None
    config: dict[str, Any]


class WorkerProcess:
    """A running worker.

    Args:
        settings: what to run.
        context: for its socket.
        generation: what the first requests belong to.
    """

    def __init__(
        self, settings: WorkerSettings, context: zmq.Context[Any], generation: int
    ) -> None:
        self._timeout = settings.timeout
        self._token = secrets.token_hex(16)
        self._socket = context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        address = _bind(self._socket)
        memories = [_shared_memory.create(CONTROL_SIZE), _shared_memory.create()]
        try:
            self._bell, self._wake = Doorbell(), Doorbell()
            self._control = Control(memories[0], settings.depth)
            self._control.generation = generation
            reserve = settings.depth
            self._reader = SlotReader(
                self._control, memories[1], self._wake, settings.slots, reserve
            )
            bells = self._bell.descriptors, self._wake.descriptors
            self._child = Child(
                "fuel._workers._main",
                {
                    "address": address,
                    "token": self._token,
                    "script": settings.script,
                    "config": settings.config,
                    "parcel": settings.parcel,
                    "whole": settings.whole,
                    "control": memories[0],
                    "memory": memories[1],
                    "workers": settings.workers,
                    "depth": settings.depth,
                    "slots": settings.slots,
                    "bell": bells[0],
                    "wake": bells[1],
                },
                [settings.parcel, *memories, *bells[0], *bells[1]],
            )
        finally:
            os.close(memories[0])
        self._memory = memories[1]
        self._results = ResultReader()
        self._rung = 0
        self._usual_wait = self._each = 0.0
        self._counted = 0, 0
        self._limit: float | None = None
        self._ready = False
        self._failure: str | None = None
        self._unsent: list[list[Any]] = []
        self._poll = select.poll()
        self._poll.register(self._bell.fileno(), select.POLLIN)
        self._poll.register(self._child.fileno(), select.POLLIN)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._child.pid

    def statistics(self) -> tuple[int, int, int, int]:
        """Results, nanoseconds busy and idle, and bytes, since the worker started."""
        return self._control.statistics()

    def has_started(self) -> bool:
        """Whether the worker has made its copy of the stream; it does not wait.

        Raises:
            WorkerError: if the worker could not make it.
            WorkerDiedError: if it ended before.
        """
        if not self._ready:
            poll = select.poll()
            poll.register(self._child.fileno(), select.POLLIN)
            has_ended = bool(poll.poll(0))
            self._greet(0)
            self._check_failure()
            if has_ended and not self._ready:
                raise WorkerDiedError
        return self._ready

    @property
    def ready(self) -> int:
        """How many results are there and not received yet."""
        return max(0, self._control.statistics()[0] - self._control.consumed)

    def send(self, message: dict[str, Any], buffers: list[Buffer]) -> None:
        """Send a message, or keep it until the worker is ready."""
        frames = [self._token.encode(), _codec.dump(message), *buffers]
        if not self._ready:
            self._unsent.append(frames)
            self._greet(0)
        else:
            self._send(frames)

    def supersede(self, generation: int) -> None:
        """Make all requests of earlier generations void."""
        self._control.generation = generation
        self._wake.ring()

    def receive(self) -> tuple[int, Result]:
        """The next result of the present generation, with its sequence number.

        Raises:
            RemoteError: if the worker met an exception.
            WorkerError: if the worker could not build the stream.
            WorkerDiedError: if it died, fell silent for longer than `timeout`, or spoke nonsense.
        """
        self._limit_wait()
        while True:
            if not self._rung:
                self._await_bell()
            self._rung -= 1
            entry = self._control.consume()
            if self._control.is_worker_waiting:
                self._wake.ring()
            try:
                found = self._take(entry)
            except CodecError as error:
                raise WorkerDiedError(f"it sent a malformed result: {error}") from error
            if found is not None:
                return entry.sequence, found

    def end(self) -> str:
        """End the process and give back everything that belongs to it.

        Returns:
            How the process ended.
        """
        self._reader.close()
        self._socket.close(0)
        status = self._child.end()
        for bell in (self._bell, self._wake):
            bell.close()
        os.close(self._memory)
        if status < 0:
            names = {number.value: number.name for number in signal.Signals}
            return f"it was ended by signal {-status} ({names.get(-status, 'without a name')})"
        return f"it ended with exit status {status}"

    def kill(self) -> None:
        """End the process by force; `end` still has to be called."""
        self._child.kill()

    def _limit_wait(self) -> None:
        """Give the worker its time from now on; the start of a process has a time of its own."""
        if self._timeout is not None:
            own = self._timeout if self._ready else max(self._timeout, _STARTUP)
            self._limit = time.monotonic() + own

    def _await_bell(self) -> None:
        """Wait for results; awake or in naps if waits are short, for to be woken takes longer."""
        self._rung = self._bell.take()
        begin = time.perf_counter()
        if not self._rung and self._usual_wait < _LONG:
            each = self._seconds_each()
            if each > _WORTH_A_NAP and self._usual_wait > each / 3:
                time.sleep(min(each, _LONG) * _NAP)
            since = time.perf_counter()
            self._rung = self._bell.take()
            while not self._rung and (waited := time.perf_counter() - since) < _SHORT:
                if waited < _AWAKE:
                    os.sched_yield()
                else:
                    time.sleep(_DOZE)
                self._rung = self._bell.take()
        while not self._rung:
            self._wait()
            self._rung = self._bell.take()
        self._usual_wait += (time.perf_counter() - begin - self._usual_wait) / 4

    def _seconds_each(self) -> float:
        """What a result took the worker to make, on average since the last wait."""
        results, busy, _, _ = self._control.statistics()
        before, busy_before = self._counted
        self._counted = results, busy
        if results > before:
            self._each = (busy - busy_before) / (results - before) * 1e-9
        return self._each

    def _wait(self) -> None:
        """Wait for the bell."""
        left = None if self._limit is None else max(0.0, self._limit - time.monotonic())
        if not self._ready:
            if self._failure is None:
                self._greet(left)
            self._check_failure()
            return
        ready = self._poll.poll(None if left is None else left * 1000)
        if not ready:
            self._give_up()
        descriptors = [descriptor for descriptor, _ in ready]
        if self._bell.fileno() not in descriptors:
            raise WorkerDiedError

    def _check_failure(self) -> None:
        if self._failure is not None:
            raise WorkerError(
                "a worker process could not make its copy of the stream; what happened "
                f"there:\n{self._failure}"
            )

    def _greet(self, timeout: float | None) -> None:
        """Learn whether the worker is ready, and send it what is waiting."""
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._child.fileno(), zmq.POLLIN)
        ready = dict(poller.poll(None if timeout is None else int(timeout * 1000)))
        if self._socket in ready:
            message, _ = self._receive_message()
            if message["type"] == "failed":
                self._failure = str(message.get("traceback"))
                return
            self._ready = True
            self._limit_wait()
            for frames in self._unsent:
                self._send(frames)
            self._unsent.clear()
        elif timeout != 0 and ready:
            raise WorkerDiedError
        elif timeout != 0:
            self._give_up()

    def _give_up(self) -> None:
        self.kill()
        raise WorkerDiedError(f"it took longer than timeout={self._timeout:g} seconds")

    def _take(self, entry: Entry) -> Result | None:
        """The result that an entry announces; None if it is of an earlier generation."""
        present = entry.generation == self._control.generation
        if entry.in_slot:
            if not present:
                self._reader.discard(entry)
                return None
            header, memory, _ = self._reader.open(entry)
            return self._results.from_slot(header, memory)
        message, frames = self._receive_message()
        if not present:
            return None
        if message["type"] == "error":
            raise RemoteError(message)
        return self._results.from_frames(frames)

    def _receive_message(self) -> tuple[dict[str, Any], list[bytes]]:
        """The next message of this worker; nobody else is listened to."""
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._child.fileno(), zmq.POLLIN)
        while True:
            if self._socket not in dict(poller.poll()):
                raise WorkerDiedError
            sender, *frames = self._socket.recv_multipart()
            if sender == self._token.encode() and frames:
                message = _codec.load(frames[0])
                if not isinstance(message, dict) or "type" not in message:
                    raise CodecError(f"malformed message: {frames[0][:200]!r}")
                return message, frames[1:]

    def _send(self, frames: list[Any]) -> None:
        try:
            self._socket.send_multipart(frames)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            # It is gone; whoever waits for its results will see.
            self.kill()


def _bind(socket: zmq.Socket[Any]) -> str:
    """Bind to a local address of nobody else's, which leaves nothing behind."""
    if sys.platform == "linux":
        address = f"ipc://@fuel-{secrets.token_hex(16)}"
        socket.bind(address)
        return address
    return f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}"
