"""Plain data as JSON and raw buffers: what may travel between processes.

Everything that is not an array or a run of bytes becomes JSON; the contents of arrays and bytes
become buffers that the JSON refers to by number. Nothing here can name a class or a function, so
decoding what another process sent cannot run anything.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Node = Any
"""A JSON value: an atom, or a list whose first item names its kind."""

Buffer = Any
"""Anything that has bytes: an array, `bytes`, a `memoryview`."""


class CodecError(ValueError):
    """A value that cannot be encoded, or a message that no encoder made."""


def dump(node: Node) -> bytes:
    """A node as compact JSON text."""
    return json.dumps(node, separators=(",", ":")).encode()


def load(text: bytes | memoryview | str) -> Node:
    """The node that a text holds.

    Raises:
        CodecError: if the text is not JSON.
    """
    try:
        return json.loads(text if isinstance(text, (bytes, str)) else bytes(text))
    except (ValueError, RecursionError) as error:
        raise CodecError(f"a message is not JSON: {error}") from error


def encode(value: Any, buffers: list[Buffer]) -> Node:
    """The node of a value made of plain data; the buffers that it refers to are appended.

    Plain data are None, truth values, numbers, strings, bytes, slices, ranges, NumPy arrays and
    scalars, and lists, tuples, dicts and sets of plain data.

    Raises:
        CodecError: if the value holds anything else.
    """
    kind = type(value)
    if value is None or kind in (bool, int, str) or (kind is float and math.isfinite(value)):
        return value
    if kind is np.ndarray:
        return _encode_array(value, buffers)
    if kind in (list, tuple, set, frozenset):
        return [kind.__name__, [encode(item, buffers) for item in value]]
    if kind is dict:
        return [
            "dict",
            [[encode(key, buffers), encode(item, buffers)] for key, item in value.items()],
        ]
    if kind in (slice, range):
        parts = (value.start, value.stop, value.step)
        return [kind.__name__, [encode(part, buffers) for part in parts]]
    if kind is float:
        return ["float", repr(value)]
    if kind is complex:
        return ["complex", repr(value.real), repr(value.imag)]
    if kind in (bytes, bytearray):
        buffers.append(value)
        return [kind.__name__, len(buffers) - 1]
    if isinstance(value, np.generic):
        return ["scalar", _encode_array(np.asarray(value), buffers)]
    if isinstance(value, np.ma.MaskedArray | np.matrix):
        raise CodecError(
            f"a {kind.__name__} would arrive as a plain array, and mean something else; send plain "
            "arrays: a mask as one of its own"
        )
    if isinstance(value, np.ndarray):
        return _encode_array(np.asarray(value), buffers)
    raise CodecError(
        f"a value of type {kind.__module__}.{kind.__qualname__} cannot travel between processes; "
        "numbers, strings, bytes, NumPy arrays, and lists, tuples, dicts and sets of them can"
    )


def decode(node: Node, buffers: Sequence[Buffer]) -> Any:
    """The value of a node. Arrays are views of their buffers.

    Raises:
        CodecError: if the node is not one that `encode` makes, or disagrees with the buffers.
    """
    if node is None or isinstance(node, (bool, int, float, str)):
        return node
    try:
        return _DECODERS[node[0]](node, buffers)
    except CodecError:
        raise
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise CodecError(f"malformed message: {str(node)[:200]} ({error})") from error


def encode_dtype(dtype: np.dtype[Any]) -> Node:
    """A dtype, structured ones included, as JSON."""
    return np.lib.format.dtype_to_descr(dtype)


def decode_dtype(node: Node) -> np.dtype[Any]:
    """The dtype that `encode_dtype` wrote.

    Raises:
        CodecError: if there is no such dtype, or if it would hold references to objects.
    """
    try:
        dtype = np.lib.format.descr_to_dtype(_as_descr(node))
    except (TypeError, ValueError, LookupError, SyntaxError) as error:
        raise CodecError(f"malformed dtype {str(node)[:200]}: {error}") from error
    if dtype.hasobject:
        raise CodecError(f"dtype {dtype} holds objects, which do not travel as raw bytes")
    return dtype


def _as_descr(node: Node) -> Any:
    """JSON has no tuples; a field of a structured dtype, and a shape in it, is one."""
    if not isinstance(node, list):
        return node
    if node and isinstance(node[0], list):
        return [_as_field(field) for field in node]
    return tuple(tuple(item) if isinstance(item, list) else item for item in node)


def _as_field(field: Node) -> Any:
    name, descr, *shape = field
    name = tuple(name) if isinstance(name, list) else name
    return (name, _as_descr(descr), *(tuple(part) for part in shape))


def _encode_array(value: NDArray[Any], buffers: list[Buffer]) -> Node:
    if value.dtype.hasobject:
        if value.dtype != object:
            raise CodecError(f"arrays of dtype {value.dtype} cannot travel between processes")
        items = [encode(item, buffers) for item in value.ravel()]
        return ["objects", list(value.shape), items]
    buffers.append(value)
    return ["array", encode_dtype(value.dtype), list(value.shape), len(buffers) - 1]


def array_spec(node: Node) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Dtype, shape and buffer number of the array that a node describes.

    Raises:
        CodecError: if the node does not describe an array.
    """
    try:
        kind, descr, shape, index = node
        sizes = tuple(shape)
    except (TypeError, ValueError) as error:
        raise CodecError(f"malformed array {str(node)[:200]}: {error}") from error
    if kind != "array" or not all(_is_count(size) for size in sizes) or not _is_count(index):
        raise CodecError(f"malformed array {str(node)[:200]}")
    return decode_dtype(descr), sizes, index


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _decode_array(node: Node, buffers: Sequence[Buffer]) -> NDArray[Any]:
    dtype, shape, index = array_spec(node)
    buffer = buffers[index]
    needed = math.prod(shape) * dtype.itemsize
    length = memoryview(buffer).nbytes
    if length != needed:
        raise CodecError(f"an array {dtype}{shape} takes {needed} bytes, but {length} came")
    return np.ndarray(shape, dtype, buffer if needed else np.empty(0, np.uint8))


def _decode_objects(node: Node, buffers: Sequence[Buffer]) -> NDArray[Any]:
    _, shape, items = node
    array = np.empty(len(items), dtype=object)
    for index, item in enumerate(items):
        array[index] = decode(item, buffers)
    return array.reshape(shape)


def _decode_items(node: Node, buffers: Sequence[Buffer]) -> Any:
    kinds = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
    return kinds[node[0]](decode(item, buffers) for item in node[1])


_DECODERS = {
    "array": _decode_array,
    "objects": _decode_objects,
    "list": _decode_items,
    "tuple": _decode_items,
    "set": _decode_items,
    "frozenset": _decode_items,
    "dict": lambda node, buffers: {
        decode(key, buffers): decode(item, buffers) for key, item in node[1]
    },
    "slice": lambda node, buffers: slice(*(decode(part, buffers) for part in node[1])),
    "range": lambda node, buffers: range(*(decode(part, buffers) for part in node[1])),
    "float": lambda node, buffers: float(node[1]),
    "complex": lambda node, buffers: complex(float(node[1]), float(node[2])),
    "bytes": lambda node, buffers: bytes(buffers[node[1]]),
    "bytearray": lambda node, buffers: bytearray(buffers[node[1]]),
    "scalar": lambda node, buffers: _decode_array(node[1], buffers)[()],
}
