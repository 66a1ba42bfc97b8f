"""Rows that come bit by bit, kept on disk until it is known how many there are."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fuel.converters._rows import RaggedRows, as_example

__all__ = ["Spool"]


@dataclass
class _Column:
    """What is known of a source of a split, and the file of its numbers."""

    path: Path
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    is_encoded: bool
    is_ragged: bool = False
    length: int = 0
    shapes: array[int] = field(default_factory=lambda: array("q"))


class Spool:
    """Collects rows of the sources of some splits in files of a directory of its own.

    Memory holds one batch, and of examples that differ in shape, their shapes.

    Args:
        directory: an empty one; whoever made it deletes it.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._columns: dict[tuple[str, str], _Column] = {}

    def add_batch(self, split: str, batch: Mapping[str, Any]) -> None:
        """Append, to each source of a split, an array of rows, or a sequence of ragged ones.

        Raises:
            ValueError: if the rows are not of the kind of those before them.
            OSError: if they cannot be written.
        """
        for source, rows in batch.items():
            if isinstance(rows, list | tuple) or rows.dtype == object:
                self._add_ragged(split, source, rows)
            else:
                column = self._column(split, source, rows.dtype, rows.shape[1:])
                self._check(column, split, source, rows.dtype, rows.shape[1:])
                self._append(column, [rows], len(rows))

    def add_examples(self, split: str, source: str, examples: Sequence[Any]) -> None:
        """Append examples, which make the source ragged if they differ in shape.

        Raises:
            ValueError: if one differs from those before it in dtype or number of axes, or in
                being a `bytes` object.
            OSError: if they cannot be written.
        """
        arrays = [as_example(example) for example in examples]
        for row, example in zip(arrays, examples, strict=True):
            is_encoded = isinstance(example, bytes)
            column = self._column(split, source, row.dtype, row.shape, is_encoded)
            if is_encoded != column.is_encoded:
                raise ValueError(
                    f"row {column.length} of {source!r} of split {split!r} is a "
                    f"{type(example).__name__}, but the rows before it are "
                    f"{'bytes' if column.is_encoded else 'arrays'}; give all alike"
                )
            if row.shape != column.shape and not column.is_ragged:
                if row.ndim != len(column.shape):
                    self._check(column, split, source, row.dtype, row.shape)
                self._make_ragged(column)
            self._check(column, split, source, row.dtype, row.shape)
            if column.is_ragged:
                column.shapes.extend(row.shape)
            column.length += 1
        if arrays:
            self._append(self._columns[split, source], arrays, 0)

    def pieces(self) -> list[tuple[str, str, np.ndarray | RaggedRows]]:
        """What was collected, for `fill_hdf5_file`; the numbers stay in the files.

        A source that is ragged in one split is so in all.
        """
        ragged = {source for (_, source), column in self._columns.items() if column.is_ragged}
        for (_, source), column in self._columns.items():
            if source in ragged and not column.is_ragged:
                self._make_ragged(column)
        return [
            (split, source, self._rows(column)) for (split, source), column in self._columns.items()
        ]

    def _add_ragged(self, split: str, source: str, rows: Sequence[Any]) -> None:
        for row in rows[:1]:
            first = as_example(row)
            column = self._column(split, source, first.dtype, first.shape, isinstance(row, bytes))
            if not column.is_ragged:
                self._make_ragged(column)
        self.add_examples(split, source, rows)

    def _column(
        self,
        split: str,
        source: str,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        is_encoded: bool = False,
    ) -> _Column:
        if (split, source) not in self._columns:
            if dtype.kind not in "biufcSV":
                raise ValueError(
                    f"{source!r} of split {split!r} holds {dtype}, which has no place in these "
                    "files; number the words, or encode them as bytes"
                )
            path = self._directory / str(len(self._columns))
            path.touch()
            self._columns[split, source] = _Column(
                path, dtype, shape, is_encoded, is_ragged=is_encoded
            )
        return self._columns[split, source]

    def _check(
        self,
        column: _Column,
        split: str,
        source: str,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
    ) -> None:
        is_alike = (
            len(shape) == len(column.shape) > 0 if column.is_ragged else shape == column.shape
        )
        if dtype != column.dtype or not is_alike:
            raise ValueError(
                f"row {column.length} of {source!r} of split {split!r} has {dtype} {shape}, but "
                f"the rows before it have {column.dtype} {column.shape}"
            )

    def _make_ragged(self, column: _Column) -> None:
        column.is_ragged = True
        column.shapes = array("q", list(column.shape) * column.length)

    def _append(self, column: _Column, arrays: Sequence[np.ndarray], length: int) -> None:
        with column.path.open("ab", buffering=0) as file:
            for values in arrays:
                rest = memoryview(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
                while rest:
                    rest = rest[file.write(rest) :]
        column.length += length

    def _rows(self, column: _Column) -> np.ndarray | RaggedRows:
        has_any = column.path.stat().st_size > 0
        flat = np.memmap(column.path, column.dtype, "r") if has_any else np.empty(0, column.dtype)
        if column.is_ragged:
            shapes = np.frombuffer(column.shapes, np.int64).reshape(column.length, -1)
            return RaggedRows(flat, shapes, column.is_encoded)
        return flat.reshape(column.length, *column.shape)
