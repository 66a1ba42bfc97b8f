"""Service to Fuel's own old clients: one stream, pushed to whoever pulls."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import zmq

from fuel._serving._address import bind
from fuel._serving._arrays import send_arrays
from fuel._serving._log import QuietLog
from fuel._streams._abstract_stream import AbstractDataStream

logger = logging.getLogger("fuel.server")

_LOOK = 100
"""Milliseconds between looking whether the server ends."""


class Pusher:
    """Pushes epoch after epoch, in a thread; an item that fails is logged and left out.

    Args:
        make_stream: makes the stream; called in the thread.
        context: for the socket.
        address: where to listen.
        hwm: messages that are kept for a client that is slow.

    Raises:
        OSError: if it cannot listen there.
    """

    def __init__(
        self,
        make_stream: Callable[[], AbstractDataStream],
        context: zmq.Context[Any],
        address: str,
        hwm: int,
    ) -> None:
        self._make_stream = make_stream
        self._socket: zmq.Socket[bytes] = context.socket(zmq.PUSH)
        self._socket.set_hwm(hwm)
        self._socket.setsockopt(zmq.SNDTIMEO, _LOOK)
        self._log = QuietLog()
        self.address = bind(self._socket, address)
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="fuel-push", daemon=True)
        self._thread.start()

    def close(self, seconds: float) -> None:
        """End the thread; it may take this long."""
        self._stopping = True
        self._thread.join(seconds)

    def _work(self) -> None:
        stream = self._make_stream()
        try:
            while not self._stopping:
                self._push_epoch(stream)
        except Exception:
            logger.exception("the stream for old clients cannot go on")
        finally:
            self._socket.close(linger=0)
            with suppress(NotImplementedError):  # a stream of the user's that holds nothing
                stream.close()

    def _push_epoch(self, stream: AbstractDataStream) -> None:
        epoch = stream.get_epoch_iterator()
        while self._wait_for_room():
            try:
                item = next(epoch)
            except StopIteration:
                self._send(None, stop=True)
                return
            except Exception as error:
                self._log.warn("an item for old clients failed and is left out", repr(error))
                continue
            try:
                self._send(item)
            except (TypeError, ValueError) as error:
                self._log.warn("an item cannot be sent to old clients and is left out", error)

    def _send(self, item: Any, *, stop: bool = False) -> None:
        while not self._stopping:
            try:
                send_arrays(self._socket, item, stop)
            except zmq.Again:  # the client that had room is gone
                continue
            return

    def _wait_for_room(self) -> bool:
        """Wait until somebody takes more; False if the server ends."""
        while not self._stopping:
            if self._socket.poll(_LOOK, zmq.POLLOUT):
                return True
        return False
