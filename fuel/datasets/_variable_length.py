"""A look at values of variable length before HDF5 itself reads them.

HDF5 trusts what is stored of where they are: one flipped bit there can crash the process, or keep
it busy for ever.
"""

import math
from collections.abc import Iterator

import h5py
import numpy as np

from fuel.datasets._filters import DamageError, Filters
from fuel.datasets._global_heap import REFERENCE, GlobalHeap
from fuel.datasets._readers import map_file

__all__ = ["check_values", "is_plain"]


def check_values(dataset: h5py.Dataset) -> None:
    """Refuse a data set if values of variable length in it are not where it says.

    They may be its elements, in fields of them, or in values of variable length in turn. Not looked
    at are those of a kind of storage that only HDF5 knows (packed by other filters than it has by
    itself, virtual, external, or compact), or in a file that is open for writing, is not a plain
    one, has a user block, or addresses of fewer than 8 bytes.

    Args:
        dataset: of an open file.

    Raises:
        OSError: if they are not.
    """
    if not dataset.size or not dataset.dtype.hasobject or dataset.is_virtual or dataset.external:
        return
    kind, h5file = dataset.id.get_type(), dataset.file
    if not _is_variable(kind) or not is_plain(h5file):
        return
    file = map_file(h5file.filename)
    heap = GlobalHeap(file, h5file.filename)
    for rows in _stored(dataset, file, _size(kind)):
        _check(rows, kind, heap, file)


def is_plain(h5file: h5py.File) -> bool:
    """Whether a file is open for reading only, and its addresses are places in one file."""
    return (
        h5file.driver == "sec2"
        and h5file.mode == "r"
        and h5file.userblock_size == 0
        and h5file.id.get_create_plist().get_sizes() == (8, 8)
    )


def _stored(dataset: h5py.Dataset, file: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """The elements of a data set as they are stored, `(elements, bytes of an element)`."""
    offset = dataset.id.get_offset()
    if dataset.chunks is None:
        if offset is None:  # compact, or never written
            return
        rows = file[offset : offset + dataset.size * size]
        if len(rows) < dataset.size * size:
            raise OSError(
                f"{dataset.name.lstrip('/')!r} goes on to byte {offset + dataset.size * size}, "
                f"but the file has {len(file)}"
            )
        yield rows.reshape(-1, size)
        return
    filters = Filters.of(dataset)
    if filters is None:
        return
    chunks: list[h5py.h5d.StoreInfo] = []
    dataset.id.chunk_iter(chunks.append)
    for chunk in chunks:
        packed = file[chunk.byte_offset : chunk.byte_offset + chunk.size]
        try:
            rows = filters.undo(packed, chunk.filter_mask, math.prod(dataset.chunks) * size)
        except DamageError as error:
            raise OSError(
                f"the chunk of {dataset.name.lstrip('/')!r} at byte {chunk.byte_offset} cannot be "
                f"read: {error}"
            ) from error
        used = zip(chunk.chunk_offset, dataset.shape, strict=True)
        inside = tuple(slice(max(0, length - start)) for start, length in used)
        yield rows.reshape(*dataset.chunks, size)[inside].reshape(-1, size)


def _check(rows: np.ndarray, kind: h5py.h5t.TypeID, heap: GlobalHeap, file: np.ndarray) -> None:
    """Check elements of one type, `(elements, bytes of an element)`."""
    if isinstance(kind, h5py.h5t.TypeCompoundID):
        for start, member in _members(kind):
            if _is_variable(member):
                _check(rows[:, start : start + _size(member)], member, heap, file)
    elif isinstance(kind, h5py.h5t.TypeArrayID):
        inner = kind.get_super()
        _check(np.ascontiguousarray(rows).reshape(-1, _size(inner)), inner, heap, file)
    else:
        inner = None if isinstance(kind, h5py.h5t.TypeStringID) else kind.get_super()
        item = 1 if inner is None else _size(inner)
        references = np.ascontiguousarray(rows).view(REFERENCE)[:, 0]
        references = references[(references["length"] > 0) | (references["address"] > 0)]
        starts = heap.starts_of(references, item)
        if inner is not None and _is_variable(inner):
            sizes = references["length"].astype(np.int64) * item
            for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
                _check(file[start : start + size].reshape(-1, item), inner, heap, file)


def _members(kind: h5py.h5t.TypeCompoundID) -> Iterator[tuple[int, h5py.h5t.TypeID]]:
    """Where each field of an element starts in the file, and its type.

    HDF5 tells where it starts in memory, where a text takes the bytes of a pointer.
    """
    numbers = range(kind.get_nmembers())
    moved = 0
    for number in sorted(numbers, key=kind.get_member_offset):
        member = kind.get_member_type(number)
        yield kind.get_member_offset(number) + moved, member
        moved += _size(member) - member.get_size()


def _size(kind: h5py.h5t.TypeID) -> int:
    """Bytes that an element takes in the file."""
    if isinstance(kind, h5py.h5t.TypeCompoundID):
        members = (kind.get_member_type(number) for number in range(kind.get_nmembers()))
        return kind.get_size() + sum(_size(member) - member.get_size() for member in members)
    if isinstance(kind, h5py.h5t.TypeArrayID):
        return math.prod(kind.get_array_dims()) * _size(kind.get_super())
    if isinstance(kind, h5py.h5t.TypeVlenID) or _is_text(kind):
        return REFERENCE.itemsize
    return int(kind.get_size())


def _is_text(kind: h5py.h5t.TypeID) -> bool:
    return isinstance(kind, h5py.h5t.TypeStringID) and bool(kind.is_variable_str())


def _is_variable(kind: h5py.h5t.TypeID) -> bool:
    """Whether there are values of variable length in elements of a type."""
    if isinstance(kind, h5py.h5t.TypeCompoundID):
        members = (kind.get_member_type(number) for number in range(kind.get_nmembers()))
        return any(map(_is_variable, members))
    if isinstance(kind, h5py.h5t.TypeArrayID):
        return _is_variable(kind.get_super())
    return isinstance(kind, h5py.h5t.TypeVlenID) or _is_text(kind)
