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
OBJECT = struct.Struct("<H6xQ")
"""Before each value: its number, what does not matter here, and its size in bytes."""
BYTES = 16
"""Of a header, and of what is before each value."""
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
        # numbers at every byte, so that those at any places are gathered at once
        self._octets = file
        self._numbers = np.ndarray((max(0, len(file) - 1),), "<u2", file, strides=(1,))
        self._sizes = np.ndarray((max(0, len(file) - 7),), "<u8", file, strides=(1,))
        self._path = path
        self._collections: OrderedDict[int, np.ndarray] = OrderedDict()

    def starts_of(self, references: np.ndarray, item: int) -> np.ndarray:
        """Where values start in the file.

        Args:
            references: `(values,)` `REFERENCE`s, none of length 0.
            item: bytes of an element.

        Raises:
            OSError: if one of the values is not there.
        """
        starts = self.starts_at_a_glance(references, item)
        missing = np.flatnonzero(starts == 0)
        for places in _by_address(references[missing]):
            some = references[missing[places]]
            found = self.starts_in(some, item)
            if not found.all():
                wrong = some[int(found.argmin())]
                raise self._damage(
                    f"value {wrong['number']} of {int(wrong['length']) * item} bytes is not in the "
                    f"heap at {wrong['address']}"
                )
            starts[missing[places]] = found
        return starts

    def starts_at_a_glance(self, references: np.ndarray, item: int) -> np.ndarray:
        """Where values start in the file, as far as that is seen without looking at others.

        Values of a collection are stored one after the other, mostly in the order of their numbers.
        So where its first value is asked for, and the second and so on, each is looked for where
        the one before ends.

        Args:
            references: `(values,)` `REFERENCE`s, none of length 0.
            item: bytes of an element.

        Returns:
            `(values,)` first bytes; 0 where it is not seen.
        """
        starts = np.zeros(len(references), np.int64)
        within = np.flatnonzero(references["address"] < max(0, len(self._bytes) - 2 * BYTES))
        if not len(within):
            return starts
        key = references["address"][within].astype(np.int64) << 16 | references["number"][within]
        within = within[np.argsort(key, kind="stable")]
        addresses = references["address"][within].astype(np.int64)
        numbers = references["number"][within].astype(np.int64)
        sizes = references["length"][within].astype(np.int64) * item
        firsts = np.flatnonzero(np.concatenate(([True], np.diff(addresses) != 0)))
        counts = np.diff(np.append(firsts, len(within)))
        first = np.repeat(firsts, counts)
        stops = np.repeat(self._stops(addresses[firsts]), counts)
        steps = BYTES + (sizes + 7 & ~7)
        before = np.cumsum(steps) - steps
        found = addresses + 2 * BYTES + before - before[first]
        good = (numbers == np.arange(1, len(within) + 1) - first) & (found + sizes <= stops)
        headers = np.where(good, found - BYTES, 0)
        good &= self._numbers[headers] == numbers
        good &= self._sizes[headers + 8] == sizes.astype(np.uint64)
        wrong = np.cumsum(~good)
        good &= good[first] & (wrong == wrong[first])  # all from the first one on
        starts[within[good]] = found[good]
        return starts

    def start_of(self, address: int, number: int, size: int) -> int:
        """Where a value of `size` bytes starts in the file.

        Raises:
            OSError: if there is no such value.
        """
        values = self._values(address)
        start, stored = values[number].tolist() if number < len(values) else (0, 0)
        if not start or stored != size:
            raise self._damage(f"value {number} of {size} bytes is not in the heap at {address}")
        return int(start)

    def starts_in(self, references: np.ndarray, item: int) -> np.ndarray:
        """Where values of one collection start; 0 for those that are not there.

        Args:
            references: one or more `REFERENCE`s with one address.
            item: bytes of an element.

        Raises:
            OSError: if there is no collection at this address, or it is damaged.
        """
        values = self._values(int(references["address"][0]))
        numbers = references["number"].astype(np.int64)
        found = values[np.minimum(numbers, len(values) - 1)]
        sizes = references["length"].astype(np.int64) * item
        there = (numbers < len(values)) & (found[:, 1] == sizes)
        return np.where(there, found[:, 0], 0)

    def _values(self, address: int) -> np.ndarray:
        """Where each value of a collection starts, and how long it is: a row for each number.

        Numbers of no value have a start of 0.

        Raises:
            OSError: if there is no collection at this address, or it is damaged.
        """
        found = self._collections.get(address)
        if found is None:
            found = self._collections[address] = self._parsed(address)
            if len(self._collections) > REMEMBERED:
                self._collections.popitem(last=False)
        return found

    def _stops(self, addresses: np.ndarray) -> np.ndarray:
        """The byte behind each collection; 0 where there is none."""
        signatures = np.stack([self._octets[addresses + place] for place in range(5)])
        wanted = np.frombuffer(SIGNATURE, np.uint8)[:, None]
        sizes = np.minimum(self._sizes[addresses + 8], len(self._bytes)).astype(np.int64)
        stops = addresses + sizes
        there = (signatures == wanted).all(axis=0) & (stops <= len(self._bytes))
        return np.where(there, stops, 0)

    def _parsed(self, address: int) -> np.ndarray:
        length = len(self._bytes)
        if not 0 < address <= length - HEADER.size:
            raise self._damage(f"a heap is said to be at byte {address} of {length}")
        signature, size = HEADER.unpack_from(self._bytes, address)
        stop = address + size
        if signature != SIGNATURE or stop > length:
            raise self._damage(f"there is no heap at byte {address}")
        numbers, places, sizes = [], [], []
        place = address + HEADER.size
        unpack, file = OBJECT.unpack_from, self._bytes
        while place + OBJECT.size <= stop:
            number, size = unpack(file, place)
            if number == 0:
                break
            place += OBJECT.size
            numbers.append(number)
            places.append(place)
            sizes.append(size)
            place += size + 7 & ~7
        is_full = place + OBJECT.size > stop or size == stop - place  # or the rest is free
        if place > stop or not is_full or len(set(numbers)) < len(numbers):
            raise self._damage(f"the values do not fill the heap at byte {address}")
        table = np.zeros((max(numbers, default=0) + 1, 2), np.int64)
        table[numbers, 0] = places
        table[numbers, 1] = sizes
        return table

    def _damage(self, what: str) -> OSError:
        return OSError(f"{self._path} is damaged: {what}; download or convert it anew")


def _by_address(references: np.ndarray) -> list[np.ndarray]:
    """The places of references into the same collection, for each collection."""
    addresses = references["address"]
    order = np.argsort(addresses, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(addresses[order])) + 1) if len(order) else []
