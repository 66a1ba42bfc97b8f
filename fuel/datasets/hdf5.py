"""Data sets in Fuel's HDF5 files."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from fuel._context import Allocate, new_array
from fuel._selection import checked_request
from fuel._subset import Subset
from fuel.datasets._dataset import Dataset
from fuel.datasets._layout import FileLayout, SourceLayout
from fuel.datasets._plan import ReadPlan
from fuel.datasets._readers import ArrayReader, Reader, SelectionReader, mapped_reader
from fuel.datasets._split import SplitTable, create_split_array
from fuel.schemes import IterationScheme, SequentialExampleScheme
from fuel.streams import AxisLabels

__all__ = ["H5PYDataset"]


class H5PYDataset(Dataset):
    """One or more splits of an HDF5 file whose `split` attribute says which rows they are.

    Sources that lie in one piece in the file are mapped into memory and gathered by NumPy; others
    are read through HDF5, which is said once, for it is slow. The file is open only while its
    layout is read, unless a source needs HDF5 to be read.

    Args:
        file_or_path: the path; or an open file, which is then read through and never closed here.
        which_sets: names of splits; their examples are united, in the order of the file.
        subset: which examples of the united splits to use: a slice with step 1, or indices; default
            all.
        load_in_memory: read the sources and examples wanted into memory, once.
        driver: of HDF5, to open the path with.
        sort_indices: where a source is read through HDF5, sort indices and restore their order
            after; else they must come in increasing order.
        sources: names of the sources wanted, in this order; default all that the splits share, in
            alphabetical order.
        axis_labels: for each source the names of its axes; default those in the file.

    Attributes:
        path: the file's path.
        which_sets: names of the splits, as a tuple.

    Raises:
        FileNotFoundError: if there is no such file.
        OSError: if it is no HDF5 file, or a damaged one.
        TypeError: if `subset` is neither a slice nor indices.
        ValueError: if the file is not one of ours, if a split or a source does not exist, if the
            splits share no source, if a source wanted is ragged, or if `subset` reaches outside.
    """

    interface_version = "0.3"
    stateless = True
    _cached_layout: FileLayout | None
    _subsets: list[Subset] | None
    _plan: ReadPlan | None
    _own_file: h5py.File | None
    _process: int

    def __init__(
        self,
        file_or_path: h5py.File | str | os.PathLike[str],
        which_sets: Iterable[str],
        subset: slice | Sequence[int] | None = None,
        load_in_memory: bool = False,
        driver: str | None = None,
        sort_indices: bool = True,
        sources: Iterable[str] | None = None,
        axis_labels: AxisLabels | None = None,
    ) -> None:
        if isinstance(which_sets, str):
            raise ValueError(f"which_sets must name several splits, for instance ({which_sets!r},)")
        self.which_sets = tuple(which_sets)
        if not self.which_sets:
            raise ValueError("which_sets is empty; name at least one split")
        self.external_file_handle: h5py.File | None = None
        if isinstance(file_or_path, h5py.File):
            self.external_file_handle = file_or_path
            file_or_path = file_or_path.filename
        self.path = os.fspath(file_or_path)
        self.driver = driver
        self.sort_indices = sort_indices
        self.load_in_memory = load_in_memory
        self.user_given_subset = subset
        self._forget()
        self.provides_sources = self._layout.provided_sources
        super().__init__(sources, axis_labels)
        self._check_shapes()
        if subset is not None:
            self._subsets = self._make_subsets()

    @staticmethod
    def create_split_array(split_dict: Mapping[str, Mapping[str, tuple[Any, ...]]]) -> np.ndarray:
        """The value of the `split` attribute.

        Args:
            split_dict: for each split, for each of its sources, a tuple of start and stop, perhaps
                followed by a reference to a data set of indices (or None) and by a comment.
        """
        return create_split_array(split_dict)

    @staticmethod
    def get_all_splits(h5file: h5py.File) -> tuple[str, ...]:
        """Names of the splits in a file."""
        return SplitTable(h5file).splits

    @staticmethod
    def get_all_sources(h5file: h5py.File) -> tuple[str, ...]:
        """Names of the sources in a file."""
        return SplitTable(h5file).sources

    @staticmethod
    def get_provided_sources(h5file: h5py.File, split: str) -> tuple[str, ...]:
        """Names of the sources that a split has, sorted."""
        return SplitTable(h5file).provided_sources([split])

    @staticmethod
    def get_vlen_sources(h5file: h5py.File) -> list[str]:
        """Names of the ragged sources in a file."""
        return [
            source
            for source in SplitTable(h5file).sources
            if SourceLayout.of(h5file[source]).is_ragged
        ]

    @staticmethod
    def get_axis_labels(h5file: h5py.File) -> dict[str, tuple[str, ...]]:
        """For each source in a file the names of its axes."""
        return {
            source: tuple(axis.label for axis in h5file[source].dims)
            for source in SplitTable(h5file).sources
        }

    @staticmethod
    def get_subsets(
        h5file: h5py.File, splits: Iterable[str], sources: Iterable[str]
    ) -> list[Subset]:
        """For each of `sources` the union of its rows in `splits`."""
        table = SplitTable(h5file)
        return [table.subset(splits, source) for source in sources]

    @property
    def subsets(self) -> list[Subset]:
        """For each source the rows that are used.

        Raises:
            ValueError: if they differ in number, or if the given subset reaches outside of them.
        """
        if self._subsets is None:
            self._subsets = self._make_subsets()
        return self._subsets

    @property
    def num_examples(self) -> int:
        """How many examples are used."""
        return self.subsets[0].num_examples

    @property
    def default_axis_labels(self) -> dict[str, tuple[str, ...]]:
        """For each source in the file the names of its axes, as stored there."""
        return self._layout.axis_labels

    @property
    def axis_labels(self) -> AxisLabels:
        """For each source in the file the names of its axes, as given or else as stored."""
        return self.default_axis_labels if self._axis_labels is None else self._axis_labels

    @axis_labels.setter
    def axis_labels(self, value: AxisLabels | None) -> None:
        self._axis_labels = value

    @property
    def vlen_sources(self) -> list[str]:
        """Names of the ragged sources among those provided."""
        return [name for name in self.provides_sources if self._layout.sources[name].is_ragged]

    @property
    def example_iteration_scheme(self) -> IterationScheme | None:
        """The scheme that goes through all examples, one by one; unless another was set."""
        return vars(self).get("_example_iteration_scheme") or SequentialExampleScheme(
            self.num_examples
        )

    @example_iteration_scheme.setter
    def example_iteration_scheme(self, value: IterationScheme | None) -> None:
        self._example_iteration_scheme = value

    @property
    def data_sources(self) -> tuple[np.ndarray, ...]:
        """The arrays of the sources, of the examples used.

        Raises:
            AttributeError: if the data is not to be loaded into memory.
        """
        if not self.load_in_memory:
            raise AttributeError("data_sources is there only with load_in_memory=True")
        return tuple(reader.array for reader in self._open().readers)  # type: ignore[attr-defined]

    def load(self) -> None:
        """Read the layout, and with `load_in_memory` the data; it is done by itself when needed."""
        self._open()

    def open(self) -> None:
        """Nothing: the file is opened when data is asked for."""

    def next_epoch(self, state: Any) -> Any:
        """The same state: nothing is opened or closed between epochs."""
        return state

    def close(self, state: Any) -> None:
        """Close the file and the maps; asking for data opens them again."""
        if not self.load_in_memory:
            self._close_readers()

    def get_data(self, state: Any = None, request: Any = None) -> tuple[Any, ...]:
        """Copies of the examples of a request.

        Args:
            state: None, if the data is in memory; else ignored.
            request: an integer (one example, without batch axis), a slice, or a list, tuple or
                array of integers, in any order and with repetitions.

        Raises:
            ValueError: if the request is empty, reaches outside of the data, or is of another kind.
        """
        return self._read(state, request, new_array)

    def get_data_into(self, state: Any, request: Any, allocate: Allocate) -> tuple[Any, ...]:
        """As `get_data`, in arrays made by `allocate`."""
        return self._read(state, request, allocate)

    @property
    def accepts_arrays(self) -> bool:
        """Whether requests may be slices and integer arrays: unless `get_data` was redefined."""
        return type(self).get_data is H5PYDataset.get_data

    @property
    def has_own_epochs(self) -> bool:
        """No epoch differs from another, unless `next_epoch` was redefined again."""
        return type(self).next_epoch is not H5PYDataset.next_epoch

    def fingerprint(self) -> str:
        """The splits, and number and rows of the examples."""
        rows = self.subsets[0].description
        splits = ", ".join(sorted(set(self.which_sets)))
        return f"{self.num_examples} examples ({rows}) of {splits}"

    def __getstate__(self) -> dict[str, Any]:
        """The constructor's arguments; what was read or opened is read again from the path."""
        kept = {name: value for name, value in vars(self).items() if name not in _READ_AGAIN}
        return {**kept, "path": os.path.abspath(self.path)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.external_file_handle = None
        self._forget()

    @property
    def _layout(self) -> FileLayout:
        if self._cached_layout is None:
            handle = self.external_file_handle
            if handle is not None:
                self._cached_layout = FileLayout.of(handle, self.which_sets)
            else:
                with self._open_file() as h5file:
                    self._cached_layout = FileLayout.of(h5file, self.which_sets)
        return self._cached_layout

    def _forget(self) -> None:
        self._cached_layout = None
        self._subsets = None
        self._plan = None
        self._own_file = None
        self._process = os.getpid()

    def _open_file(self) -> h5py.File:
        if not Path(self.path).is_file() and self.driver is None:
            raise FileNotFoundError(f"there is no file {self.path}")
        try:
            return h5py.File(self.path, "r", driver=self.driver, locking=False)
        except OSError as error:
            raise OSError(
                f"{self.path} cannot be opened as an HDF5 file: {error}; if it is damaged, "
                "download or convert it anew"
            ) from error

    def _check_shapes(self) -> None:
        if ragged := [name for name in self.sources if self._layout.sources[name].is_ragged]:
            fixed = [name for name in self.provides_sources if name not in ragged]
            raise ValueError(
                f"sources {ragged} of {self.path} are ragged (their examples differ in shape) and "
                f"cannot be read; choose sources= among {fixed}"
            )

    def _make_subsets(self) -> list[Subset]:
        united = [self._layout.subsets[source] for source in self.sources]
        counts = {
            source: subset.num_examples for source, subset in zip(self.sources, united, strict=True)
        }
        if len(set(counts.values())) != 1:
            raise ValueError(
                f"sources have different lengths in {', '.join(self.which_sets)}: {counts}; choose "
                "sources= of one length"
            )
        wanted = self.user_given_subset
        if wanted is None or (not isinstance(wanted, slice) and not np.size(wanted)):
            return united
        parts = {id(subset): Subset.subset_of(subset, wanted) for subset in united}
        return [parts[id(subset)] for subset in united]

    def _read(self, state: Any, request: Any, allocate: Allocate) -> tuple[Any, ...]:
        if self.load_in_memory and state is not None:
            raise ValueError(f"with load_in_memory the state is None, but got {state!r}")
        return self._open().read(request, allocate)

    def _open(self) -> ReadPlan:
        if self._plan is None or self._is_forked():
            self._own_file = None  # a handle that a parent process opened is the parent's to close
            self._process = os.getpid()
            readers = [self._reader(self._layout.sources[source]) for source in self.sources]
            subsets: list[Subset] | None = self.subsets
            if self.load_in_memory:
                loaded = zip(readers, self.sources, self.subsets, strict=True)
                readers = [_in_memory(*parts) for parts in loaded]
                subsets = None
                self._close_own_file()
            self._plan = ReadPlan(self.sources, readers, self.num_examples, subsets)
        return self._plan

    def _is_forked(self) -> bool:
        """Whether the file was opened by a parent process; maps can be shared with it."""
        return self._own_file is not None and self._process != os.getpid()

    def _reader(self, layout: SourceLayout) -> Reader:
        if layout.offset is not None and self.driver in (None, "sec2"):
            self._layout.check_unchanged(self.path)
            return mapped_reader(self.path, layout.offset, layout.shape, layout.dtype)
        handle = self.external_file_handle
        if handle is None:
            handle = self._own_file = self._own_file or self._open_file()
        return SelectionReader(handle[layout.name], self.sort_indices)

    def _close_readers(self) -> None:
        self._plan = None
        self._close_own_file()

    def _close_own_file(self) -> None:
        if self._own_file is not None and self._process == os.getpid():
            self._own_file.close()
        self._own_file = None


_READ_AGAIN = (
    "external_file_handle",
    "_cached_layout",
    "_subsets",
    "_plan",
    "_own_file",
    "_process",
)


def _in_memory(reader: Reader, source: str, subset: Subset) -> ArrayReader:
    if subset.is_empty:
        raise ValueError(f"there are no examples of source {source!r} to load")
    everything = checked_request(subset.list_or_slice, subset.original_num_examples)
    return ArrayReader(reader.read(everything, source, new_array))
