"""Servers for tests: in a thread of this process, or in a process that can be killed."""

import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import streams_for_workers as streams
from patience import PATIENCE

from fuel.datasets import IndexableDataset
from fuel.schemes import SequentialScheme
from fuel.server import Server, start_server
from fuel.streams import DataStream, ServerDataStream
from fuel.transformers import MultiProcessing

HEARTBEAT = 0.1


@contextmanager
def serving(stream, **options):
    """The port of a server that runs in a thread, and the server."""
    with Server(stream, 0, heartbeat=HEARTBEAT, **options) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield port_of(server.address), server
        finally:
            server.stop()
            thread.join()


def port_of(address):
    return int(address.rpartition(":")[2])


def client(port, **options):
    """A stream of a server."""
    options = {"heartbeat": HEARTBEAT, "timeout": PATIENCE, **options}
    return ServerDataStream(port=port, **options)


class ServerProcess:
    """A server in a process of its own, always at the same port."""

    def __init__(self, chain, port):
        self._arguments = [sys.executable, __file__, chain, str(port)]
        self._process = None
        self.start()

    def start(self):
        """Start it, and wait until it serves."""
        self._process = subprocess.Popen(
            self._arguments, stdout=subprocess.PIPE, cwd=Path(__file__).parent
        )
        assert self._process.stdout.readline() == b"ready\n"

    def end(self, number):
        """Send a signal, and give the exit status."""
        self._process.send_signal(number)
        with self._process:
            return self._process.wait(PATIENCE)


def numbers():
    """A hundred batches of four numbers, in order."""
    dataset = IndexableDataset({"numbers": np.arange(400)})
    return DataStream(dataset, iteration_scheme=SequentialScheme(400, 4))


def with_workers():
    """A stream that two worker processes make."""
    return MultiProcessing(streams.scaled(), workers=2)


if __name__ == "__main__":
    chain = globals().get(sys.argv[1]) or getattr(streams, sys.argv[1])
    print("ready", flush=True)
    start_server(chain(), int(sys.argv[2]), heartbeat=HEARTBEAT)
