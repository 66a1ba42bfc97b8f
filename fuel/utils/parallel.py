"""Work that one process makes and another takes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any, TypeVar

import zmq

__all__ = ["producer_consumer"]

Result = TypeVar("Result")
GRACE = 1000  # milliseconds in which what a producer sent before its end must arrive


def producer_consumer(
    producer: Callable[[zmq.Socket[bytes]], Any],
    consumer: Callable[[zmq.Socket[bytes]], Result],
    addr: str = "tcp://127.0.0.1",
    port: int | None = None,
    context: zmq.Context[Any] | None = None,
) -> Result:
    """Let a new process send, and this one receive; the new one ends when this is done.

    Args:
        producer: called in the new process with a PUSH socket; it must be importable there, as
            a function of a module is.
        consumer: called here with a PULL socket.
        addr: where the socket is; with another than the loopback address, anybody who reaches it
            can send.
        port: of the socket; None for any that is free.
        context: of ZeroMQ, for the consumer; a new one if None.

    Returns:
        What `consumer` returns.

    Raises:
        RuntimeError: by the consumer's socket, if the producer has ended and there is nothing
            more to receive.
    """
    own = zmq.Context() if context is None else context
    try:
        with _WatchedSocket(own, zmq.PULL) as socket:
            socket.linger = 0
            if port is None:
                port = socket.bind_to_random_port(addr)
            else:
                socket.bind(f"{addr}:{port}")
            spawn = multiprocessing.get_context("spawn")
            process = spawn.Process(target=_produce, args=(producer, f"{addr}:{port}"), daemon=True)
            process.start()
            socket.producer = process
            try:
                return consumer(socket)
            finally:
                process.terminate()
                process.join()
                process.close()
    finally:
        if context is None:
            own.term()


class _WatchedSocket(zmq.Socket[bytes]):
    """A socket that does not wait for a process that has ended."""

    producer: Any = None

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "producer":
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> Any:
        """As any socket's, but an error if nothing can come any more."""
        if self.producer is not None and not flags & zmq.DONTWAIT:
            poller = zmq.Poller()
            poller.register(self, zmq.POLLIN)
            poller.register(self.producer.sentinel, zmq.POLLIN)
            ready = dict(poller.poll())
            if self not in ready and not self.poll(GRACE):
                self.producer.join()
                raise RuntimeError(
                    f"the producer has ended, with exit code {self.producer.exitcode}, and there "
                    "is nothing more to receive"
                )
        return super().recv(flags, copy, track)


def _produce(producer: Callable[[Any], Any], address: str) -> None:
    with zmq.Context() as context, context.socket(zmq.PUSH) as socket:
        socket.connect(address)
        producer(socket)
