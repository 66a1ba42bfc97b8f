"""A described object in shared memory: written once, built in any process with the descriptor.

Arrays are not copied for each process: they are views of the shared pages, and a process that
writes to one changes its own copy of that page only.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from fuel import _codec
from fuel._codec import Buffer
from fuel._workers import _shared_memory
from fuel._workers._describe import SCRIPT, build, describe
from fuel._workers._shared_memory import ALIGNMENT, round_up

_LENGTH = struct.Struct("<Q")


def pack(value: Any) -> tuple[int, bool]:
    """Write the description of an object.

    Returns:
        A descriptor of the memory that holds it, which the caller closes; and whether the object
        needs what the user's script defines.

    Raises:
        DescriptionError: if a part of the object cannot be described.
    """
    buffers: list[Buffer] = []
    node = describe(value, buffers)
    parts = [_bytes_of(buffer) for buffer in buffers]
    spans, end = [], 0
    for part in parts:
        spans.append((end, part.nbytes))
        end = round_up(end + part.nbytes, ALIGNMENT)
    header = _codec.dump([node, spans])
    first = round_up(_LENGTH.size + len(header), ALIGNMENT)
    descriptor = _shared_memory.create(first + end)
    memory = _shared_memory.attach(descriptor, first + end)
    _LENGTH.pack_into(memory, 0, len(header))
    memory[_LENGTH.size : _LENGTH.size + len(header)] = header
    for (start, length), part in zip(spans, parts, strict=True):
        target = np.ndarray((length,), np.uint8, memory, first + start)
        target[...] = part
    return descriptor, f'"{SCRIPT}"'.encode() in header


def unpack(descriptor: int) -> Any:
    """A new object like the one that was packed."""
    memory = memoryview(_shared_memory.attach_private(descriptor))
    (length,) = _LENGTH.unpack_from(memory)
    node, spans = _codec.load(memory[_LENGTH.size : _LENGTH.size + length])
    first = round_up(_LENGTH.size + length, ALIGNMENT)
    return build(node, [memory[first + start : first + start + size] for start, size in spans])


def _bytes_of(buffer: Buffer) -> np.ndarray:
    if isinstance(buffer, np.ndarray):
        return np.ascontiguousarray(buffer).reshape(-1).view(np.uint8)
    return np.frombuffer(buffer, np.uint8)
