"""What examples may lie in: arrays and lists, and by protocol the arrays of other libraries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import numpy as np

from fuel._selection import Selection

__all__ = ["ForeignArray", "adopt", "between", "select"]


@runtime_checkable
class _SharesMemory(Protocol):
    """An array in memory of another library: torch's tensors, JAX's arrays."""

    def __dlpack__(self, **kwargs: Any) -> Any:
        """The memory."""

    def __dlpack_device__(self) -> tuple[int, int]:
        """Where it is."""


@runtime_checkable
class _StoredArray(Protocol):
    """An array that is read part by part: Zarr's, h5py's, and those that act like them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""

    @property
    def dtype(self) -> Any:
        """Type of the elements."""

    def __getitem__(self, key: Any) -> Any:
        """A part."""


@runtime_checkable
class _Labelled(Protocol):
    """A column or a table of pandas: what it gives for an index goes by labels, not by places."""

    @property
    def iloc(self) -> Any:
        """Parts by place."""

    def to_numpy(self) -> np.ndarray:
        """All of it as an array."""


class ForeignArray:
    """A stored array of another library, which may want indices sorted and distinct.

    Args:
        array: has a shape, a dtype, and parts by index, slice and increasing list of indices.
        rows: which of its rows, with step 1; default all.
    """

    def __init__(self, array: _StoredArray, rows: range | None = None) -> None:
        self.array = array
        self.rows = range(array.shape[0]) if rows is None else rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: Any) -> Any:
        """A part, in memory: for an index an example, for a slice or a list a batch."""
        if isinstance(key, slice):
            part = self.rows[key]
            return np.asarray(self.array[part.start : part.stop : part.step])
        if not isinstance(key, list):
            return np.asarray(self.array[self.rows[key]])
        distinct, places = np.unique(key, return_inverse=True)
        return np.asarray(self.array[(distinct + self.rows.start).tolist()])[places]

    def between(self, start: int | None, stop: int | None) -> ForeignArray:
        """Some of the rows, not read yet."""
        return ForeignArray(self.array, self.rows[start:stop])


def adopt(container: Any) -> Any:
    """A container as what `select` reads from, without a copy of its data."""
    if isinstance(container, np.ndarray | list | tuple):
        return container
    if isinstance(container, _Labelled):
        return container.to_numpy()
    if isinstance(container, _SharesMemory) and container.__dlpack_device__()[0] == _CPU:
        return np.from_dlpack(container)
    if isinstance(container, _StoredArray) and len(container.shape) > 0:
        return ForeignArray(container)
    return container


def between(container: Any, start: int | None, stop: int | None) -> Any:
    """The examples of a container from `start` to before `stop`."""
    if isinstance(container, ForeignArray):
        return container.between(start, stop)
    return container[start:stop]


def select(container: Any, selection: Selection) -> Any:
    """Examples of a container that is no array of NumPy's.

    Several of them come as the container gives them if it takes slices and lists of indices, and
    else as a list; those of Python's own sequences always as a list.
    """
    if isinstance(selection, int):
        return container[selection]
    if isinstance(selection, slice):
        key: Any = selection
        places: Iterable[int] = range(selection.start, selection.stop, selection.step)
    else:
        key = places = selection.tolist()
    if isinstance(container, list) and isinstance(key, slice):
        return container[key]
    if isinstance(container, _ONE_BY_ONE):
        return [container[place] for place in places]
    try:
        return container[key]
    except TypeError:  # it takes single indices only
        return [container[place] for place in places]


_ONE_BY_ONE = (list, tuple, range, str, bytes)

_CPU = 1
"""DLPack's number of the CPU."""
