"""The way of the original: a process that pushes every batch as one message over TCP.

Each message has the arrays' types and shapes as JSON, and then the bytes of each.
"""

import json
import multiprocessing
from collections.abc import Iterator
from typing import Any

import numpy as np
import zmq

from fuel_work import Batches, shuffled_indices

HIGH_WATER_MARK = 10


def contenders(batches: Batches, workers: int, ahead: int) -> dict[str, Iterator[Any]]:
    """A stream of batches for ever, by name; none without workers, or with more than one.

    Args:
        batches: what to make.
        workers: how many processes.
        ahead: not used: messages wait up to a high-water mark of 10 on each side.
    """
    return {"one TCP push a batch": _received(batches)} if workers == 1 else {}


def _received(batches: Batches) -> Iterator[Any]:
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


def _push(batches: Batches, port: int) -> None:
    socket = zmq.Context().socket(zmq.PUSH)
    socket.set_hwm(HIGH_WATER_MARK)
    socket.connect(f"tcp://127.0.0.1:{port}")
    for indices in shuffled_indices(len(batches.order), batches.batch_size):
        arrays = batches.batch(indices)
        header = [{"descr": array.dtype.str, "shape": array.shape} for array in arrays]
        socket.send_multipart([json.dumps(header).encode(), *arrays], copy=False)
