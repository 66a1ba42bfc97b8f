"""Data sets in Fuel's HDF5 files."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

import h5py
import numpy as np

from fuel._selection import Selection, checked_request
from fuel._streams._context import Allocate, new_array
from fuel._streams._pending import CanDefer, keeps
from fuel._subset import Subset
from fuel.datasets._dataset import Dataset
from fuel.datasets._encoded_images import decoders
from fuel.datasets._file_facts import (
    get_all_sources,
    get_all_splits,
    get_axis_labels,
    get_provided_sources,
    get_subsets,
    get_vlen_sources,
)
from fuel.datasets._layout import FileLayout
from fuel.datasets._plan import ReadPlan
from fuel.datasets._ragged import ExamplesReader, ShapedReader
from fuel.datasets._readers import ArrayReader, Reader, are_quick
from fuel.datasets._source_file import SourceFile
from fuel.datasets._split import create_split_array
from fuel.datasets.pytables import PytablesDataset
from fuel.schemes import IterationScheme, SequentialExampleScheme
from fuel.streams import AxisLabels

__all__ = ["H5PYDataset", "PytablesDataset"]

CACHE_BYTES = 1 << 28


class H5PYDataset(Dataset, CanDefer):
    """One or more splits of an HDF5 file whose `split` attribute says which rows they are.

    Sources that lie in one piece in the file, or in chunks that are not packed, are mapped into
    memory and gathered by NumPy. Packed ones (gzip, shuffled bytes, checksums) are unpacked here,
    in threads, and what was unpacked is kept as far as `cache_bytes` goes; with other filters and
    types HDF5 unpacks. Only what may change while it is read, or is not in a plain file, is read
    through HDF5's selections, which is said once, for it is slow. The file is open only while its
    layout is read, unless a source needs HDF5 to be read.

    A source of encoded images that says so, as `fuel-convert image_folder --encoded` makes it,
    gives the bytes of files; a default stream decodes them.

    Examples of a ragged source differ in shape: a batch of them is a one-dimensional object array
    of arrays, also if all of them happen to have one shape.

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
        cache_bytes: how many bytes of unpacked data may be kept, all sources together; sources
            that fit are unpacked once. It is taken as needed, by each worker process for itself.

    Attributes:
        path: the file's path.
        which_sets: names of the splits, as a tuple.

    Raises:
        FileNotFoundError: if there is no such file.
        OSError: if it is no HDF5 file, or a damaged one.
        TypeError: if `subset` is neither a slice nor indices.
        ValueError: if the file is not one of ours, if a split or a source does not exist, if the
            splits share no source, if shapes of examples do not fit their source, or if `subset`
            reaches outside.
    """

    interface_version = "0.3"
    stateless = True
    _cached_layout: FileLayout | None
    _subsets: list[Subset] | None
    _plan: ReadPlan | None

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
        *,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        if isinstance(which_sets, str):
            raise ValueError(f"which_sets must name several splits, for instance ({which_sets!r},)")
        self.which_sets = tuple(which_sets)
        if not self.which_sets:
            raise ValueError("which_sets is empty; name at least one split")
        if cache_bytes < 0:
            raise ValueError(f"cache_bytes={cache_bytes} must be at least 0")
        self.external_file_handle: h5py.File | None = None
        if isinstance(file_or_path, h5py.File):
            self.external_file_handle = file_or_path
            file_or_path = file_or_path.filename
        self.path = os.fspath(file_or_path)
        self.driver = driver
        self.sort_indices = sort_indices
        self.load_in_memory = load_in_memory
        self.cache_bytes = cache_bytes
        self.user_given_subset = slice(None) if subset is None else subset
        self._forget()
        self.provides_sources = self._layout.provided_sources
        super().__init__(sources, axis_labels)
        if not self.default_transformers:
            self.default_transformers = decoders(self._layout.color_modes)
        if subset is not None:
            self._subsets = self._make_subsets()

    create_split_array = staticmethod(create_split_array)
    get_all_splits = staticmethod(get_all_splits)
    get_all_sources = staticmethod(get_all_sources)
    get_provided_sources = staticmethod(get_provided_sources)
    get_vlen_sources = staticmethod(get_vlen_sources)
    get_axis_labels = staticmethod(get_axis_labels)
    get_subsets = staticmethod(get_subsets)

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
        """Names of the sources in the file whose examples have stored shapes that may differ."""
        return list(self._layout.ragged_sources)

    @property
    def chunk_size(self) -> int | None:
        """How many rows of the sources are stored together, and best read together.

        Of several sources stored in chunks that with the largest rows counts. It is what
        `ChunkShuffledScheme` asks for, together with `first_row` as its `offset`. None if shuffling
        rows one by one costs nothing: if no source wanted is stored in chunks, or all is in memory.
        """
        if self.load_in_memory:
            return None
        layouts = [self._layout.sources[source] for source in self.sources]
        chunked = [(layout.row_bytes, layout.chunk_rows) for layout in layouts if layout.chunk_rows]
        return max(chunked)[1] if chunked else None

    @property
    def first_row(self) -> int:
        """The row in the file of the first example.

        Raises:
            ValueError: if there are no examples.
        """
        if not self.num_examples:
            raise ValueError(
                f"there are no examples in {', '.join(self.which_sets)} of {self.path}"
            )
        return int(self.subsets[0][0])

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
    def data_sources(self) -> tuple[np.ndarray, ...] | None:
        """The arrays of the sources, of the examples used; None unless they are in memory."""
        if not self.load_in_memory:
            return None
        return tuple(reader.array for reader in self._open().readers)  # type: ignore[attr-defined]

    @property
    def source_shapes(self) -> tuple[np.ndarray | None, ...]:
        """For each source the shapes of its examples, `(examples, axes)`; None if not ragged."""
        plan = self._open()
        if self.load_in_memory:
            return self._source_shapes
        parts = zip(plan.readers, self.sources, self.subsets, strict=True)
        return tuple(_shapes(*part) for part in parts)

    @property
    def in_memory_subset(self) -> Subset | None:
        """Which of the examples in memory are used, all; None unless they are in memory."""
        return Subset(slice(None), self.num_examples) if self.load_in_memory else None

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
            OSError: if the file is damaged, or was truncated since it was opened.
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
    def _can_defer(self) -> bool:
        return keeps(self, H5PYDataset, "get_data", "get_data_into")

    def _is_quick(self, pending: frozenset[str]) -> bool:
        return are_quick(zip(self.sources, self._open().readers, strict=True), pending)

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
            with self._file.opened() as h5file:
                self._cached_layout = FileLayout.of(h5file, self.which_sets)
        return self._cached_layout

    def _forget(self) -> None:
        self._cached_layout = None
        self._subsets = None
        self._plan = None
        self._source_shapes: tuple[np.ndarray | None, ...] = ()
        self._file = SourceFile(
            self.path, self.driver, self.sort_indices, self.external_file_handle
        )

    def _make_subsets(self) -> list[Subset]:
        united = [self._layout.subsets[source] for source in self.sources]
        counts = {
            source: subset.num_examples for source, subset in zip(self.sources, united, strict=True)
        }
        if len(set(counts.values())) != 1:
            raise ValueError(
                f"sources have different lengths in {', '.join(self.which_sets)} of {self.path}: "
                f"{counts}; choose sources= of one length"
            )
        wanted = self.user_given_subset
        everything = wanted == slice(None) if isinstance(wanted, slice) else not np.size(wanted)
        if everything:
            return united
        parts = {id(subset): Subset.subset_of(subset, wanted) for subset in united}
        return [parts[id(subset)] for subset in united]

    def _read(self, state: Any, request: Any, allocate: Allocate) -> tuple[Any, ...]:
        if self.load_in_memory and state is not None:
            raise ValueError(f"with load_in_memory the state is None, but got {state!r}")
        plan = self._open()
        self._file.check_length()
        return plan.read(request, allocate)

    def _open(self) -> ReadPlan:
        plan = self._plan
        if plan is None or self._file.is_inherited:
            with self._file.lock:
                if self._plan is None or self._file.is_inherited:
                    self._plan = self._make_plan()
                plan = self._plan
        return plan

    def _make_plan(self) -> ReadPlan:
        if self.external_file_handle is None and self.driver is None:
            self._layout.check_unchanged(self.path)
        layouts = [self._layout.sources[source] for source in self.sources]
        names = [(layout.name, layout.shapes) for layout in layouts]
        subsets = self.subsets
        if not self.load_in_memory:
            readers = self._file.readers(names, subsets, self.cache_bytes)
            return ReadPlan(self.sources, readers, self.num_examples, subsets)
        wanted = list(
            zip(self._file.readers(names, subsets, 0), self.sources, subsets, strict=True)
        )
        self._source_shapes = tuple(_shapes(*parts) for parts in wanted)
        readers = [_in_memory(*parts) for parts in wanted]
        self._file.close()
        return ReadPlan(self.sources, readers, self.num_examples)

    def _close_readers(self) -> None:
        self._plan = None
        self._file.close()


_READ_AGAIN = (
    "external_file_handle",
    "_cached_layout",
    "_subsets",
    "_plan",
    "_source_shapes",
    "_file",
)


def _in_memory(reader: Reader, source: str, subset: Subset) -> ArrayReader | ExamplesReader:
    if subset.is_empty:
        raise ValueError(f"there are no examples of source {source!r} to load")
    data = reader.read(_everything(subset), source, new_array)
    return ExamplesReader(data) if data.dtype.hasobject else ArrayReader(data)


def _shapes(reader: Reader, source: str, subset: Subset) -> np.ndarray | None:
    if not isinstance(reader, ShapedReader) or subset.is_empty:
        return None
    return reader.shapes(_everything(subset), source)


def _everything(subset: Subset) -> Selection:
    return checked_request(subset.list_or_slice, subset.original_num_examples)
