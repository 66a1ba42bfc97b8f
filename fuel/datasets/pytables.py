"""Data sets in HDF5 files that PyTables wrote."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

import h5py
import numpy as np

from fuel._streams._context import new_array
from fuel._subset import Subset
from fuel.datasets._dataset import Dataset
from fuel.datasets._layout import DAMAGE
from fuel.datasets._plan import ReadPlan
from fuel.datasets._source_file import SourceFile

__all__ = ["PytablesDataset"]


class PytablesDataset(Dataset):
    """Arrays side by side under one node of a PyTables file.

    Such a file is plain HDF5, and is read without PyTables, as `H5PYDataset` reads its files.

    Args:
        path: of the file.
        sources: names of the sources, in this order.
        start: the first example to use.
        stop: one past the last example to use; default the length of the first array.
        data_node: name of the group that holds the arrays.
        sources_in_file: names of the arrays, in the order of `sources`; default the same names.

    Attributes:
        nodes: names of the arrays in the file, with their group.
        num_examples: how many examples are used.

    Raises:
        FileNotFoundError: if there is no such file.
        OSError: if it is no HDF5 file, or a damaged one.
        ValueError: if there is no such node or array, if arrays are shorter than `stop`, or if
            `sources_in_file` are not as many as `sources`.
    """

    stateless = True
    _plan: ReadPlan | None

    def __init__(
        self,
        path: str | os.PathLike[str],
        sources: Sequence[str],
        start: int = 0,
        stop: int | None = None,
        data_node: str = "Data",
        sources_in_file: Sequence[str] | None = None,
    ) -> None:
        self.path = os.fspath(path)
        self.provides_sources = (sources,) if isinstance(sources, str) else tuple(sources)
        if not self.provides_sources:
            raise ValueError("sources is empty; name at least one array")
        in_file = self.provides_sources if sources_in_file is None else sources_in_file
        self.sources_in_file = (in_file,) if isinstance(in_file, str) else tuple(in_file)
        if len(self.sources_in_file) != len(self.provides_sources):
            raise ValueError(
                f"sources_in_file names {self.sources_in_file}, but there must be one for each of "
                f"the sources {self.provides_sources}"
            )
        super().__init__(self.provides_sources)
        self.data_node = data_node
        self.nodes = [f"/{data_node}/{name}" for name in self.sources_in_file]
        self.start = start
        self.stop = stop
        self._forget()
        self._choose_rows()

    def open_file(self, path: str | os.PathLike[str]) -> None:
        """Read from another file, the same rows of arrays with the same names.

        Raises:
            ValueError: if they are not there.
        """
        self.close_file()
        self.path = os.path.abspath(path)
        self._forget()
        self._choose_rows()

    def load(self) -> None:
        """Make ready to read; it is done by itself when needed."""
        self._open()

    def close_file(self) -> None:
        """Close the file; asking for data opens it again."""
        self._plan = None
        self._file.close()

    def close(self, state: Any) -> None:
        """Close the file; asking for data opens it again."""
        self.close_file()

    def get_data(self, state: Any = None, request: Any = None) -> list[Any]:
        """Copies of the examples of a request, as a list.

        Args:
            state: ignored.
            request: a slice, or a list, tuple or array of integers, counted from `start`.

        Raises:
            OSError: if the file is damaged, or was truncated since it was opened.
            ValueError: if the request is empty, reaches outside of the data, or is of another kind.
        """
        if not isinstance(request, slice | Sequence | np.ndarray):
            raise ValueError(
                f"the request {request!r} is neither a slice nor a list of indices; use a scheme "
                "of batches"
            )
        plan = self._open()
        self._file.check_length()
        return list(plan.read(request, new_array))

    def fingerprint(self) -> str:
        """The rows of the examples."""
        return f"{self.num_examples} examples ({self._subsets[0].description})"

    def __getstate__(self) -> dict[str, Any]:
        """Everything but what was opened; it is opened again from the path."""
        kept = {name: value for name, value in vars(self).items() if name not in _OPENED}
        return {**kept, "path": os.path.abspath(self.path)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._forget()

    def _forget(self) -> None:
        self._plan = None
        self._file = SourceFile(self.path)

    def _choose_rows(self) -> None:
        with self._file.opened() as h5file:
            try:
                lengths = [len(_array(h5file, node)) for node in self.nodes]
            except DAMAGE as error:
                raise OSError(
                    f"{self.path} is damaged: {error}; download or convert it anew"
                ) from error
        stop = lengths[0] if self.stop is None else self.stop
        pairs = zip(self.nodes, lengths, strict=True)
        self._subsets = [self._subset(node, length, stop) for node, length in pairs]
        self.stop = stop
        self.num_examples = self._subsets[0].num_examples

    def _subset(self, node: str, length: int, stop: int) -> Subset:
        if not 0 <= self.start < stop <= length:
            raise ValueError(
                f"start={self.start} and stop={stop} do not fit the {length} examples of "
                f"{node} in {self.path}; choose 0 <= start < stop <= {length}"
            )
        return Subset(slice(self.start, stop), length)

    def _open(self) -> ReadPlan:
        with self._file.lock:
            if self._plan is None or self._file.is_inherited:
                names = [(node, None) for node in self.nodes]
                readers = self._file.readers(names, self._subsets, CACHE_BYTES)
                self._plan = ReadPlan(self.sources, readers, self.num_examples, self._subsets)
            return self._plan


CACHE_BYTES = 1 << 28
"""How many bytes of unpacked data are kept."""

_OPENED = ("_plan", "_file")


def _array(h5file: h5py.File, node: str) -> h5py.Dataset:
    """The array at a path.

    Raises:
        ValueError: if there is none.
    """
    found = h5file.get(node)
    if not isinstance(found, h5py.Dataset) or not found.shape:
        there = _names(h5file, node.rpartition("/")[0])
        raise ValueError(f"{h5file.filename} has no array {node}, only {there}")
    return found


def _names(h5file: h5py.File, group: str) -> str:
    node = h5file.get(group)
    names: Iterable[str] = node if isinstance(node, h5py.Group) else h5file
    return ", ".join(names) or "nothing"
