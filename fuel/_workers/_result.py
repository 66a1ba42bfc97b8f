"""How a worker's result is laid out: a header of JSON, and arrays in a slot or in frames."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fuel import _codec
from fuel._codec import Buffer, CodecError
from fuel._streams._pending import Pending
from fuel._workers._shared_memory import ALIGNMENT, round_up
from fuel._workers._slot_writer import Layout, OpenSlot

_ARRAYS = (np.ndarray, Pending)
_CACHED = 256
"""So many different headers are remembered; a stream has two or three."""


class Result(NamedTuple):
    """What a worker has to say about one request.

    Attributes:
        kind: `item`, or for a stream that is run as a whole also `begin` and `end` of an epoch.
        value: the item.
        state: the stream's place after it, if it is run as a whole; still encoded.
    """

    kind: str
    value: Any
    state: EncodedState | None = None


class EncodedState(NamedTuple):
    """A state that has not been asked for yet."""

    node: _codec.Node
    buffers: list[Buffer]

    def decode(self) -> dict[str, Any]:
        """The state."""
        return _codec.decode(self.node, self.buffers)


class ResultWriter:
    """Lays results out; one like the last costs next to nothing."""

    def __init__(self) -> None:
        self._headers: dict[Any, bytes] = {}
        self._last: tuple[Any, bytes] = (None, b"")
        self._last_layout: tuple[Any, Layout | None] = (None, None)

    def to_frames(self, kind: str, value: Any, state: Any) -> list[Any]:
        """A result as frames of a message: the header, then each array."""
        buffers: list[Buffer] = []
        node = _codec.encode(value, buffers)
        own = len(buffers)
        header = [kind, node, own, _codec.encode(state, buffers), None]
        return [_codec.dump(header), *map(_as_bytes, buffers)]

    def to_slot(self, slot: OpenSlot, kind: str, value: Any, state: Any) -> bytes | None:
        """Write a result's arrays to a slot, unless they were made there.

        Returns:
            The header; None if the slot is too small. `slot.size` then says what was needed.
        """
        if state is None and kind == "item" and type(value) is tuple:
            key = _place_arrays(slot, value)
            if key is not None:
                header = self._header(key, value)
                return header if slot.finish(header) else None
        buffers: list[Buffer] = []
        node = _codec.encode(value, buffers)
        own = len(buffers)
        state_node = _codec.encode(state, buffers)
        spans = [slot.place(_as_bytes(buffer)) for buffer in buffers]
        header = _codec.dump([kind, node, own, state_node, spans])
        return header if slot.finish(header) else None

    def layout(self, item: tuple[Any, ...]) -> Layout | None:
        """Where an item's arrays, made or pending, will lie in a slot.

        Returns:
            None if one of them is no array of plain numbers.
        """
        if not all(type(part) in _ARRAYS and not part.dtype.hasobject for part in item):
            return None
        kinds = tuple([(part.dtype, part.shape) for part in item])
        last, layout = self._last_layout
        if kinds == last:
            return layout
        value = tuple(np.empty(shape, dtype) for dtype, shape in kinds)
        arrays, size = [], 0
        for part in value:
            start = round_up(size, ALIGNMENT)
            arrays.append((part.dtype, part.shape, start))
            size = start + part.nbytes
        layout = Layout(tuple(arrays), size, self._header(tuple(arrays), value))
        self._last_layout = (kinds, layout)
        return layout

    def _header(self, key: Any, value: tuple[NDArray[Any], ...]) -> bytes:
        last, header = self._last
        if key == last:  # to compare is cheaper than to hash
            return header
        found = self._headers.get(key)
        if found is None:
            if len(self._headers) > _CACHED:
                self._headers.clear()
            found = self._headers[key] = _header_of(key, value)
        self._last = (key, found)
        return found


class ResultReader:
    """Reads what a `ResultWriter` wrote, and refuses anything else."""

    def __init__(self) -> None:
        self._layouts: dict[bytes, list[tuple[np.dtype[Any], tuple[int, ...], int, int]]] = {}

    def from_frames(self, frames: list[bytes]) -> Result:
        """The result in a message.

        Raises:
            CodecError: if the message is malformed.
        """
        kind, node, own, state, _ = _parse(frames[0])
        buffers: list[Buffer] = [bytearray(frame) for frame in frames[1:]]
        return _result(kind, node, state, buffers[:own], buffers)

    def from_slot(self, header: bytes, memory: NDArray[np.uint8]) -> Result:
        """The result in a slot; its arrays are views of `memory`.

        Raises:
            CodecError: if the header is malformed or points outside the memory.
        """
        layout = self._layouts.get(header)
        if layout is None:
            kind, node, own, state, spans = _parse(header)
            layout = _layout(kind, node, state, spans)
            if layout is None:
                parts: list[Buffer] = [*_split(memory, spans)]
                # What a state keeps must not keep the slot.
                copies: list[Buffer] = [bytearray(memoryview(part)) for part in parts[own:]]
                return _result(kind, node, state, parts[:own], parts[:own] + copies)
            if len(self._layouts) > _CACHED:
                self._layouts.clear()
            self._layouts[header] = layout
        size = memory.nbytes
        for _, _, start, length in layout:
            if start + length > size:
                raise CodecError(f"an array [{start}, {start + length}) lies outside {size} bytes")
        return Result(
            "item", tuple(np.ndarray(shape, dtype, memory, at) for dtype, shape, at, _ in layout)
        )


def _place_arrays(slot: OpenSlot, value: tuple[Any, ...]) -> Any:
    """Put arrays into the slot; None if one is not an array of plain numbers."""
    key: list[Any] = []
    for array in value:
        if type(array) is not np.ndarray or array.dtype.hasobject:
            return None
        start = slot.offset_of(array)
        if start is None:
            start = slot.place(array)[0]
        key.append((array.dtype, array.shape, start))
    return tuple(key)


def _header_of(key: Any, value: tuple[NDArray[Any], ...]) -> bytes:
    spans = [(start, array.nbytes) for (_, _, start), array in zip(key, value, strict=True)]
    node = _codec.encode(value, [])
    return _codec.dump(["item", node, len(value), None, spans])


def _as_bytes(buffer: Buffer) -> Any:
    if isinstance(buffer, np.ndarray):
        return np.ascontiguousarray(buffer).reshape(-1).view(np.uint8)
    return np.frombuffer(buffer, np.uint8)


def _parse(header: bytes) -> tuple[Any, ...]:
    parsed = _codec.load(header)
    if (
        not isinstance(parsed, list)
        or len(parsed) != 5
        or parsed[0] not in ("item", "begin", "end")
        or type(parsed[2]) is not int
    ):
        raise CodecError(f"malformed header of a result: {header[:200]!r}")
    return tuple(parsed)


def _layout(kind: str, node: Any, state: Any, spans: Any) -> Any:
    """Dtype, shape, start and length of each array, if the item is a tuple of arrays."""
    if kind != "item" or state is not None or not isinstance(node, list) or node[:1] != ["tuple"]:
        return None
    layout = []
    for part in node[1]:
        if not isinstance(part, list) or part[:1] != ["array"]:
            return None
        dtype, shape, index = _codec.array_spec(part)
        start, length = _span(spans, index)
        needed = math.prod(shape) * dtype.itemsize
        if length != needed:
            raise CodecError(f"an array {dtype}{shape} takes {needed} bytes, but {length} came")
        layout.append((dtype, shape, start, length))
    return layout


def _span(spans: Any, index: int) -> tuple[int, int]:
    try:
        start, length = spans[index]
    except (TypeError, ValueError, LookupError) as error:
        raise CodecError(f"malformed places of arrays: {str(spans)[:200]}") from error
    if type(start) is not int or type(length) is not int or start < 0 or length < 0:
        raise CodecError(f"malformed places of arrays: {str(spans)[:200]}")
    return start, length


def _split(memory: NDArray[np.uint8], spans: Any) -> list[NDArray[np.uint8]]:
    parts = []
    for index in range(len(spans) if isinstance(spans, list) else 0):
        start, length = _span(spans, index)
        if start + length > memory.nbytes:
            raise CodecError(f"a part [{start}, {start + length}) lies outside the slot")
        parts.append(memory[start : start + length])
    return parts


def _result(kind: str, node: Any, state: Any, own: list[Buffer], all_: list[Buffer]) -> Result:
    value = _codec.decode(node, own)
    return Result(kind, value, None if state is None else EncodedState(state, all_))
