"""Large arrays of MATLAB files of version 5, read in blocks.

The format is described in MathWorks' "MAT-File Format". A file is a header of 128 bytes and a row
of elements, each a tag (type, length) and data; an element of type 15 is another one, deflated.
An array is an element of type 14 and holds four: flags, lengths of the axes, name, numbers. The
numbers are in Fortran's order, so that a block along the last axis is in one piece.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

__all__ = ["MatArray", "mat_arrays"]

HEADER = 128
LITTLE_ENDIAN = b"\x00\x01IM"
MATRIX, DEFLATED = 14, 15
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4"}
COMPLEX = 0x800
PIECE = 1 << 20
LONGEST_TEXT = 256  # of the lengths of axes, and of a name
DAMAGE = (struct.error, zlib.error, EOFError, OverflowError)


@dataclass(frozen=True, kw_only=True)
class MatArray:
    """An array in a MATLAB file, not yet read.

    Attributes:
        path: the file.
        name: of the array.
        shape: of the array.
        dtype: of the array.
        stored: the dtype in the file, which may be a smaller one.
        element: where in the file its element begins.
        offset: where in the element its numbers begin.
    """

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    stored: np.dtype[Any]
    element: int
    offset: int

    def blocks(self, count: int) -> Iterator[npt.NDArray[Any]]:
        """The array cut along its last axis into pieces of `count`, the last perhaps shorter.

        Raises:
            ValueError: if the file is damaged or truncated.
        """
        rest = self.shape[-1]
        with _damage_of(self.path), self.path.open("rb") as file:
            numbers = _Element(file, self.element)
            numbers.read(self.offset)
            while rest:
                shape = (*self.shape[:-1], min(rest, count))
                content = numbers.read(math.prod(shape) * self.stored.itemsize)
                block = np.frombuffer(content, self.stored).reshape(shape, order="F")
                yield block.astype(self.dtype, copy=False)
                rest -= shape[-1]
            numbers.finish()


def mat_arrays(path: str | os.PathLike[str]) -> dict[str, MatArray]:
    """The arrays of real numbers in a MATLAB file, by name; of other variables nothing is read.

    Raises:
        ValueError: if it is no MATLAB file of version 5, or a damaged one.
        OSError: if it cannot be read.
    """
    path = Path(path)
    arrays = {}
    with _damage_of(path), path.open("rb") as file:
        header = file.read(HEADER)
        if len(header) < HEADER or not header.endswith(LITTLE_ENDIAN):
            raise ValueError(f"{path} is no MATLAB file of version 5, or a damaged one")
        size = file.seek(0, os.SEEK_END)
        start = HEADER
        while start < size:
            element = _Element(file, start)
            if element.kind == MATRIX and (array := _array(path, element, start)) is not None:
                arrays[array.name] = array
            start = element.stop
        if start > size:
            raise EOFError(f"{start - size} bytes are missing at its end")
    return arrays


class _Element:
    """One element of a file, inflated if need be, read from its beginning."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        file.seek(start)
        self._file = file
        self.kind, self._packed = struct.unpack("<II", file.read(8))
        self.stop = start + 8 + self._packed
        self._inflater = zlib.decompressobj() if self.kind == DEFLATED else None
        self._rest = self._packed
        self.position = 0
        if self._inflater is not None:
            self.kind, self._rest = struct.unpack("<II", self._take(8))

    def read(self, size: int) -> bytes:
        """So many bytes; they must be there."""
        if size > self._rest:
            raise EOFError("an array ends early")
        self._rest -= size
        self.position += size
        return self._take(size)

    def tag(self) -> tuple[int, int, bytes | None]:
        """Type and length of the element within it that comes next; and its data, if short."""
        tag = self.read(8)
        kind, size = struct.unpack("<II", tag)
        if kind >> 16:
            return kind & 0xFFFF, kind >> 16, tag[4 : 4 + (kind >> 16)]
        return kind, size, None

    def text(self) -> bytes:
        """The data of the next element within it, which must be short."""
        _, size, data = self.tag()
        if size > LONGEST_TEXT:
            raise EOFError(f"a header has {size} bytes")
        return self.read(size + -size % 8)[:size] if data is None else data

    def finish(self) -> None:
        """Read to the end of the packing, so that its checksum is verified."""
        while self._rest:
            self.read(min(PIECE, self._rest))
        if self._inflater is not None and (self._inflate(1) or not self._inflater.eof):
            raise EOFError("an array does not end where it should")

    def _take(self, size: int) -> bytes:
        pieces = []
        while size:
            piece = self._file.read(size) if self._inflater is None else self._inflate(size)
            if not piece:
                raise EOFError("it ends early")
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _inflate(self, size: int) -> bytes:
        inflater = self._inflater
        assert inflater is not None
        while not inflater.eof:
            packed = inflater.unconsumed_tail
            if not packed:
                packed = self._file.read(min(PIECE, self._packed))
                self._packed -= len(packed)
            piece = inflater.decompress(packed, size)
            if piece or not packed:
                return piece
        return b""


def _array(path: Path, element: _Element, start: int) -> MatArray | None:
    flags = struct.unpack("<II", element.text())[0]
    dims = element.text()
    name = element.text()
    if flags & COMPLEX or flags & 0xFF not in CLASSES:
        return None
    kind, size, data = element.tag()
    shape = struct.unpack(f"<{len(dims) // 4}i", dims)
    if kind not in TYPES or min(shape, default=-1) < 0:
        raise EOFError(f"the array {name!r} has numbers of type {kind} in shape {shape}")
    stored = np.dtype(TYPES[kind]).newbyteorder("<")
    if size != math.prod(shape) * stored.itemsize:
        raise EOFError(f"the array {name!r} of shape {shape} has {size} bytes of {stored}")
    return MatArray(
        path=path,
        name=name.decode("ascii", "replace"),
        shape=shape,
        dtype=np.dtype(CLASSES[flags & 0xFF]),
        stored=stored,
        element=start,
        offset=element.position - (0 if data is None else 4),
    )


@contextmanager
def _damage_of(path: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise ValueError(f"{path} is damaged: {error}; fetch it anew") from error
