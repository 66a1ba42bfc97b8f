"""Tables in CSV and Parquet files, read some rows at a time."""

from __future__ import annotations

import csv
import gzip
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from fuel._optional import optional_module

__all__ = ["MISSING", "Rows", "Table", "open_table"]

AT_ONCE = 4096
MISSING = frozenset({"", "?", "NA", "N/A", "NaN", "nan", "null", "None"})
PARQUET = (".parquet", ".pq")
NUMBERS = "biuf"


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Some rows of a table.

    Args:
        places: where each row is, for a person.
        columns: for each column its values: an array of numbers, or texts.
    """

    places: Sequence[str]
    columns: dict[str, np.ndarray | list[str]]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table in a file.

    Args:
        path: of the file.
        columns: their names.
        read: goes through the rows, of some columns, from the first; raises `ValueError`, with
            file and line, where the file is damaged.
    """

    path: str
    columns: tuple[str, ...]
    read: Callable[[Sequence[str]], Iterator[Rows]]


def open_table(path: Path, *, delimiter: str | None = None, header: bool = True) -> Table:
    """The table in a file: Parquet by the ending `.parquet` or `.pq`, else CSV, packed or not.

    Args:
        path: of the file.
        delimiter: between the fields of a CSV file; None for a comma, or for a tabulator if the
            file's ending is `.tsv`.
        header: whether a CSV file's first line names the columns; else they are numbered from 0.

    Raises:
        FileNotFoundError: if there is no such file.
        ImportError: if Parquet is to be read, and pyarrow is not installed.
        ValueError: if it is no table.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    if path.suffix.lower() in PARQUET:
        return _parquet(path)
    suffix = path.with_suffix("").suffix if path.suffix.lower() == ".gz" else path.suffix
    comma = delimiter or ("\t" if suffix.lower() == ".tsv" else ",")
    with _TextLines(path) as (lines, where):
        first = next(csv.reader(lines, delimiter=comma, strict=True), None)
        if not first:
            raise ValueError(f"{where()}: there is no table; its first line is empty")
    columns = (
        tuple(name.strip() for name in first) if header else tuple(map(str, range(len(first))))
    )
    _check_columns(path, columns)

    def read(wanted: Sequence[str]) -> Iterator[Rows]:
        return _csv_rows(path, columns, comma, header, wanted)

    return Table(path=str(path), columns=columns, read=read)


class _TextLines:
    """The lines of a text file, packed or not, and a function that says where one is.

    What is wrong with the file becomes a `ValueError` with that place.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = 0

    def __enter__(self) -> tuple[Iterator[str], Callable[[], str]]:
        opener: Any = gzip.open if self._path.suffix.lower() == ".gz" else open
        self._file: TextIO = opener(self._path, "rt", encoding="utf-8-sig", newline="")
        return self._count(), lambda: f"{self._path}, line {self._number}"

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self._file.close()
        where = f"{self._path}, line {max(1, self._number)}"
        if isinstance(error, UnicodeDecodeError):
            raise ValueError(
                f"{where}: from here on it is not UTF-8 text: {error.reason}; convert it, for "
                "instance with iconv -f latin1 -t utf-8"
            ) from error
        if isinstance(error, csv.Error):
            raise ValueError(f"{where}: {error}") from error
        if isinstance(error, gzip.BadGzipFile | zlib.error | EOFError):
            raise ValueError(f"{where}: the file is damaged: {error}") from error

    def _count(self) -> Iterator[str]:
        for self._number, line in enumerate(self._file, 1):  # noqa: B020 (it is the place)
            yield line


def _csv_rows(
    path: Path, columns: Sequence[str], delimiter: str, header: bool, wanted: Sequence[str]
) -> Iterator[Rows]:
    numbers = [columns.index(name) for name in wanted]
    with _TextLines(path) as (lines, where):
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        if header:
            next(reader)
        while True:
            rows: list[list[str]] = []
            places: list[str] = []
            for row in islice(reader, AT_ONCE):
                if not row:
                    continue  # an empty line
                if len(row) != len(columns):
                    raise ValueError(
                        f"{where()}: it has {len(row)} fields, but there are {len(columns)} columns"
                    )
                rows.append(row)
                places.append(where())
            if rows:
                values = [[row[number].strip() for row in rows] for number in numbers]
                yield Rows(places=places, columns=dict(zip(wanted, values, strict=True)))
            elif next(reader, None) is None:
                return


def _parquet(path: Path) -> Table:
    parquet = optional_module("pyarrow.parquet", purpose="reading Parquet files", extra="parquet")
    arrow = optional_module("pyarrow", purpose="reading Parquet files", extra="parquet")
    wrong = (arrow.ArrowException, OSError, ValueError)
    try:
        with parquet.ParquetFile(path) as file:
            columns = tuple(file.schema_arrow.names)
    except wrong as error:
        raise ValueError(f"{path} is no Parquet file, or a damaged one: {error}") from error
    _check_columns(path, columns)

    def read(wanted: Sequence[str]) -> Iterator[Rows]:
        done = 0
        with parquet.ParquetFile(path) as file:
            batches = file.iter_batches(AT_ONCE, columns=list(wanted))
            while True:
                try:
                    batch = next(batches, None)
                except wrong as error:
                    raise ValueError(f"{path} is damaged after row {done}: {error}") from error
                if batch is None:
                    return
                places = [f"{path}, row {done + row}" for row in range(batch.num_rows)]
                values = {name: _values(path, name, batch.column(name)) for name in wanted}
                yield Rows(places=places, columns=values)
                done += batch.num_rows

    return Table(path=os.fspath(path), columns=columns, read=read)


def _values(path: Path, name: str, column: Any) -> np.ndarray | list[str]:
    """A column of a Parquet file: numbers, with NaN where none is, or texts."""
    kind = str(column.type)
    if kind.startswith("dictionary"):
        column = column.dictionary_decode()
        kind = str(column.type)
    if kind in ("string", "large_string", "string_view", "bool"):
        return ["" if value is None else str(value) for value in column.to_pylist()]
    values: np.ndarray = column.to_numpy(zero_copy_only=False)
    if values.dtype.kind not in NUMBERS:
        raise ValueError(
            f"{path}: column {name!r} holds {kind}, which is neither numbers nor texts; leave it "
            f"out with --drop {name}"
        )
    return values


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    doubles = sorted({name for name in columns if columns.count(name) > 1})
    if doubles:
        raise ValueError(f"{path} has two columns {doubles[0]!r}; rename one")
