"""Values of variable length in an HDF5 file, found without HDF5.

Such a value is stored in a "global heap collection"; a row of its data set holds only its length,
the collection's address and the value's number in it (HDF5 File Format Specification 3.0, III.E
and VIII.A).
"""

import struct
from collections import OrderedDict

import numpy as np

__all__ = ["REFERENCE", "GlobalHeap"]

REFERENCE = np.dtype([("length", "<u4"), ("address", "<u8"), ("number", "<u4")])
"""What a row of a data set of variable length holds."""

SIGNATURE = b"GCOL\x01"
HEADER = struct.Struct("<5s3xQ")
"""Of a collection: its signature with version, and its size."""
OBJECT = struct.Struct("<HHIQ")
"""Before each value: its number, two fields that do not matter here, and its size in bytes."""
REMEMBERED = 256
"""Collections whose contents are kept; each takes some ten kilobytes."""


class GlobalHeap:
    """The values of variable length in a file.

    Args:
        file: the bytes of the whole file.
        path: its name, for messages.
    """

    def __init__(self, file: np.ndarray, path: str) -> None:
        self._bytes = memoryview(file)  # type: ignore[arg-type]  # NumPy arrays are buffers
        self._path = path
        self._collections: OrderedDict[int, dict[int, tuple[int, int]]] = OrderedDict()

    def values(self, address: int) -> dict[int, tuple[int, int]]:
        """For each value in a collection, by its number, where it starts and how long it is.

        Raises:
            OSError: if there is no collection at this address, or it is damaged.
        """
        found = self._collections.get(address)
        if found is None:
            found = self._collections[address] = self._parsed(address)
            if len(self._collections) > REMEMBERED:
                self._collections.popitem(last=False)
        return found

    def start_of(self, address: int, number: int, size: int) -> int:
        """Where a value of `size` bytes starts in the file.

        Raises:
            OSError: if there is no such value.
        """
        start, stored = self.values(address).get(number, (0, -1))
        if stored != size:
            raise self._damage(f"value {number} of {size} bytes is not in the heap at {address}")
        return start

    def _parsed(self, address: int) -> dict[int, tuple[int, int]]:
        length = len(self._bytes)
        if not 0 < address <= length - HEADER.size:
            raise self._damage(f"a heap is said to be at byte {address} of {length}")
        signature, size = HEADER.unpack_from(self._bytes, address)
        stop = address + size
        if signature != SIGNATURE or stop > length:
            raise self._damage(f"there is no heap at byte {address}")
        values = {}
        place = address + HEADER.size
        while place + OBJECT.size <= stop:
            number, _, _, size = OBJECT.unpack_from(self._bytes, place)
            if number == 0 and size == stop - place:  # the rest is free
                break
            place += OBJECT.size
            if number == 0 or number in values or size > stop - place:
                raise self._damage(f"the values do not fill the heap at byte {address}")
            values[number] = (place, size)
            place += -(-size // 8) * 8
        return values

    def _damage(self, what: str) -> OSError:
        return OSError(f"{self._path} is damaged: {what}; download or convert it anew")
