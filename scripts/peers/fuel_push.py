"""The way of the original: a process that pushes every batch as one message over TCP.

Each message has the arrays' types and shapes as JSON, and then the bytes of each. What is pushed is
made by the best code there is for it, or as the original made it from a file: by h5py's selection
of sorted indices, scaled in 64 bits, and cast.
"""

import json
import multiprocessing
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import zmq

from fuel_work import SCALE, Batches, Prebuilt, shuffled_indices

HIGH_WATER_MARK = 10


def original(path: Path, batch_size: int) -> dict[str, Iterator[Any]]:
    """A stream of batches of work A for ever, made and handed over as the original did, by name."""
    return {"the original's work and way": _received(FileBatches(path, batch_size))}


def by_hand(batches: Batches | Prebuilt) -> dict[str, Iterator[Any]]:
    """A stream of batches for ever, made by the best code and handed over the same way, by name.

    Messages wait up to a high-water mark of 10 on each side.
    """
    return {"one TCP push a batch": _received(batches)}


class FileBatches:
    """Batches as the original made them from a file, by h5py's selection of sorted indices.

    Args:
        path: the file.
        batch_size: examples in a batch.
    """

    def __init__(self, path: Path, batch_size: int) -> None:
        self.path = path
        self.batch_size = batch_size
        with h5py.File(path) as file:
            self.order = np.arange(len(file["features"]))

    def batch(self, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        """The examples of some indices, features from 0 to 1."""
        order = np.argsort(indices)
        back = np.argsort(order)
        images, labels = (
            source[indices[order]][back]
            for source in (self._file["features"], self._file["targets"])
        )
        return (images * SCALE + 0).astype(np.float32), labels

    @cached_property
    def _file(self) -> h5py.File:
        return h5py.File(self.path)


def _received(batches: Any) -> Iterator[Any]:
    context = zmq.Context()
    socket = context.socket(zmq.PULL)
    socket.set_hwm(HIGH_WATER_MARK)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    start = multiprocessing.get_context("spawn")
    sender = start.Process(target=_push, args=(batches, port), daemon=True)
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


def _push(batches: Any, port: int) -> None:
    socket = zmq.Context().socket(zmq.PUSH)
    socket.set_hwm(HIGH_WATER_MARK)
    socket.connect(f"tcp://127.0.0.1:{port}")
    for indices in shuffled_indices(len(batches.order), batches.batch_size):
        arrays = batches.batch(indices)
        header = [{"descr": array.dtype.str, "shape": array.shape} for array in arrays]
        socket.send_multipart([json.dumps(header).encode(), *arrays], copy=False)
