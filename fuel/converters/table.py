"""Tables of one's own, in CSV or Parquet files, into one HDF5 file."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fuel._files._scratch import scratch_directory
from fuel.converters._own_splits import (
    Draw,
    add_arguments,
    add_files,
    files_by_split,
    parts_by_name,
    refuse_two_ways,
)
from fuel.converters._spool import Spool
from fuel.converters._table_cleaning import Cleaner
from fuel.converters._table_reading import Rows, Table, open_table
from fuel.converters._table_roles import Roles
from fuel.converters._table_survey import Survey
from fuel.converters.base import create_hdf5, fill_hdf5_file, progress_bar, record_inputs

__all__ = ["convert_table", "fill_subparser"]

DESCRIPTION = """\
Make one HDF5 file of tables in CSV (also packed by gzip) or Parquet files:

    fuel-convert table flowers.csv --targets species --fractions train=0.8,test=0.2
    fuel-convert table train=train.csv test=test.csv --targets label --one-hot colour
    fuel-convert table people.parquet --targets income --split-column part --missing drop

The sources are `features` (batch, feature), the numbers of all columns that have no other use,
and `targets` (batch, index). Targets that are whole numbers stay so; texts become the number of
the text in alphabetical order. Names of features and classes are in the file. Columns of free text
are no features: drop them, and read the table in Python by `fuel.datasets.TableDataset`.
"""


def convert_table(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str | None = None,
    *,
    files: Sequence[str],
    targets: str | None = None,
    one_hot: Sequence[str] = (),
    drop: Sequence[str] = (),
    split_column: str | None = None,
    missing: str = "refuse",
    dtype: str = "float32",
    delimiter: str | None = None,
    header: bool = True,
    fractions: Mapping[str, float] | None = None,
    seed: int | None = None,
) -> tuple[str]:
    """Make one HDF5 file of tables. They are read twice, some rows at a time.

    Args:
        directory: what the files are relative to.
        output_directory: where to write.
        output_filename: `<name of the first file>.hdf5` if None.
        files: the path of a table, or several as `SPLIT=PATH`, with the same columns.
        targets: the column of the targets; None for no targets.
        one_hot: columns of texts; each text becomes a feature that is 0 or 1.
        drop: columns to leave out.
        split_column: a column that says which split a row belongs to.
        missing: where a value is missing: `refuse` the table, `drop` the row, or `nan`, which
            only features can be.
        dtype: of the features.
        delimiter: between the fields of CSV files; None for what their ending says.
        header: whether the first line of CSV files names the columns.
        fractions: splits and their parts, to draw at random from one table.
        seed: of the draw.

    Returns:
        The path of the file written.

    Raises:
        FileNotFoundError: if there is no such file.
        ImportError: if Parquet is to be read, and pyarrow is not installed.
        ValueError: if a table is damaged, a column is not there, or a value is none of its
            column; says file and line.
        OSError: if the file cannot be written.
    """
    paths = {split: Path(directory) / p for split, p in files_by_split(files).items()}
    refuse_two_ways(
        files=len(paths) > 1, column=split_column is not None, fractions=fractions is not None
    )
    opened = {s: open_table(p, delimiter=delimiter, header=header) for s, p in paths.items()}
    roles = Roles.of(opened, targets, one_hot, drop, split_column)
    tables = _Tables.looked_at(opened, roles, missing)
    draw = None if fractions is None else Draw.of(tables.survey.count, fractions, seed)
    output = Path(output_directory) / (output_filename or _filename(paths))
    _write(output, tables, np.dtype(dtype), draw, list(paths.values()))
    return (str(output),)


@dataclass(frozen=True)
class _Tables:
    """Tables by their splits, looked at once, so that they can be read as arrays."""

    by_split: Mapping[str, Table]
    cleaner: Cleaner
    survey: Survey

    @classmethod
    def looked_at(cls, by_split: Mapping[str, Table], roles: Roles, missing: str) -> _Tables:
        """Read the tables once, to learn what is in their columns."""
        tables = cls(by_split, Cleaner(roles, missing), Survey(roles))
        for _, rows in tables.rows():
            tables.survey.look(rows)
        if not tables.survey.count:
            names = ", ".join(table.path for table in by_split.values())
            raise ValueError(f"there are no rows in {names}")
        return tables

    def rows(self) -> Iterator[tuple[str, Rows]]:
        """The split of a table, and some rows of it, until there are no more."""
        for split, table in self.by_split.items():
            for rows in self.cleaner.read(table):
                yield split, rows


def _filename(paths: Mapping[str, Path]) -> str:
    first = next(iter(paths.values()))
    return f"{first.name.split('.')[0]}.hdf5"


def _write(
    output: Path,
    tables: _Tables,
    dtype: np.dtype[np.floating],
    draw: Draw | None,
    inputs: Sequence[Path],
) -> None:
    survey = tables.survey
    with scratch_directory(output.parent, ".fuel-table-") as scratch:
        spool = Spool(scratch)
        _collect(spool, tables, dtype, draw)
        with create_hdf5(output) as h5file:
            fill_hdf5_file(h5file, spool.pieces(), axis_labels=survey.axes)
            h5file["features"].attrs["feature_names"] = json.dumps(survey.feature_names)
            if survey.class_names is not None:
                h5file["targets"].attrs["class_names"] = json.dumps(survey.class_names)
            record_inputs(h5file, inputs)


def _collect(
    spool: Spool, tables: _Tables, dtype: np.dtype[np.floating], draw: Draw | None
) -> None:
    """Read the tables again, and give each row to its split."""
    survey = tables.survey
    done = 0
    with progress_bar("rows", survey.count) as bar:
        for split, rows in tables.rows():
            start, done = done, done + len(rows.places)
            batch = survey.arrays(rows, dtype)
            if draw is None:
                parts = parts_by_name(survey.splits(rows, default=split))
            else:
                parts = draw.parts(start, done)
            for name, chosen in parts:
                spool.add_batch(name, {source: part[chosen] for source, part in batch.items()})
            bar.update(done)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Add the arguments of `fuel-convert table`."""
    subparser.description = DESCRIPTION
    subparser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_files(subparser, "a table")
    subparser.add_argument("--targets", metavar="COLUMN", help="the column of the targets")
    for flag, text in (
        ("--one-hot", "a column of texts, each to become a feature that is 0 or 1; repeatable"),
        ("--drop", "a column to leave out; repeatable"),
    ):
        subparser.add_argument(flag, metavar="COLUMN", action="append", default=[], help=text)
    subparser.add_argument(
        "--split-column", metavar="COLUMN", help="a column that says the split of a row"
    )
    subparser.add_argument(
        "--missing",
        choices=("refuse", "drop", "nan"),
        default="refuse",
        help="where a value is missing, refuse the table (default), drop the row, or write NaN",
    )
    subparser.add_argument(
        "--dtype",
        choices=("float32", "float64"),
        default="float32",
        help="of the features (default: float32, exact for whole numbers up to 16,777,216)",
    )
    subparser.add_argument(
        "--delimiter",
        type=_delimiter,
        help="between the fields of CSV files, such as ';' or tab (default: a comma; tab in .tsv)",
    )
    subparser.add_argument(
        "--no-header",
        dest="header",
        action="store_false",
        help="the first line is data already; columns are named 0, 1, ...",
    )
    add_arguments(subparser)
    return convert_table


def _delimiter(text: str) -> str:
    character = "\t" if text in ("tab", "\\t") else text
    if len(character) != 1 or character in '\r\n"':
        raise argparse.ArgumentTypeError(f"{text!r} is not one character that can part fields")
    return character
