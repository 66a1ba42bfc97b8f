"""Streams that are made in one process and used in others, on this machine or another.

A server runs a stream and sends its items to `fuel.streams.ServerDataStream`:

    start_server(stream)                         # in one program; it runs for ever
    stream = ServerDataStream()                  # in another; sources and all are discovered

What a client has been given is known exactly, at any moment: its `state_dict` goes on after a
restart of the client, of the server, or of both. The stream that is served may use worker
processes (`fuel.transformers.MultiProcessing`).

A server listens on this machine only, unless it is given keys (`fuel-serve --make-keys`); with keys
it lets in those clients only whose keys it knows, and what is sent is encrypted.

`send_arrays` and `recv_arrays` are Fuel's own old way of sending arrays over a socket; a server
with a `push_port` also serves programs that use Fuel's own old client.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fuel._serving._arrays import recv_arrays, send_arrays
from fuel._serving._error import ServerError
from fuel._serving._keys import make_keys
from fuel._serving._loop import Server
from fuel._streams._abstract_stream import AbstractDataStream

__all__ = ["Server", "ServerError", "make_keys", "recv_arrays", "send_arrays", "start_server"]

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def start_server(
    data_stream: AbstractDataStream, port: int = 5557, hwm: int = 10, **options: Any
) -> None:
    """Serve a stream until ^C or a SIGTERM comes; then end cleanly and return.

    A second ^C or SIGTERM does what it does elsewhere. (In a thread other than the main one,
    signals do not reach it: make a `Server` there, and `stop` it.)

    Args:
        data_stream: what to serve; see `Server`.
        port: where; 0 takes a free one, which the log tells.
        hwm: messages, of which an item is one, that are made ahead for each client.
        **options: further arguments of `Server`.

    Raises:
        ValueError: if an argument is out of its range, or the host can be reached from other
            machines and there are no keys.
        OSError: if it cannot listen there, for instance because the port is in use.
    """
    with Server(data_stream, port, hwm, **options) as server, _stopped_by_signals(server):
        logger.info("serving %s at %s", ", ".join(data_stream.sources), server.address)
        if server.push_address is not None:
            logger.info("serving old clients at %s", server.push_address)
        server.serve()
    logger.info("the server has ended")


@contextmanager
def _stopped_by_signals(server: Server) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(*_: Any) -> None:
        restore()
        server.stop()

    for number in _SIGNALS:
        signal.signal(number, stop)
    try:
        yield
    finally:
        restore()
