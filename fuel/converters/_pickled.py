"""Arrays, lists and texts out of a pickle, without running anything that it names.

A pickle is a program for a small stack machine, and the usual machine imports and calls whatever
the program names. This one knows containers, numbers, texts, and how NumPy's arrays are written
down; a pickle that asks for anything else is refused, and nothing of it was run.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["read_pickle"]

TEXT, BYTES, NUMBER = "text", "bytes", "number"
SIZED = {  # opcode: the struct format of the length that follows, and what comes after it
    b"U": ("<B", BYTES),  # Python 2's str
    b"T": ("<i", BYTES),
    b"C": ("<B", BYTES),
    b"B": ("<I", BYTES),
    b"\x8e": ("<Q", BYTES),
    b"\x96": ("<Q", BYTES),
    b"\x8c": ("<B", TEXT),
    b"X": ("<I", TEXT),
    b"\x8d": ("<Q", TEXT),
    b"\x8a": ("<B", NUMBER),
}
PACKED = {b"K": "<B", b"M": "<H", b"J": "<i", b"G": ">d"}
CONSTANTS = {b"N": None, b"\x88": True, b"\x89": False, b")": ()}
TUPLES = {b"\x85": 1, b"\x86": 2, b"\x87": 3}
PUTS = {b"q": "<B", b"r": "<I"}
GETS = {b"h": "<B", b"j": "<I"}
SKIPPED = {b"\x80": 1, b"\x95": 8}  # the protocol's number, the size of a frame

NDARRAY, DTYPE = "numpy ndarray", "numpy dtype"
RECONSTRUCT = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
FROMBUFFER = ("numpy.core.numeric _frombuffer", "numpy._core.numeric _frombuffer")
KNOWN = frozenset({NDARRAY, DTYPE, *RECONSTRUCT, *FROMBUFFER})
PLAIN_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248])")


def read_pickle(content: bytes) -> Any:
    """What a pickle holds, if it is made of containers, numbers, texts and plain arrays alone.

    Args:
        content: a pickle of protocol 2 as Python 2 writes it, or 3 to 5 as Python 3 does.

    Returns:
        The value; where it is a dict, arrays in it are arrays. Texts that Python 2 wrote are
        bytes, but the keys of dicts are always str. Arrays cannot be written to.

    Raises:
        ValueError: if it is damaged or truncated, or asks for anything else.
    """
    return _finished(_Machine(content).run())


@dataclass(frozen=True)
class _Name:
    """Something that a pickle names, to be called."""

    name: str


class _DType:
    """A dtype in the making: its code comes first, its byte order later."""

    def __init__(self, code: Any) -> None:
        text = code.decode("latin-1") if isinstance(code, bytes) else code
        if not isinstance(text, str) or not PLAIN_DTYPE.fullmatch(text):
            raise ValueError(f"the dtype of an array is {_shown(code)}, which is not plain numbers")
        self.dtype: np.dtype[Any] = np.dtype(text)

    def build(self, state: Any) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) >= 2 else None
        if order in ("<", b"<", ">", b">"):
            self.dtype = self.dtype.newbyteorder("<" if order in ("<", b"<") else ">")
        elif order not in ("|", b"|", "=", b"="):
            raise ValueError(f"the byte order of an array is {_shown(order)}")


class _Array:
    """An array in the making."""

    def __init__(self) -> None:
        self.array: npt.NDArray[Any] | None = None

    def build(self, state: Any) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise ValueError("the description of an array does not have five parts")
        _, shape, dtype, is_fortran, data = state
        self.fill(data, dtype, shape, "F" if is_fortran else "C")

    def fill(self, data: Any, dtype: Any, shape: Any, order: Any) -> None:
        if not isinstance(data, bytes) or not isinstance(dtype, _DType) or order not in ("C", "F"):
            raise ValueError("an array is not described by bytes, a dtype and an order")
        if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
            raise ValueError("the shape of an array is no tuple of lengths")
        if math.prod(shape) * dtype.dtype.itemsize != len(data):
            raise ValueError(
                f"an array of shape {shape!r:.80} and dtype {dtype.dtype} has {len(data)} bytes"
            )
        self.array = np.frombuffer(data, dtype.dtype).reshape(shape, order=order)


class _Machine:
    """The stack machine, with no more than it takes."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0
        self._stack: list[Any] = []
        self._marked: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """What the pickle is of, still in the making."""
        while (opcode := self._take(1)) != b".":
            self._step(opcode)
        return self._pop()

    def _step(self, opcode: bytes) -> None:
        if opcode in SIZED:
            self._stack.append(self._sized(*SIZED[opcode]))
        elif opcode in PACKED:
            self._stack.append(self._number(PACKED[opcode]))
        elif opcode in PUTS:
            self._memo[self._number(PUTS[opcode])] = self._top()
        elif opcode in GETS:
            self._stack.append(self._remembered(self._number(GETS[opcode])))
        elif opcode in CONSTANTS:
            self._stack.append(CONSTANTS[opcode])
        elif opcode in TUPLES:
            self._stack.append(tuple(self._pop_many(TUPLES[opcode])))
        elif opcode in SKIPPED:
            self._take(SKIPPED[opcode])
        else:
            self._change(opcode)

    def _change(self, opcode: bytes) -> None:
        """Follow an opcode that changes what is on the stack."""
        match opcode:
            case b"(":
                self._marked.append(self._stack)
                self._stack = []
            case b"]":
                self._stack.append([])
            case b"}":
                self._stack.append({})
            case b"t":
                items = self._to_mark()
                self._stack.append(tuple(items))
            case b"a":
                self._extend(self._pop_many(1))
            case b"e":
                self._extend(self._to_mark())
            case b"s":
                self._update(self._pop_many(2))
            case b"u":
                self._update(self._to_mark())
            case b"\x94":
                self._memo[len(self._memo)] = self._top()
            case b"c":
                self._stack.append(_named(self._line(), self._line()))
            case b"\x93":
                self._stack.append(_named(*self._pop_many(2)))
            case b"R":
                self._stack.append(_call(*self._pop_many(2)))
            case b"b":
                self._build()
            case _:
                raise ValueError(
                    f"at byte {self._place - 1} it has the instruction {opcode!r}, which no pickle "
                    "of plain arrays has"
                )

    def _take(self, size: int) -> bytes:
        piece = self._content[self._place : self._place + size] if size >= 0 else b""
        if len(piece) != size:
            raise ValueError(f"it wants {size} bytes at byte {self._place}, but ends before")
        self._place += size
        return piece

    def _line(self) -> str:
        end = self._content.find(b"\n", self._place)
        if end < 0:
            raise ValueError(f"it wants a line at byte {self._place}, but ends before")
        line = self._take(end - self._place)
        self._place += 1
        return line.decode("latin-1")

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _sized(self, form: str, kind: str) -> Any:
        data = self._take(self._number(form))
        if kind == NUMBER:
            return int.from_bytes(data, "little", signed=True)
        return data.decode("utf-8", "surrogatepass") if kind == TEXT else data

    def _top(self) -> Any:
        if not self._stack:
            raise ValueError(f"before byte {self._place} its stack is empty")
        return self._stack[-1]

    def _pop(self) -> Any:
        self._top()
        return self._stack.pop()

    def _pop_many(self, count: int) -> list[Any]:
        return [self._pop() for _ in range(count)][::-1]

    def _to_mark(self) -> list[Any]:
        if not self._marked:
            raise ValueError(f"before byte {self._place} nothing is marked")
        items, self._stack = self._stack, self._marked.pop()
        return items

    def _remembered(self, key: int) -> Any:
        if key not in self._memo:
            raise ValueError(f"before byte {self._place} it asks for a value that it never gave")
        return self._memo[key]

    def _extend(self, items: list[Any]) -> None:
        target = self._top()
        if type(target) is not list:
            raise ValueError(f"before byte {self._place} it appends to no list")
        target.extend(items)

    def _update(self, items: list[Any]) -> None:
        target = self._top()
        if type(target) is not dict or len(items) % 2:
            raise ValueError(f"before byte {self._place} it sets items of no dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | bytes):
                raise ValueError(f"before byte {self._place} a key of a dict is no text")
            target[key.decode("latin-1") if isinstance(key, bytes) else key] = value

    def _build(self) -> None:
        state = self._pop()
        target = self._top()
        if not isinstance(target, _Array | _DType):
            raise ValueError(f"before byte {self._place} it sets the state of no array")
        target.build(state)


def _shown(value: Any) -> str:
    """A text, for an error; anything else by its kind alone, for it may be of any depth."""
    return f"{value!r:.40}" if isinstance(value, str | bytes) else f"a {type(value).__name__}"


def _named(module: Any, attribute: Any) -> _Name:
    if not isinstance(module, str) or not isinstance(attribute, str):
        raise ValueError("it asks for what has no name")
    name = f"{module} {attribute}"
    if name not in KNOWN:
        raise ValueError(
            f"it asks for {name!r:.80}, which plain arrays do not need; nothing of it was run"
        )
    return _Name(name)


def _call(function: Any, arguments: Any) -> _Array | _DType:
    if not isinstance(function, _Name) or type(arguments) is not tuple:
        raise ValueError("it calls what is no function")
    array = _Array()
    if function.name == DTYPE and arguments:
        return _DType(arguments[0])
    if function.name in RECONSTRUCT:
        return array
    if function.name in FROMBUFFER and len(arguments) == 4:
        array.fill(*arguments)
        return array
    raise ValueError(f"it calls {function.name} with {len(arguments)} arguments")


def _finished(value: Any) -> Any:
    if type(value) is dict:
        return {key: _finished_one(item) for key, item in value.items()}
    return _finished_one(value)


def _finished_one(value: Any) -> Any:
    if isinstance(value, _Name | _DType) or (isinstance(value, _Array) and value.array is None):
        raise ValueError("an array in it is not described to its end")
    return value.array if isinstance(value, _Array) else value
