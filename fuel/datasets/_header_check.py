"""A look at the attributes of an HDF5 file before HDF5 itself reads them.

HDF5 trusts what attributes say of values of variable length (labels of axes, attached scales):
one flipped bit there, or where these values are, can crash the process, or keep it busy for ever.
So they are checked first, as far as they are in object headers (HDF5 File Format Specification 3.0,
IV.A); only in files of the newest format, and more than eight on one object, are they elsewhere.
"""

import math
import struct
from collections.abc import Iterator

import h5py
import numpy as np

from fuel.datasets._global_heap import REFERENCE, GlobalHeap
from fuel.datasets._readers import map_file
from fuel.datasets._variable_length import is_plain

__all__ = ["check_attributes"]

PREFIX = struct.Struct("<BxHIIxxxx")
"""Of an object header: version, number of messages, reference count, bytes of messages."""
MESSAGE = struct.Struct("<HHBxxx")
"""Before each message: its kind, bytes, and flags."""
NEW_HEADER = b"OHDR\x02"
"""What one of version 2 begins with; it has flags, sizes and messages, and ends with a checksum."""
PLAIN, ORDERED = struct.Struct("<BHB"), struct.Struct("<BHBxx")
"""Before each message there, without or with its place in the order of creation."""
SPAN = struct.Struct("<QQ")
"""Where more messages are: address and bytes."""
SIZES = struct.Struct("<BBHHH")
"""Of an attribute: version, flags, bytes of its name, datatype and dataspace."""

CONTINUATION, ATTRIBUTE = 0x10, 0x0C
SHARED = 2
"""Flag of a message that only says where the real one is."""
VARIABLE_LENGTH = 9
"""Class of the datatype of values of variable length."""
KNOWN = {b"DIMENSION_LIST": (VARIABLE_LENGTH, 0), b"DIMENSION_LABELS": (VARIABLE_LENGTH, 1)}
"""Class and kind (0: a sequence, 1: a string) of attributes that HDF5 makes itself."""
TEXT = 1
"""Kind of values of variable length; the one below is a sequence."""
MOST_PADDING = 2
"""The greatest number of a way to pad texts."""
PADDING = 8
NULL = 2
"""Kind of a dataspace that holds nothing."""
HAS_LIMITS = 1
"""Flag of a dataspace that says how long its axes may become."""


def check_attributes(h5file: h5py.File) -> None:
    """Refuse a file if its root or a data set has attributes HDF5 would stumble over.

    Args:
        h5file: a file open for reading only; others than plain ones are not looked at.

    Raises:
        OSError: if there is one.
    """
    if not is_plain(h5file):
        return
    file = map_file(h5file.filename)
    heap = GlobalHeap(file, h5file.filename)
    ranks: dict[str, int] = {}

    def note(name: str, item: h5py.Dataset | h5py.Group | None) -> None:
        if isinstance(item, h5py.Dataset):
            ranks[name] = item.ndim

    h5file.visititems(note)
    for name in h5file:  # also those that links lead to
        note(name, h5file.get(name))
    for name, rank in {"/": 0, **ranks}.items():
        address = h5py.h5o.get_info(h5file[name].id).addr
        for body in _attributes(memoryview(file), address):  # type: ignore[arg-type]
            try:
                _check(body, heap, rank)
            except (struct.error, IndexError, ValueError) as error:
                raise OSError(f"an attribute of {name!r} makes no sense: {error}") from error


def _attributes(file: memoryview, address: int) -> Iterator[memoryview]:
    """The attributes in an object header, as far as they are in it."""
    if bytes(file[address : address + len(NEW_HEADER)]) == NEW_HEADER:
        flags = file[address + len(NEW_HEADER)]
        place = address + len(NEW_HEADER) + 1 + 16 * bool(flags & 0x20) + 4 * bool(flags & 0x10)
        width = 1 << (flags & 3)  # of the field that holds the number of bytes of messages
        spans = [(place + width, int.from_bytes(file[place : place + width], "little"))]
        message, around = (ORDERED if flags & 4 else PLAIN), 4
        count = len(file)  # as many as fit
    else:
        version, count, _, size = PREFIX.unpack_from(file, address)
        if version != 1:
            return
        spans, message, around = [(address + PREFIX.size, size)], MESSAGE, 0
    while spans and count > 0:
        place, size = spans.pop(0)
        stop = min(place + size, len(file))
        while place + message.size <= stop and count > 0:
            kind, length, flags = message.unpack_from(file, place)
            place += message.size
            count -= 1
            body = file[place : min(place + length, stop)]
            place += length
            if kind == CONTINUATION and len(body) >= SPAN.size:
                start, size = SPAN.unpack_from(body)
                spans.append((start + around, size - 2 * around))  # signature and checksum
            elif kind == ATTRIBUTE and not flags & SHARED:
                yield body


def _check(body: memoryview, heap: GlobalHeap, rank: int) -> None:
    """Refuse an attribute whose value is shorter than its type, or points to what is not there."""
    version, flags, *lengths = SIZES.unpack_from(body)
    if version > 1 and flags:  # its type is stored elsewhere
        return
    place = SIZES.size + (version == 3)
    parts = []
    for length in lengths:
        parts.append(body[place : place + length])
        place += -(-length // 8) * 8 if version == 1 else length
    name, datatype, dataspace = parts
    count = _count(dataspace)
    element, size = datatype[0] & 15, int.from_bytes(datatype[4:8], "little")
    value = body[place:]
    if not 0 <= len(value) - count * size < PADDING:
        raise ValueError(f"{count} values of {size} bytes are said to be in {len(value)} bytes")
    known = KNOWN.get(bytes(name).rstrip(b"\0"))
    if known is not None and (element, datatype[1] & 15, count) != (*known, rank):
        raise ValueError(f"{bytes(name)!r} is of another type or size than HDF5 gives it")
    if element == VARIABLE_LENGTH and size == REFERENCE.itemsize:
        if datatype[1] & 15 > TEXT or datatype[1] >> 4 > MOST_PADDING:
            raise ValueError("its values of variable length are neither sequences nor texts")
        inner = int.from_bytes(datatype[12:16], "little")
        for reference in np.frombuffer(value, REFERENCE, count):
            length, address, number = (int(field) for field in reference)
            if length:
                heap.start_of(address, number, length * inner)


def _count(dataspace: memoryview) -> int:
    version, rank, flags = dataspace[0], dataspace[1], dataspace[2]
    if version not in (1, 2):
        raise ValueError(f"its dataspace has the version {version}")
    if version == 2 and dataspace[3] == NULL:
        return 0
    start = 8 if version == 1 else 4
    lengths = struct.unpack_from(f"<{rank}Q", dataspace, start)
    if flags & HAS_LIMITS:
        limits = struct.unpack_from(f"<{rank}Q", dataspace, start + 8 * rank)
        if any(limit < length for limit, length in zip(limits, lengths, strict=True)):
            raise ValueError(f"it has lengths {lengths} above their limits {limits}")
    return math.prod(lengths)
