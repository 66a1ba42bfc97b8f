"""Fuel's own way to send arrays over a socket: a JSON list of headers, then raw frames.

Frame 0 is JSON: for each array an object of `shape`, `fortran_order` and `descr`, as in the header
of an `.npy` file. The frames after it hold the arrays' bytes. The end of an epoch is the single
frame `{"stop": true}`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import zmq

from fuel import _codec
from fuel._codec import CodecError

__all__ = ["recv_arrays", "send_arrays"]

_STOP = {"stop": True}


def send_arrays(
    socket: zmq.Socket[bytes], arrays: Sequence[Any] | None, stop: bool = False
) -> None:
    """Send arrays, or word that the epoch is over, over a ZeroMQ socket.

    It waits while the socket's high-water mark is reached.

    Args:
        socket: connected or bound.
        arrays: one for each source; what is no array becomes one. Ignored if `stop`.
        stop: whether the epoch is over.

    Raises:
        ValueError: if there is no array.
        TypeError: if one holds Python objects (ragged batches do): they have no raw bytes.
    """
    if stop:
        socket.send(_codec.dump(_STOP))
        return
    if arrays is None or not len(arrays):
        raise ValueError("there are no arrays to send; a batch needs at least one source")
    contiguous = [np.asarray(array, order="C") for array in arrays]
    for number, array in enumerate(contiguous):
        if array.dtype.hasobject:
            raise TypeError(
                f"array {number} is of dtype {array.dtype}, which this way of sending cannot do; "
                "pad ragged batches (fuel.transformers.Padding), or use ServerDataStream"
            )
    headers = [
        {
            "shape": list(array.shape),
            "fortran_order": False,
            "descr": _codec.encode_dtype(array.dtype),
        }
        for array in contiguous
    ]
    frames: list[Any] = [
        _codec.dump(headers),
        *(array.reshape(-1).view(np.uint8) for array in contiguous),
    ]
    socket.send_multipart(frames, copy=False)


def recv_arrays(socket: zmq.Socket[bytes]) -> list[np.ndarray]:
    """Receive what `send_arrays` sent; it waits for it.

    Returns:
        One array for each source, which can be written to; a scalar has shape `()`.

    Raises:
        StopIteration: at the end of the epoch.
        ValueError: if the message is of another kind, or malformed.
    """
    header, *frames = socket.recv_multipart()
    headers = _codec.load(header)
    if headers == _STOP:
        raise StopIteration
    if not isinstance(headers, list) or len(headers) != len(frames):
        raise CodecError(
            f"a message of {len(frames)} frames with the header {header[:200]!r}, which needs to "
            "describe each of them"
        )
    return [_array(one, frame) for one, frame in zip(headers, frames, strict=True)]


def _array(header: Any, frame: bytes) -> np.ndarray:
    if not isinstance(header, dict) or header.keys() < {"shape", "fortran_order", "descr"}:
        raise CodecError(f"malformed header of an array: {str(header)[:200]}")
    shape = header["shape"]
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise CodecError(f"malformed shape of an array: {str(shape)[:200]}")
    dtype = _codec.decode_dtype(header["descr"])
    needed = math.prod(shape) * dtype.itemsize
    if len(frame) != needed:
        raise CodecError(f"an array {dtype}{shape} takes {needed} bytes, but {len(frame)} came")
    memory = np.frombuffer(bytearray(frame), np.uint8).view(dtype) if needed else np.empty(0, dtype)
    return memory.reshape(shape, order="F" if header["fortran_order"] is True else "C")
