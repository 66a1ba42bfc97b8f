"""Undoing HDF5's common filters without HDF5, whose lock lets only one thread unpack at a time."""

import importlib
import importlib.util
import zlib
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

__all__ = ["DamageError", "Filters"]

KNOWN = (h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32)
CHECKSUM = 4
"""Bytes that the checksum filter appends."""
MODULUS = 65535


class DamageError(Exception):
    """Stored bytes that no writer made; the message says how they show it."""


@dataclass(frozen=True)
class Filters:
    """What was done to each chunk of a data set before it was stored.

    Attributes:
        steps: number and first parameter of each filter, in the order of writing.
    """

    steps: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, dataset: h5py.Dataset) -> "Filters | None":
        """The filters of a data set in an open file; None if one of them is not known here."""
        creation = dataset.id.get_create_plist()
        steps = []
        for place in range(creation.get_nfilters()):
            number, _, parameters, _ = creation.get_filter(place)
            steps.append((number, parameters[0] if parameters else 0))
        return cls(tuple(steps)) if all(number in KNOWN for number, _ in steps) else None

    def undo(self, stored: np.ndarray, skipped: int, size: int) -> np.ndarray:
        """The bytes of a chunk.

        Args:
            stored: unsigned bytes, as they are in the file.
            skipped: bit `i` is set if the filter at place `i` was not applied.
            size: how many bytes there were before the filters.

        Raises:
            DamageError: if the bytes cannot have come from that many.
        """
        applied = [step for place, step in enumerate(self.steps) if not skipped >> place & 1]
        for place in range(len(applied) - 1, -1, -1):
            number, parameter = applied[place]
            if number == h5py.h5z.FILTER_DEFLATE:
                checksums = sum(step[0] == h5py.h5z.FILTER_FLETCHER32 for step in applied[:place])
                stored = _inflated(stored, size + CHECKSUM * checksums)
            elif number == h5py.h5z.FILTER_SHUFFLE:
                stored = _unshuffled(stored, parameter)
            else:
                stored = _verified(stored)
        if len(stored) != size:
            raise DamageError(f"it has {len(stored)} bytes instead of {size}")
        return stored


def _fastest_zlib() -> Any:
    """A module like `zlib`: zlib-ng and ISA-L unpack two to three times as fast."""
    for package, module in (("zlib_ng", "zlib_ng.zlib_ng"), ("isal", "isal.isal_zlib")):
        if importlib.util.find_spec(package) is not None:
            return importlib.import_module(module)
    return zlib


ZLIB = _fastest_zlib()


def _inflated(stored: np.ndarray, size: int) -> np.ndarray:
    unpacker = ZLIB.decompressobj()
    try:
        # one byte of room is left, so that the end of the stream and its checksum are reached
        unpacked = unpacker.decompress(stored, size + 1)
    except ZLIB.error as error:
        raise DamageError(f"it cannot be unpacked: {error}") from error
    if len(unpacked) != size or not unpacker.eof:
        raise DamageError(f"it does not unpack to {size} bytes")
    return np.frombuffer(unpacked, np.uint8)


def _unshuffled(stored: np.ndarray, width: int) -> np.ndarray:
    """Elements of `width` bytes, of which first all first bytes were stored, then all second..."""
    count = len(stored) // width if width > 1 else 0
    if count < 2:
        return stored
    whole = count * width
    elements = stored[:whole].reshape(width, count).T.reshape(-1)
    return np.concatenate((elements, stored[whole:])) if whole < len(stored) else elements


def _verified(stored: np.ndarray) -> np.ndarray:
    """Bytes without their checksum (Fletcher 1982, of 16-bit words, most significant byte first).

    With words w_1 ... w_n the two sums are a = w_1 + ... + w_n and b = n w_1 + ... + 1 w_n modulo
    65535; HDF5 stores b and a as one little-endian number, with 65535 and 0 for the same remainder.
    """
    if len(stored) < CHECKSUM:
        raise DamageError(f"its {len(stored)} bytes are too few to hold a checksum")
    data, end = stored[:-CHECKSUM], stored[-CHECKSUM:].tobytes()
    even = np.concatenate((data, np.zeros(1, np.uint8))) if len(data) % 2 else data
    words = even.view(">u2").astype(np.uint64)
    weights = np.arange(len(words), 0, -1, dtype=np.uint64) % MODULUS
    found = (int((words * weights % MODULUS).sum()) % MODULUS, int(words.sum()) % MODULUS)
    stated = int.from_bytes(end, "little")
    if found != ((stated >> 16) % MODULUS, (stated & 0xFFFF) % MODULUS):
        raise DamageError("its checksum does not match")
    return data
