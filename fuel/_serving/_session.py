"""One client of a server: its own copy of the stream, run in a thread as far as its credit goes."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from fuel._codec import CodecError
from fuel._serving import _message
from fuel._serving._run import Reply, Start, error_reply, run
from fuel._shard import WHOLE, Shard
from fuel._streams._abstract_stream import AbstractDataStream

logger = logging.getLogger("fuel.server")


class Session:
    """Items for one client, made ahead until so many messages or bytes are under way.

    Args:
        name: of the client, for the log.
        make_stream: makes its copy of the stream, or of a shard; called in the thread.
        send: takes the frames of a message; called in the thread.
    """

    def __init__(
        self,
        name: str,
        make_stream: Callable[[Shard], AbstractDataStream],
        send: Callable[[list[Any]], None],
    ) -> None:
        self.name = name
        self.items = 0
        self.bytes = 0
        self.heard = time.monotonic()
        self._make_stream = make_stream
        self._send = send
        self._changed = threading.Condition()
        self._start: Start | None = None
        self._stopped = False
        self._under_way: deque[int] = deque()
        self._bytes_under_way = 0
        self._acknowledged = 0
        self._thread = threading.Thread(target=self._work, name=f"fuel-{name}", daemon=True)
        self._thread.start()

    @property
    def run(self) -> int | None:
        """The number of the client's present run; None before the first."""
        return None if self._start is None else self._start.run

    @property
    def is_alive(self) -> bool:
        """Whether the thread can still answer."""
        return self._thread.is_alive()

    @property
    def under_way(self) -> tuple[int, int]:
        """Messages and bytes that the client has not acknowledged."""
        with self._changed:
            return len(self._under_way), self._bytes_under_way

    def start(self, start: Start) -> None:
        """Drop what is being done, and go on elsewhere."""
        with self._changed:
            self._start = start
            self._under_way.clear()
            self._bytes_under_way = self._acknowledged = 0
            self._changed.notify()

    def acknowledge(self, run: int, count: int) -> None:
        """Note that the client has had the first `count` messages of a run."""
        with self._changed:
            if run != self.run:
                return
            while self._under_way and self._acknowledged < count:
                self._bytes_under_way -= self._under_way.popleft()
                self._acknowledged += 1
            self._changed.notify()

    def stop(self) -> None:
        """Let the thread end; it does so when the item that it is making is done."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def join(self, seconds: float) -> bool:
        """Wait for the thread to end; say whether it did."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        stream: AbstractDataStream | None = None
        shard = WHOLE
        done: Start | None = None
        try:
            while (start := self._next_start(done)) is not None:
                done = start
                try:
                    begins_anew = start.state is None and not start.abandon
                    if stream is not None and (begins_anew or start.shard != shard):
                        self._close(stream)
                        stream = None
                    shard = start.shard
                    stream = stream or self._make_stream(shard)
                    self._run(stream, start)
                except Exception as error:
                    logger.warning("%s: the stream cannot go on: %r", self.name, error)
                    self._tell(start, 0, error_reply(error, over=True))
        finally:
            if stream is not None:
                self._close(stream)

    def _close(self, stream: AbstractDataStream) -> None:
        try:
            stream.close()
        except NotImplementedError:
            return  # a stream of the user's that holds nothing
        except Exception:
            logger.exception("%s: the stream could not be closed", self.name)

    def _next_start(self, done: Start | None) -> Start | None:
        """What the client wants next; None if it is gone."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._start is not done)
            return None if self._stopped else self._start

    def _run(self, stream: AbstractDataStream, start: Start) -> None:
        replies = run(stream, start)
        sequence = 0
        while self._has_room(start) and (reply := next(replies, None)) is not None:
            self._tell(start, sequence, reply)
            sequence += 1

    def _has_room(self, start: Start) -> bool:
        """Wait until a message may be sent; False if the client wants something else by then."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._stopped
                    or self._start is not start
                    or (
                        len(self._under_way) < start.hwm and self._bytes_under_way < start.max_bytes
                    )
                )
            )
            return not self._stopped and self._start is start

    def _tell(self, start: Start, sequence: int, reply: Reply) -> None:
        try:
            frames = _packed(start, sequence, reply)
        except CodecError as error:  # a value of some kind that cannot be sent
            reply = error_reply(error, over=False)
            frames = _packed(start, sequence, reply)
        size = _message.size_of(frames)
        with self._changed:
            if self._stopped or self._start is not start:
                return
            self._under_way.append(size)
            self._bytes_under_way += size
        self.items += reply[0] == "item"
        self.bytes += size
        self._send(frames)


def _packed(start: Start, sequence: int, reply: Reply) -> list[Any]:
    kind, fields = reply
    return _message.pack(kind, run=start.run, sequence=sequence, **fields)
