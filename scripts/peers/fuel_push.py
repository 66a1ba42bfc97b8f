"""The way of the original: a process that pushes every batch as one message over TCP.

Each message has the arrays' types and shapes as JSON, and then the bytes of each. What is pushed is
made by the best code there is for it, or as the original made it from a file: by h5py's selection
of sorted indices, scaled in 64 bits, and cast.
"""

import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import zmq

from fuel_work import SCALE, Batches, shuffled_indices

HIGH_WATER_MARK = 10


def contenders(path: Path, batch_size: int) -> dict[str, Iterator[Any]]:
    """Streams of batches of work A for ever, by name.

    Messages wait up to a high-water mark of 10 on each side.
    """
    batches = Batches(path, batch_size)
    return {
        "one TCP push a batch": _received(batches, by_selection=False),
        "one TCP push a batch, the original's work": _received(batches, by_selection=True),
    }


def _received(batches: Batches, *, by_selection: bool) -> Iterator[Any]:
    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    socket.set_hwm(HIGH_WATER_MARK)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    start = multiprocessing.get_context("spawn")
    sender = start.Process(target=_push, args=(batches, port, by_selection), daemon=True)
    sender.start()
    try:
        while True:
            header, *buffers = socket.recv_multipart(copy=False)
            yield tuple(
                np.frombuffer(buffer, spec["descr"]).reshape(spec["shape"])
                for spec, buffer in zip(json.loads(header.bytes), buffers, strict=True)
            )
    finally:
        sender.terminate()
        sender.join()
        context.destroy(0)


def _push(batches: Batches, port: int, by_selection: bool) -> None:
    socket = zmq.Context().socket(zmq.PUSH)
    socket.set_hwm(HIGH_WATER_MARK)
    socket.connect(f"tcp://127.0.0.1:{port}")
    make = _Selection(batches.path).batch if by_selection else batches.batch
    for indices in shuffled_indices(len(batches.order), batches.batch_size):
        arrays = make(indices)
        header = [{"descr": array.dtype.str, "shape": array.shape} for array in arrays]
        socket.send_multipart([json.dumps(header).encode(), *arrays], copy=False)


class _Selection:
    """Batches as the original made them from a file."""

    def __init__(self, path: Path) -> None:
        file = h5py.File(path)
        self.images, self.labels = file["features"], file["targets"]

    def batch(self, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        order = np.argsort(indices)
        back = np.argsort(order)
        images, labels = (source[indices[order]][back] for source in (self.images, self.labels))
        return (images * SCALE + 0).astype(np.float32), labels
