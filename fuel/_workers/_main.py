"""What a worker process does: turn requests into items, or run a stream that cannot be split.

Requests come and errors go as ZeroMQ messages; items go through the ring, and a bell says that one
is there. Messages are a JSON header and raw buffers.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import runpy
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import zmq

from fuel import _codec
from fuel._streams._chain import Chain
from fuel._streams._context import Place, new_array
from fuel._streams._pending import Pending
from fuel._workers import _parcel
from fuel._workers._control import Control, Entry
from fuel._workers._describe import SCRIPT
from fuel._workers._doorbell import Doorbell
from fuel._workers._failure import describe_failure
from fuel._workers._jobs import Job, epoch_jobs
from fuel._workers._lifeline import end_with_parent
from fuel._workers._result import ResultWriter
from fuel._workers._slot_writer import Layout, OpenSlot, SlotWriter
from fuel.config_parser import config
from fuel.streams import AbstractDataStream

IN_WORKER = "FUEL_WORKER"
"""The environment variable by which a worker knows that it is one."""
_FEW = 8
"""Look for more requests when so few are left."""
_AHEAD = 8
"""Describe so many items together at most."""
_AWAKE, _SHORT_NAP, _LONG_NAP = 2e-4, 5e-5, 4e-3
"""Seconds without room before the first nap, of the first nap, and of the one that is not taken."""
_LARGE, _CACHED, _ENOUGH = 200_000, 1 << 24, 2
"""After a result that took so many nanoseconds, rest while more bytes of all workers wait for the
consumer, and more results of this one: what is in a cache when it is read is read twice as fast."""
_REST, _LONGEST = 2e-4, 5e-3
"""Seconds of a rest, and of all before the next result."""
_LOOK_AGAIN = 100
"""Milliseconds."""


def main(lifeline: int, settings: dict[str, Any]) -> None:
    """Run as a worker until the parent lets go of the lifeline."""
    end_with_parent(lifeline, settings["parent"])
    os.environ[IN_WORKER] = "1"
    socket = zmq.Context().socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.ROUTING_ID, settings["token"].encode())
    socket.connect(settings["address"])
    try:
        for name, value in settings["config"].items():
            setattr(config, name, value)
        if settings["script"] is not None:
            _import_script(settings["script"])
        stream = _parcel.unpack(settings["parcel"])
        worker = _Worker(stream, socket, settings)
    except Exception:
        socket.send(_codec.dump({"type": "failed", "traceback": traceback.format_exc()}))
        os.read(lifeline, 1)  # the message must be on its way before this process ends
        return
    socket.send(_codec.dump({"type": "ready"}))
    worker.serve()


def _import_script(path: str) -> None:
    """Make what the user's script defines importable, without running what it guards."""
    module = ModuleType(SCRIPT)
    sys.modules[SCRIPT] = module
    vars(module).update(runpy.run_path(path, run_name=SCRIPT))


class _Wanted(NamedTuple):
    """An item that is wanted."""

    generation: int
    sequence: int
    place: Place
    request: Any


class _Described(NamedTuple):
    """An item of which is known how it is made, and where it will lie."""

    generation: int
    sequence: int
    item: tuple[Any, ...]
    layout: Layout | None


class _Worker:
    """The loop of a worker.

    Args:
        stream: the stream whose items are wanted.
        socket: connected to the consumer.
        settings: what the consumer said.
    """

    def __init__(
        self, stream: AbstractDataStream, socket: zmq.Socket[bytes], settings: dict[str, Any]
    ) -> None:
        self._stream = stream
        self._whole = settings["whole"]
        self._workers = settings["workers"]
        self._chain = None if self._whole else Chain.of(stream)
        self._socket = socket
        self._control = Control(settings["control"], settings["depth"])
        self._slots = SlotWriter(self._control, settings["memory"], settings["slots"])
        self._bell = Doorbell(tuple(settings["bell"]))
        self._wake = Doorbell(tuple(settings["wake"]))
        self._writer = ResultWriter()
        self._wanted: deque[_Wanted] = deque()
        self._described: deque[_Described] = deque()
        self._describes: bool | None = None
        self._ahead = 1
        self._run: tuple[int, Iterator[Job]] | None = None
        self._slot: OpenSlot | None = None
        self._poller = zmq.Poller()
        self._poller.register(socket, zmq.POLLIN)
        self._poller.register(self._wake.fileno(), zmq.POLLIN)

    def serve(self) -> None:
        """Work for ever."""
        idle = time.perf_counter_ns()
        while True:
            self._wait_for_work()
            begin = time.perf_counter_ns()
            generation, sequence, publish = self._next()
            self._slot = None
            try:
                size = publish()
            except (Exception, SystemExit) as error:
                self._publish_error(generation, sequence, error)
                size = 0
            end = time.perf_counter_ns()
            self._control.add_statistics(end - begin, begin - idle, size)
            if end - begin > _LARGE and self._control.waiting() > _ENOUGH:
                self._rest(size)
            idle = end

    def _rest(self, size: int) -> None:
        """Wait a little while as many results of a size wait for the consumer as caches hold."""
        kept = _CACHED // max(1, size * self._workers)
        if not kept:
            return  # not even one of each worker stays in a cache
        enough, end = max(kept, _ENOUGH), time.perf_counter() + _LONGEST
        while self._control.waiting() > enough and time.perf_counter() < end:
            time.sleep(_REST)

    def _wait_for_work(self) -> None:
        """Return when there is a job of the present generation and room for its result."""
        if len(self._wanted) < _FEW:
            self._receive()
        nap, awake = _SHORT_NAP, 0.0
        while True:
            has_job = self._has_job()
            if has_job and self._has_room():
                return
            if not has_job or nap >= _LONG_NAP:
                self._sleep(has_job)
            elif (now := time.perf_counter()) < (awake := awake or now + _AWAKE):
                os.sched_yield()
            else:
                time.sleep(nap)  # so that the consumer need not spend time on waking us
                nap *= 2

    def _sleep(self, has_job: bool) -> None:
        """Wait for a message or the bell.

        A bell that the consumer thought needless at the very moment when we fell asleep would not
        be heard, so if there is work we look again after a while.
        """
        self._ahead = 1  # what is waited for is handed over first
        self._control.is_worker_waiting = True
        if not (has_job and self._has_room()):
            self._poller.poll(_LOOK_AGAIN if has_job else None)
        self._control.is_worker_waiting = False
        self._wake.take()
        self._receive()

    def _has_job(self) -> bool:
        """Whether there is work of the present generation; what is older is dropped."""
        present = self._control.generation
        queues: tuple[deque[Any], ...] = (self._described, self._wanted)
        for queue in queues:
            while queue and queue[0].generation != present:
                queue.popleft()
        if self._run is not None and self._run[0] != present:
            self._run = None
        return bool(self._described or self._wanted) or self._run is not None

    def _has_room(self) -> bool:
        return self._control.may_publish() and self._slots.has_free_slot()

    def _next(self) -> tuple[int, int, Callable[[], int]]:
        """The next result: its generation and sequence number, and what publishes it."""
        if not self._described and self._wanted and self._describes is not False:
            self._describe()
        if self._described:
            described = self._described.popleft()
            return described.generation, described.sequence, partial(self._make, described)
        if self._wanted:
            wanted = self._wanted.popleft()
            return wanted.generation, wanted.sequence, partial(self._compute, wanted)
        assert self._run is not None
        generation, jobs = self._run
        return generation, 0, partial(self._go_on, generation, next(jobs))

    def _receive(self) -> None:
        """Take in all messages that are there."""
        while int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            header, *buffers = self._socket.recv_multipart()
            message = _codec.load(header)
            generation = message["generation"]
            if message["type"] == "work":
                requests = _codec.decode(message["requests"], buffers)
                if message["lengths"] is not None:
                    ends = itertools.accumulate(message["lengths"])
                    requests = [
                        requests[end - length : end]
                        for end, length in zip(ends, message["lengths"], strict=True)
                    ]
                places = _expanded(message["runs"], message["stride"])
                for (sequence, place), request in zip(places, requests, strict=True):
                    self._wanted.append(_Wanted(generation, sequence, place, request))
            else:
                state = _codec.decode(message["state"], buffers)
                self._run = (
                    generation,
                    epoch_jobs(self._stream, state, message["abandon"], message["failed"]),
                )

    def _describe(self) -> None:
        """Describe the next few items, while all that this takes is in the caches.

        To make a large one puts everything else out of them, and what is done next then takes three
        times as long.
        """
        assert self._chain is not None
        with contextlib.suppress(Exception):  # what fails does so again when it is computed
            if self._describes is None:
                self._describes = self._chain.can_describe
            for _ in range(min(self._ahead, len(self._wanted)) if self._describes else 0):
                generation, sequence, place, request = self._wanted[0]
                item = self._chain.describe(request, place)
                layout = self._writer.layout(item)
                self._described.append(_Described(generation, sequence, item, layout))
                self._wanted.popleft()
        self._ahead = min(2 * self._ahead, _AHEAD)

    def _make(self, described: _Described) -> int:
        """Publish an item that was described; its size in bytes."""
        assert self._chain is not None
        generation, sequence, item, layout = described
        slot = self._slots.open_slot()
        arrays = None if slot is None or layout is None else slot.lay_out(layout)
        if slot is None or layout is None or arrays is None:
            made = self._chain.make(item, self._allocate)
            return self._publish(generation, sequence, "item", made, None)
        for array, part in zip(arrays, item, strict=True):
            if type(part) is Pending:
                part.write(array)
            else:
                array[...] = part
        slot.finish(layout.header)
        return self._announce(generation, sequence, slot, layout.header)

    def _compute(self, wanted: _Wanted) -> int:
        """Publish the item of a request; its size in bytes."""
        assert self._chain is not None
        item = self._chain(wanted.request, wanted.place, self._allocate)
        return self._publish(wanted.generation, wanted.sequence, "item", item, None)

    def _go_on(self, generation: int, job: Job) -> int:
        """Publish what comes next of a stream that is run as a whole; its size in bytes."""
        return self._publish(generation, 0, *job())

    def _allocate(self, source: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """Memory in the slot as long as there is room, else ordinary memory."""
        if self._slot is None:
            self._slot = self._slots.open_slot()
        array = None if self._slot is None else self._slot.allocate(shape, dtype)
        return new_array(source, shape, dtype) if array is None else array

    def _publish(self, generation: int, sequence: int, kind: str, value: Any, state: Any) -> int:
        """Hand a result over.

        Returns:
            Its size in bytes.
        """
        slot = self._slot or self._slots.open_slot() or OpenSlot(0, np.empty(0, np.uint8), 0)
        header = self._writer.to_slot(slot, kind, value, state)
        if header is None and self._slots.did_not_fit(slot.size):
            larger = self._slots.open_slot()
            assert larger is not None
            slot, header = larger, self._writer.to_slot(larger, kind, value, state)
        if header is None:
            frames = self._writer.to_frames(kind, value, state)
            self._socket.send_multipart([_codec.dump({"type": "result"}), *frames])
            self._control.publish(Entry(generation, sequence, False, 0, 0, 0))
            self._bell.ring()
            return slot.size
        return self._announce(generation, sequence, slot, header)

    def _announce(self, generation: int, sequence: int, slot: OpenSlot, header: bytes) -> int:
        """Give a slot to the consumer; its size in bytes."""
        self._slots.fitted()
        self._control.mark(slot.number)
        entry = Entry(generation, sequence, True, slot.number, slot.size, len(header))
        self._control.publish(entry)
        self._bell.ring()
        return slot.size

    def _publish_error(self, generation: int, sequence: int, error: BaseException) -> None:
        message = describe_failure(error, self._stream if self._whole else None)
        self._socket.send(_codec.dump(message))
        self._control.publish(Entry(generation, sequence, False, 0, 0, 0))
        self._bell.ring()


def _expanded(runs: list[list[int]], stride: int) -> Iterator[tuple[int, Place]]:
    for length, sequence, seed, epoch, step in runs:
        for number in range(0, length * stride, stride):
            yield sequence + number, Place(seed, epoch, step + number)
