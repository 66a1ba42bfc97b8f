"""The server of a stream: it answers its clients, each of which has a session of its own."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any

import zmq

from fuel._closing import Closing
from fuel._serving import _message
from fuel._serving._address import address_of, bind, is_ipv6
from fuel._serving._gate import Gate
from fuel._serving._log import QuietLog
from fuel._serving._message import Message, MessageError, VersionError
from fuel._serving._push import Pusher
from fuel._serving._run import OPERATIONS, Start, copy_of, state_of
from fuel._serving._session import Session
from fuel._shard import WHOLE, Shard
from fuel._streams._abstract_stream import AbstractDataStream
from fuel._workers._doorbell import Doorbell

__all__ = ["Server"]

logger = logging.getLogger("fuel.server")

_LARGEST_FRAME = 16 * 2**20
"""Bytes of a frame from a client; a state takes a few hundred."""
_MOST_FRAMES = 64
_AT_ONCE = 64
"""Messages that are taken in before those that wait to be sent are."""
_NAME = 5
"""Bytes of what identifies a client that are told in the log; libzmq gives so many."""
_GRACE = 5.0
"""Seconds that sessions may take to end when the server is closed."""


class Server(Closing):
    """Serves a stream to any number of clients; `fuel.server.start_server` runs one.

    It listens from when it is made; `serve` answers, in whatever thread calls it, until `stop`.

    Every client has a stream of its own, which begins where `data_stream` is now, and goes on
    wherever that client asks it to. Copies share data that lies in memory; what opens files or
    starts workers (`fuel.transformers.MultiProcessing`) does so for each client.

    Args:
        data_stream: what to serve; it is copied and not moved.
        port: 0 takes a free one, which `address` tells.
        hwm: messages, of which an item is one, that are made ahead for each client.
        host: the interface to listen on: an IP address of this machine, or `*` for all; or `ipc://`
            and a path.
        max_bytes: a client's items are made ahead only while those under way take less.
        max_clients: more at a time are refused.
        heartbeat: seconds between looking whether clients that are silent are still there.
        keys: folder of the server's keys, that `fuel.server.make_keys` made; then only clients
            whose keys are there get in, and what is sent is encrypted.
        push_port: if given, this port of the host also serves programs that use Fuel's own old
            client, in its old way: one stream for all of them, no places, no keys.

    Raises:
        ValueError: if an argument is out of its range, `host` can be reached from other machines
            and there are no keys, or the stream has no sources or does not say what it produces.
        OSError: if it cannot listen there, for instance because the port is in use.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        port: int = 5557,
        hwm: int = 10,
        *,
        host: str = "localhost",
        max_bytes: int = 256 * 2**20,
        max_clients: int = 64,
        heartbeat: float = 1.0,
        keys: str | os.PathLike[str] | None = None,
        push_port: int | None = None,
    ) -> None:
        for name, number in (("hwm", hwm), ("max_bytes", max_bytes), ("max_clients", max_clients)):
            if number < 1:
                raise ValueError(f"{name}={number} must be 1 or more")
        if heartbeat <= 0:
            raise ValueError(f"heartbeat={heartbeat} must be a positive number of seconds")
        if not data_stream.sources:
            raise ValueError("the stream has no sources, so there is nothing to serve")
        address = address_of(host, port)
        self._welcome = _welcome(data_stream)
        self._gate = Gate(host, keys, has_push=push_port is not None)
        self._template = data_stream
        self._hwm, self._max_bytes, self._max_clients = hwm, max_bytes, max_clients
        self._heartbeat = heartbeat
        self._sessions: dict[bytes, Session] = {}
        self._ending: list[Session] = []
        self._outbox: deque[tuple[bytes, list[Any]]] = deque()
        self._log = QuietLog()
        self._copying = threading.Lock()
        self._stopping = self._closed = False
        self._bell = Doorbell()
        self._context: zmq.Context[Any] = zmq.Context()
        self._context.setsockopt(zmq.IPV6, is_ipv6(address))
        self._pusher: Pusher | None = None
        try:
            self._open(address)
            if push_port is not None:
                self._pusher = Pusher(self._copy, self._context, address_of(host, push_port), hwm)
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> str:
        """The ZeroMQ address where it listens."""
        return self._address

    @property
    def push_address(self) -> str | None:
        """The address for Fuel's own old clients, if they are served."""
        return None if self._pusher is None else self._pusher.address

    def serve(self) -> None:
        """Answer clients until `stop` is called."""
        beat = time.monotonic() + self._heartbeat
        while not self._stopping:
            left = max(0.0, beat - time.monotonic())
            events = dict(self._poller.poll(math.ceil(left * 1000)))
            if self._bell.fileno() in events:
                self._bell.take()
            self._gate.answer()
            self._receive()
            self._send_waiting()
            if time.monotonic() >= beat:
                beat = time.monotonic() + self._heartbeat
                self._look_after_clients()

    def stop(self) -> None:
        """Let `serve` return; to be called from any thread, or a signal's handler."""
        self._stopping = True
        if not self._closed:
            self._bell.ring()

    def statistics(self) -> list[dict[str, Any]]:
        """For each client what was sent: items, bytes, and what it has not acknowledged of them."""
        return [
            {
                "client": session.name,
                "items": session.items,
                "bytes": session.bytes,
                "messages_under_way": session.under_way[0],
                "bytes_under_way": session.under_way[1],
            }
            for session in list(self._sessions.values())
        ]

    def close(self) -> None:
        """Give up all sockets and threads; a thread that is busy with an item ends after it."""
        if self._closed:
            return
        self._closed = self._stopping = True
        for identity in list(self._sessions):
            self._forget(identity, "the server ends")
        for session in self._ending:
            if not session.join(_GRACE):
                logger.warning("%s: its stream is still busy; it is left behind", session.name)
        if self._pusher is not None:
            self._pusher.close(_GRACE)
        self._gate.close()
        self._context.destroy(linger=100)
        self._bell.close()

    def _open(self, address: str) -> None:
        self._socket: zmq.Socket[bytes] = self._context.socket(zmq.ROUTER)
        for option, value in (
            (zmq.ROUTER_MANDATORY, 1),
            (zmq.SNDHWM, 0),  # credit is what limits
            (zmq.RCVHWM, 1000),
            (zmq.MAXMSGSIZE, _LARGEST_FRAME),
            (zmq.HEARTBEAT_IVL, max(1, int(self._heartbeat * 1000))),
            (zmq.HEARTBEAT_TIMEOUT, max(1, int(self._heartbeat * 10_000))),
        ):
            self._socket.setsockopt(option, value)
        self._gate.guard(self._context, self._socket)
        self._address = bind(self._socket, address)
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(self._bell.fileno(), zmq.POLLIN)
        self._gate.register(self._poller)

    def _copy(self, shard: Shard = WHOLE) -> AbstractDataStream:
        with self._copying:
            return copy_of(self._template, shard)

    def _receive(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            try:
                if len(frames) > _MOST_FRAMES:
                    raise MessageError(f"a message of {len(frames)} frames")
                self._answer(frames[0], _message.unpack(frames[1:]))
            except Exception as error:  # whatever a stranger thinks of must not end the server
                wrong = "wrong version" if isinstance(error, VersionError) else "bad message"
                self._log.warn(f"{wrong} from {_name_of(frames[0])}", repr(error))
                self._refuse(frames[0].bytes, str(error))

    def _answer(self, sender: zmq.Frame, message: Message) -> None:
        identity = sender.bytes
        session = self._sessions.get(identity)
        if session is not None:
            session.heard = time.monotonic()
        if message.kind == "hello":
            self._send(identity, self._welcome)
        elif message.kind == "start":
            self._start(sender, _start_of(message, self._hwm, self._max_bytes))
        elif message.kind == "delivered":
            run, count = message.whole_number("run"), message.whole_number("count")
            if session is not None:
                session.acknowledge(run, count)
        elif message.kind == "ping":
            run = message.whole_number("run")
            known = session is not None and session.run == run and session.is_alive
            kind = "pong" if known else "unknown"
            self._send(identity, _message.pack(kind, run=run))
        elif message.kind == "bye":
            self._forget(identity, "it said good-bye")
        else:
            raise MessageError(f"a message of the unknown kind {message.kind[:40]!r}")

    def _start(self, sender: zmq.Frame, start: Start) -> None:
        identity = sender.bytes
        session = self._sessions.get(identity)
        if session is not None and not session.is_alive:
            self._forget(identity, "its thread has died")
            session = None
        if session is None:
            if len(self._sessions) >= self._max_clients:
                self._log.warn("too many clients", f"{self._max_clients} are being served")
                self._refuse(
                    identity, f"the server has {self._max_clients} clients; it takes no more"
                )
                return
            name = _name_of(sender)
            logger.info("%s begins; there are %d", name, len(self._sessions) + 1)
            session = self._sessions[identity] = Session(
                name, self._copy, partial(self._put, identity)
            )
        session.start(start)

    def _put(self, identity: bytes, frames: list[Any]) -> None:
        """Have a message sent; called in the threads of sessions."""
        self._outbox.append((identity, frames))
        if len(self._outbox) == 1:  # otherwise the loop is about to come by
            self._bell.ring()

    def _send_waiting(self) -> None:
        while self._outbox:
            identity, frames = self._outbox.popleft()
            if identity in self._sessions:
                self._send(identity, frames)

    def _send(self, identity: bytes, frames: Sequence[Any]) -> None:
        try:
            self._socket.send_multipart([identity, *frames], zmq.NOBLOCK, copy=False)
        except zmq.ZMQError as error:  # nobody is there under this name
            if identity in self._sessions:
                self._forget(identity, f"it is gone ({error})")

    def _refuse(self, identity: bytes, reason: str) -> None:
        self._send(identity, _message.pack("refused", reason=reason[:1000]))

    def _look_after_clients(self) -> None:
        """A message to a client that has gone fails, by which we learn that it has."""
        silent = time.monotonic() - self._heartbeat
        for identity, session in list(self._sessions.items()):
            if session.heard < silent:
                self._send(identity, _message.pack("beat", run=session.run or 0))
        self._ending = [session for session in self._ending if not session.join(0)]

    def _forget(self, identity: bytes, why: str) -> None:
        session = self._sessions.pop(identity, None)
        if session is None:
            return
        session.stop()
        self._ending.append(session)
        logger.info("%s ends after %d items: %s", session.name, session.items, why)


def _name_of(sender: zmq.Frame) -> str:
    """What the log calls a client: what its first frame begins with, and where it is."""
    name = f"client {sender.bytes[:_NAME].hex()}"
    try:
        return f"{name} at {sender.get('Peer-Address')}"
    except zmq.ZMQError:  # it came by a way without addresses
        return name


def _welcome(stream: AbstractDataStream) -> list[Any]:
    """What a client is told at first."""
    labels = stream.axis_labels
    return _message.pack(
        "welcome",
        sources=list(stream.sources),
        produces_examples=stream.produces_examples,
        axis_labels=None if labels is None else dict(labels),
        state=state_of(stream),
    )


def _start_of(message: Message, hwm: int, max_bytes: int) -> Start:
    """What a client asks for; of the limits on both sides the smaller ones hold.

    Raises:
        CodecError: if it makes no sense.
    """
    state = message.value("state")
    if state is not None and not isinstance(state, dict):
        raise MessageError(f"a state must be a dictionary or None, got {state!r:.60}")
    index, count = message.whole_number("index"), message.whole_number("count")
    if not index < count:
        raise MessageError(f"there is no shard {index} of {count}")
    operation = message.text("operation")
    if operation not in ("", *OPERATIONS):
        raise MessageError(f"the unknown operation {operation[:40]!r}")
    return Start(
        run=message.whole_number("run"),
        state=state,
        failed=message.whole_number("failed"),
        shard=Shard(index, count, message.value("even") is True),
        abandon=message.value("abandon") is True,
        operation=operation,
        hwm=max(1, min(hwm, message.whole_number("hwm"))),
        max_bytes=max(1, min(max_bytes, message.whole_number("max_bytes"))),
    )
