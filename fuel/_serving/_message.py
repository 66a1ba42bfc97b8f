"""What a server of streams and its clients say to each other: a JSON header and raw buffers.

A message is a ZeroMQ message of several frames. The first is JSON,
`["fuel", version, kind, fields, spans]`; the fields are plain data in the manner of `fuel._codec`,
and `spans` says for each of their buffers in which of the other frames it lies. Large buffers have
a frame each, the small ones share one. Nothing in a message can name a class or a function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import zmq

from fuel import _codec
from fuel._codec import Buffer, CodecError
from fuel._workers._result import EncodedState

VERSION = 1
"""Of the protocol; a message of another version is refused."""
_MARK = "fuel"
_LARGE = 32 * 1024
"""Bytes from which on a buffer has a frame of its own."""
_ALIGNMENT = 16


class MessageError(CodecError):
    """A message that no speaker of this protocol would send."""


class VersionError(MessageError):
    """A message of another version of the protocol."""


class Message:
    """A message that was received; what is in it is decoded when it is asked for.

    Args:
        kind: what it is about.
        fields: nodes by name.
        buffers: that the nodes refer to.
        size: of all frames, in bytes.
    """

    def __init__(
        self, kind: str, fields: Mapping[str, Any], buffers: list[Buffer], size: int
    ) -> None:
        self.kind = kind
        self.size = size
        self._fields = fields
        self._buffers = buffers

    def value(self, name: str) -> Any:
        """The value of a field.

        Raises:
            CodecError: if there is none, or it is malformed.
        """
        return _codec.decode(self._node(name), self._buffers)

    def whole_number(self, name: str) -> int:
        """The value of a field that must be an integer of at least 0.

        Raises:
            MessageError: if it is not.
        """
        node = self._node(name)
        if type(node) is not int or not 0 <= node < 2**63:
            raise MessageError(
                f"{name} of a {self.kind!r} must be a whole number, got {node!r:.99}"
            )
        return node

    def text(self, name: str) -> str:
        """The value of a field that must be text.

        Raises:
            MessageError: if it is not.
        """
        node = self._node(name)
        if not isinstance(node, str):
            raise MessageError(f"{name} of a {self.kind!r} must be text, got {node!r:.99}")
        return node

    def encoded(self, name: str) -> EncodedState | None:
        """A state that is decoded later, without keeping the rest of the message; or None."""
        node = self._node(name)
        if node is None:
            return None
        used = _references(node)
        kept: list[Buffer] = [
            bytearray(buffer) if number in used else b""
            for number, buffer in enumerate(self._buffers)
        ]
        return EncodedState(node, kept if used else [])

    def _node(self, name: str) -> Any:
        if name not in self._fields:
            raise MessageError(f"a {self.kind!r} message lacks {name!r}")
        return self._fields[name]


def pack(kind: str, **fields: Any) -> list[Any]:
    """The frames of a message.

    Raises:
        CodecError: if a field is not plain data.
    """
    buffers: list[Buffer] = []
    nodes = {name: _codec.encode(value, buffers) for name, value in fields.items()}
    small = bytearray()
    large: list[Any] = []
    spans = []
    for buffer in buffers:
        part = _as_bytes(buffer)
        if part.nbytes >= _LARGE:
            large.append(part)
            spans.append([1 + len(large), 0, part.nbytes])
        else:
            small.extend(bytes(-len(small) % _ALIGNMENT))
            spans.append([1, len(small), part.nbytes])
            small.extend(part.data)
    header = _codec.dump([_MARK, VERSION, kind, nodes, spans])
    return [header, small, *large] if buffers else [header]


def size_of(frames: Sequence[Any]) -> int:
    """Bytes of all frames."""
    return sum(memoryview(frame).nbytes for frame in frames)


def unpack(frames: Sequence[zmq.Frame]) -> Message:
    """The message in some frames. Arrays in it can be written to.

    Raises:
        VersionError: if it is of another version.
        CodecError: if it is malformed.
    """
    if not frames:
        raise MessageError("an empty message")
    parsed = _codec.load(frames[0].bytes)
    if not isinstance(parsed, list) or len(parsed) < 3 or parsed[0] != _MARK:
        raise MessageError(f"a message of something else: {frames[0].bytes[:60]!r}")
    if parsed[1] != VERSION:
        raise VersionError(
            f"a message of protocol version {parsed[1]!r:.20}, but this release of fuel speaks "
            f"version {VERSION}; use the same release on both sides"
        )
    if len(parsed) != 5:
        raise MessageError(f"a header of {len(parsed)} parts, but 5 are needed")
    _, _, kind, nodes, spans = parsed
    if not isinstance(kind, str) or not isinstance(nodes, dict) or not isinstance(spans, list):
        raise MessageError(f"a malformed header: {frames[0].bytes[:60]!r}")
    memory = [_memory_of(frame) for frame in frames[1:]]
    buffers: list[Buffer] = [_part(memory, span) for span in spans]
    size = sum(part.nbytes for part in memory) + len(frames[0])
    return Message(kind, nodes, buffers, size)


def _memory_of(frame: zmq.Frame) -> memoryview:
    """The frame's memory, if it is aligned and nobody else's, so that arrays can lie there."""
    view = frame.buffer
    if view.nbytes < _LARGE or view.readonly or np.frombuffer(view, np.uint8).ctypes.data % 8:
        return memoryview(bytearray(view))
    return view


def _part(memory: list[memoryview], span: Any) -> memoryview:
    if (
        not isinstance(span, list)
        or len(span) != 3
        or not all(type(number) is int and number >= 0 for number in span)
    ):
        raise MessageError(f"a malformed place of a buffer: {str(span)[:60]}")
    frame, start, length = span
    if not 1 <= frame <= len(memory) or start + length > memory[frame - 1].nbytes:
        raise MessageError(f"a buffer at {span}, which is outside of the message")
    return memory[frame - 1][start : start + length]


def _references(node: Any) -> set[int]:
    """Numbers of the buffers that a node may refer to: those of its arrays and bytes."""
    if not isinstance(node, list) or not node:
        return set()
    if node[0] in ("array", "bytes", "bytearray") and type(node[-1]) is int:
        return {node[-1]}
    return set().union(*(_references(part) for part in node))


def _as_bytes(buffer: Buffer) -> np.ndarray:
    if isinstance(buffer, np.ndarray):
        return np.ascontiguousarray(buffer).reshape(-1).view(np.uint8)
    return np.frombuffer(buffer, np.uint8)
