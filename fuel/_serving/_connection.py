"""A client's connection to a server, which is made anew as often as need be."""

from __future__ import annotations

import logging
import math
import os
import time
import weakref
from contextlib import suppress
from typing import Any

import zmq

from fuel._codec import CodecError
from fuel._serving import _message
from fuel._serving._address import is_ipv6
from fuel._serving._error import ServerError
from fuel._serving._handshake import Handshake
from fuel._serving._keys import client_keys
from fuel._serving._message import Message

logger = logging.getLogger("fuel.server")

_PATIENCE = 5
"""Heartbeats without an answer, after which the connection is made anew."""
_RECONNECT = 10
"""Milliseconds before the first attempt to find a server that was lost; then twice as many, up to a
heartbeat."""
_LINGER = 100
"""Milliseconds in which a good-bye may still leave."""


class Connection:
    """Messages to and from a server.

    Args:
        address: the server's.
        heartbeat: seconds of silence after which the server is asked whether it is there.
        timeout: seconds of silence after which it is given up; None for never.
        keys: folder of this client's keys, if the server wants keys.
    """

    def __init__(
        self,
        address: str,
        *,
        heartbeat: float,
        timeout: float | None,
        keys: str | os.PathLike[str] | None,
    ) -> None:
        self._address = address
        self._heartbeat = heartbeat
        self._timeout = timeout
        self._keys = None if keys is None else client_keys(keys)
        self._silent_since: float | None = None
        self._opened = 0.0
        self._sockets: list[tuple[zmq.Socket[bytes], Handshake]] = []
        self._finalizer: weakref.finalize[Any, Any] | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a socket: from the first message until `close`."""
        return bool(self._sockets)

    def send(self, kind: str, **fields: Any) -> None:
        """Send a message, or let it be if the server is gone and the queue to it full.

        That it was lost shows when nothing is heard.
        """
        with suppress(zmq.Again):
            self._socket.send_multipart(_message.pack(kind, **fields), zmq.NOBLOCK)

    def has_message(self) -> bool:
        """Whether a message is here already."""
        return bool(self._socket.poll(0))

    def receive(self, run: int) -> Message | None:
        """Wait for a message.

        Args:
            run: what a server that is still the same one knows of.

        Returns:
            The message; None if the connection was made anew, so that what was asked for before
            must be asked for again.

        Raises:
            ServerError: if there was no sign of life within the timeout, or the server refused,
                wants other keys, or speaks another language.
        """
        while True:
            if self._silent_since is None:
                self._silent_since = time.monotonic()
            left = math.inf
            if self._timeout is not None:
                left = self._silent_since + self._timeout - time.monotonic()
            if self._socket.poll(math.ceil(max(0.0, min(self._heartbeat, left)) * 1000)):
                self._silent_since = None
                message = self._take()
                if message.kind not in ("beat", "pong"):
                    return message
            elif (refusal := self._handshake.refusal()) is not None:
                self.close()
                raise ServerError(f"the server at {self._address} refused: {refusal}")
            elif left <= 0:
                self._silent_since = None
                raise ServerError(
                    f"there was no answer from a server at {self._address} for {self._timeout:g} "
                    f"s; {self._handshake.hint} To wait longer, pass timeout="
                )
            elif time.monotonic() >= self._opened + _PATIENCE * self._heartbeat:
                self._reopen()
                return None
            else:
                self.send("ping", run=run)

    def close(self) -> None:
        """Say good-bye and give up the socket; the next message opens another."""
        if self._finalizer is not None:
            self.send("bye")
            self._socket.setsockopt(zmq.LINGER, _LINGER)
            self._finalizer()
        self._finalizer = self._silent_since = None

    @property
    def _socket(self) -> zmq.Socket[bytes]:
        if not self._sockets:
            self._context: zmq.Context[Any] = zmq.Context()
            self._finalizer = weakref.finalize(self, _release, self._context, self._sockets)
            self._sockets.append(self._connected())
        return self._sockets[0][0]

    @property
    def _handshake(self) -> Handshake:
        return self._sockets[0][1]

    def _take(self) -> Message:
        self._opened = time.monotonic()  # the connection is as good as new
        try:
            message = _message.unpack(self._socket.recv_multipart(copy=False))
            reason = message.text("reason") if message.kind == "refused" else None
        except CodecError as error:
            raise ServerError(
                f"what answers at {self._address} is no server that this client understands: "
                f"{error}"
            ) from error
        if reason is not None:
            raise ServerError(f"the server at {self._address} refused: {reason}")
        return message

    def _connected(self, *, was_cut: bool = False) -> tuple[zmq.Socket[bytes], Handshake]:
        self._opened = time.monotonic()
        socket: zmq.Socket[bytes] = self._context.socket(zmq.DEALER)
        for option, value in (
            (zmq.IPV6, is_ipv6(self._address)),
            (zmq.LINGER, 0),
            (zmq.RCVHWM, 0),  # credit is what limits
            (zmq.RECONNECT_IVL, _RECONNECT),
            (zmq.RECONNECT_IVL_MAX, max(_RECONNECT, int(self._heartbeat * 1000))),
            (zmq.HEARTBEAT_IVL, max(1, int(self._heartbeat * 1000))),
            (zmq.HEARTBEAT_TIMEOUT, max(1, int(self._heartbeat * _PATIENCE * 1000))),
        ):
            socket.setsockopt(option, value)
        if self._keys is not None:
            own, server = self._keys
            socket.curve_publickey, socket.curve_secretkey = own
            socket.curve_serverkey = server
        handshake = Handshake(
            self._context, socket, has_keys=self._keys is not None, was_cut=was_cut
        )
        socket.connect(self._address)
        return socket, handshake

    def _reopen(self) -> None:
        logger.warning("the server at %s is silent; connecting anew", self._address)
        socket, handshake = self._sockets.pop()
        handshake.close()
        socket.close(linger=0)
        self._sockets.append(self._connected(was_cut=handshake.was_cut))


def _release(context: zmq.Context[Any], sockets: list[tuple[zmq.Socket[bytes], Handshake]]) -> None:
    """Give up the sockets, which must be held until now: a context waits for those it has."""
    while sockets:
        socket, handshake = sockets.pop()
        handshake.close()
        socket.close()
    context.term()
