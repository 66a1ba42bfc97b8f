"""Data sets of tables that other libraries hold, read by what the tables offer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from fuel._selection import Selection, checked_request
from fuel.datasets._dataset import Dataset
from fuel.schemes import SequentialExampleScheme
from fuel.streams import AxisLabels

__all__ = ["TableDataset"]


@runtime_checkable
class ArrowTable(Protocol):
    """What is used of a table like `pyarrow.Table`."""

    @property
    def column_names(self) -> Sequence[str]:
        """Names of the columns."""

    @property
    def num_rows(self) -> int:
        """How many rows there are."""

    def column(self, name: str) -> Any:
        """A column, which has `to_numpy`."""

    def slice(self, offset: int, length: int) -> ArrowTable:
        """Some rows in a run, without a copy."""

    def take(self, indices: Any) -> ArrowTable:
        """The rows of some indices."""


@runtime_checkable
class RowTable(Protocol):
    """What is used of a table like `datasets.Dataset`, whose rows come as dictionaries."""

    @property
    def column_names(self) -> Sequence[str]:
        """Names of the columns."""

    def __len__(self) -> int:
        """How many rows there are."""

    def __getitem__(self, key: Any) -> Any:
        """For an index the row, for a slice or a list of indices a dictionary of columns."""


class TableDataset(Dataset):
    """The rows of a table that another library holds: its columns are the sources.

    Nothing is copied until it is asked for, and no library is imported here: a table is anything
    that offers what Arrow's tables offer (`column_names`, `num_rows`, `column`, `slice`, `take`),
    or what Hugging Face's data sets offer (`column_names`, a length, and rows by index, slice and
    list, of which `with_format("numpy")` makes the fastest).

    Columns of numbers become arrays. Where a row holds a list or an array, a batch is an object
    array with an array for each example, as for ragged sources of files; unless the column is named
    in `fixed_shape`. What is neither (text, pictures) becomes object arrays of what the table
    gives.

    Args:
        table: the table.
        sources: names of the columns wanted, in this order; default all.
        axis_labels: for each source the names of its axes.
        fixed_shape: columns whose rows are arrays or lists of one shape: they become one array.

    Attributes:
        table: the table.
        num_examples: how many rows it has.

    Raises:
        TypeError: if the table offers neither.
        ValueError: if a column is not there, or later, if one of `fixed_shape` is ragged.
    """

    stateless = True

    def __init__(
        self,
        table: Any,
        sources: Iterable[str] | None = None,
        axis_labels: AxisLabels | None = None,
        *,
        fixed_shape: Iterable[str] = (),
    ) -> None:
        if not isinstance(table, ArrowTable | RowTable):
            raise TypeError(
                f"a {type(table).__name__} is not a table that can be read: it needs column_names "
                "and rows by index; for columns by name, as in dict(frame), use IndexableDataset, "
                "and read a file first, for instance by pyarrow.parquet.read_table"
            )
        self.table = table
        self.provides_sources = tuple(table.column_names)
        super().__init__(sources, axis_labels)
        named = tuple(fixed_shape)
        self.fixed_shape = self._checked_sources(named) if named else ()
        self.num_examples = table.num_rows if isinstance(table, ArrowTable) else len(table)
        self.example_iteration_scheme = SequentialExampleScheme(self.num_examples)

    def get_data(self, state: Any = None, request: Any = None) -> tuple[Any, ...]:
        """The rows of a request, for each source.

        Args:
            state: None.
            request: an integer (one row), a slice, or a list, tuple or array of integers.

        Raises:
            ValueError: if there is a state, or if the request is empty, reaches outside of the
                table, or is of another kind.
        """
        if state is not None:
            raise ValueError(f"a {type(self).__name__} has no state, but got {state!r}")
        selection = checked_request(request, self.num_examples)
        columns = self._columns(selection)
        if isinstance(selection, int):
            return tuple(columns[source][0] for source in self.sources)
        return tuple(columns[source] for source in self.sources)

    @property
    def accepts_arrays(self) -> bool:
        """Whether requests may be slices and integer arrays: unless `get_data` was redefined."""
        return type(self).get_data is TableDataset.get_data

    def fingerprint(self) -> str:
        """Number of the rows, and the columns."""
        return f"{self.num_examples} rows of {', '.join(self.sources)}"

    def _columns(self, selection: Selection) -> Mapping[str, np.ndarray]:
        """The rows of a selection, one axis of rows even for an integer."""
        table = self.table
        if isinstance(selection, int):
            selection = slice(selection, selection + 1, 1)
        if isinstance(table, ArrowTable):
            if isinstance(selection, slice) and selection.step == 1:
                part = table.slice(selection.start, selection.stop - selection.start)
            else:
                part = table.take(_as_array(selection))
            return {
                source: self._batch(source, part.column(source).to_numpy())
                for source in self.sources
            }
        rows = table[selection if isinstance(selection, slice) else selection.tolist()]
        return {source: self._batch(source, rows[source]) for source in self.sources}

    def _batch(self, source: str, column: Any) -> np.ndarray:
        """Values of a column as an array that shares nothing with the table."""
        if isinstance(column, np.ndarray) and column.dtype != object:
            if column.ndim == 1 or source in self.fixed_shape:
                return column.copy()
        elif isinstance(column[0], int | float) and all(type(v) is type(column[0]) for v in column):
            return np.array(column)
        values = [_value(value) for value in column]
        if source not in self.fixed_shape:
            batch = np.empty(len(values), object)
            for place, value in enumerate(values):
                batch[place] = value
            return batch
        shapes = sorted({np.shape(value) for value in values})
        if len(shapes) > 1:
            raise ValueError(
                f"column {source!r} is named in fixed_shape, but its rows have shapes "
                f"{', '.join(map(str, shapes))}; leave it out to get an array for each row"
            )
        return np.stack(values)


def _as_array(selection: slice | np.ndarray) -> np.ndarray:
    if isinstance(selection, slice):
        return np.arange(selection.start, selection.stop, selection.step)
    return selection


def _value(value: Any) -> Any:
    """Lists of numbers, and of lists of them, as arrays; anything else as it is."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = value.tolist()
    if isinstance(value, np.ndarray):
        return value.copy()
    if not isinstance(value, list):
        return value
    parts = [_value(part) for part in value]
    if not all(isinstance(part, int | float | np.ndarray) for part in parts):
        return parts
    return np.array(parts) if len({np.shape(part) for part in parts}) <= 1 else parts
