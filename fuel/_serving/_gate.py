"""Who may speak to a server: everybody on this machine, or those whose keys it knows."""

from __future__ import annotations

import os
from typing import Any

import zmq
import zmq.utils.z85

from fuel._serving._address import is_local
from fuel._serving._keys import allowed_keys, server_keys
from fuel._serving._log import QuietLog

_AUTHENTICATION = "inproc://zeromq.zap.01"
"""Where libzmq asks whether a connection is to be let in (ZeroMQ RFC 27)."""


class Gate:
    """Lets clients in or not.

    Args:
        host: where the server listens.
        keys: folder of the server's keys; None lets everybody in.
        has_push: whether the server also has a port that knows no keys.

    Raises:
        ValueError: if other machines can reach the host and there are no keys.
    """

    def __init__(
        self, host: str, keys: str | os.PathLike[str] | None, *, has_push: bool = False
    ) -> None:
        if keys is None and not is_local(host):
            raise ValueError(
                f"host={host!r} can be reached from other machines, where anybody could read the "
                "data; make keys with `fuel-serve --make-keys FOLDER` and pass "
                "FOLDER/server as keys, or listen on 'localhost'"
            )
        if has_push and not is_local(host):
            raise ValueError(
                f"push_port= serves without keys, so not on host={host!r}, which can be reached "
                "from other machines; leave it out, or listen on 'localhost'"
            )
        self._folder = keys
        self._keys = None if keys is None else server_keys(keys)
        self._socket: zmq.Socket[bytes] | None = None
        self._log = QuietLog()

    def guard(self, context: zmq.Context[Any], socket: zmq.Socket[bytes]) -> None:
        """Have all who connect to a socket asked for their keys; before it is bound."""
        if self._keys is None:
            return
        self._socket = context.socket(zmq.REP)
        self._socket.bind(_AUTHENTICATION)
        socket.curve_server = True
        socket.curve_publickey = self._keys.public
        socket.curve_secretkey = self._keys.secret
        socket.zap_domain = b"fuel"

    def register(self, poller: zmq.Poller) -> None:
        """Let a poller wake when somebody is at the gate."""
        if self._socket is not None:
            poller.register(self._socket, zmq.POLLIN)

    def answer(self) -> None:
        """Let in those who wait at the gate, or not."""
        while self._socket is not None and self._socket.poll(0):
            version, request, _, address, _, mechanism, *credentials = self._socket.recv_multipart()
            client = zmq.utils.z85.encode(credentials[0]) if mechanism == b"CURVE" else b""
            known = client in self._allowed()
            if not known:
                self._log.warn(
                    "a stranger was turned away",
                    f"{address.decode(errors='replace')} with the key {client.decode()}",
                )
            verdict = (b"200", b"OK") if known else (b"400", b"unknown key")
            self._socket.send_multipart([version, request, *verdict, client, b""])

    def close(self) -> None:
        """Close the gate's socket."""
        if self._socket is not None:
            self._socket.close(linger=0)

    def _allowed(self) -> set[bytes]:
        assert self._folder is not None
        return allowed_keys(
            self._folder, lambda error: self._log.warn("a client's key cannot be read", error)
        )
