"""Why a server that is there does not take up a client: keys that it wants, or does not know."""

from __future__ import annotations

import secrets
import struct
from typing import Any

import zmq

__all__ = ["Handshake"]

_FAILURES = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)
_EVENT = struct.Struct("=H")
"""What the first frame of an event begins with: zmq_socket_monitor(3). PyZMQ's own reader of it
would load asyncio into every process that imports streams."""


class Handshake:
    """Watches how the connections of a client's socket begin.

    Args:
        context: of the socket.
        socket: not yet connected.
        has_keys: whether the client has keys.
        was_cut: whether an earlier connection was broken off as it began.
    """

    def __init__(
        self,
        context: zmq.Context[Any],
        socket: zmq.Socket[bytes],
        *,
        has_keys: bool,
        was_cut: bool = False,
    ) -> None:
        self._socket = socket
        self._has_keys = has_keys
        self.was_cut = was_cut
        address = f"inproc://handshake-{secrets.token_hex(8)}"
        socket.monitor(address, _FAILURES)
        self._events: zmq.Socket[bytes] = context.socket(zmq.PAIR)
        self._events.setsockopt(zmq.RCVHWM, 0)  # else libzmq itself would wait for room
        self._events.connect(address)

    def refusal(self) -> str | None:
        """Why the server will never take up this client; None if nothing speaks against it."""
        while self._events.poll(0):
            (event,) = _EVENT.unpack_from(self._events.recv_multipart()[0])
            if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                return (
                    "it does not know this client's key; have `fuel-serve --make-keys` make one "
                    "for it where the server's keys are"
                )
            if event == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
                if self._has_keys:
                    return "it speaks without keys; leave out keys="
                return "it wants keys; pass keys= with the folder client-NAME that it has for you"
            self.was_cut = True
        return None

    @property
    def hint(self) -> str:
        """What to look at when no answer comes."""
        if not self.was_cut:
            return "does it run there, and if it wants keys, are they right?"
        if self._has_keys:
            return (
                "the connection was broken off; are the keys those of another server, or does it "
                "speak without?"
            )
        return "the connection was broken off; is it a server of fuel's that listens there?"

    def close(self) -> None:
        """Watch no more; before the socket is closed."""
        self._socket.disable_monitor()
        self._events.close(linger=0)
