"""What every converter is made of."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import h5py
import numpy as np

from fuel._progress import ProgressBar
from fuel._progress import progress_bar as any_progress_bar
from fuel.converters._axes import name_axes
from fuel.converters._rows import RaggedRows, as_rows, create_rows
from fuel.converters._writing import create_hdf5
from fuel.datasets.hdf5 import H5PYDataset
from fuel.exceptions import MissingInputFiles

__all__ = [
    "MissingInputFiles",
    "check_exists",
    "create_hdf5",
    "fill_hdf5_file",
    "progress_bar",
    "record_inputs",
]

P = ParamSpec("P")
R = TypeVar("R")
Directory = str | os.PathLike[str]


def check_exists(
    required_files: Sequence[str | Sequence[str]],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator for converters: the first argument, `directory`, must hold these files.

    Args:
        required_files: names; where one of several will do, a sequence of names.

    Raises:
        MissingInputFiles: by the decorated function, with the names of all that are missing.
    """
    choices = [(names,) if isinstance(names, str) else tuple(names) for names in required_files]

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            directory: Any = args[0] if args else kwargs["directory"]
            missing = [
                " or ".join(names)
                for names in choices
                if not any((Path(directory) / name).is_file() for name in names)
            ]
            if missing:
                raise MissingInputFiles(
                    f"required files are missing from {directory}: {', '.join(missing)}", missing
                )
            return function(*args, **kwargs)

        return checked

    return decorate


@contextmanager
def progress_bar(
    name: str, maxval: int | None, prefix: str = "Converting"
) -> Iterator[ProgressBar]:
    """A bar from 0 to `maxval` (None: unknown); its `update` takes what is done so far.

    It is drawn on standard error, and only if that is a terminal.
    """
    with any_progress_bar(name, maxval, prefix) as bar:
        yield bar


def fill_hdf5_file(
    h5file: h5py.File,
    data: Sequence[tuple[Any, ...]],
    *,
    axis_labels: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Write arrays as the sources of an HDF5 file, and which rows belong to which split.

    Each source becomes one contiguous data set in the root, the splits' rows one after the other
    in the order of `data`; an array of objects, or a list of arrays that differ in shape, becomes
    a ragged source, and a list of `bytes`, the contents of files, one of variable length without
    shapes. Other attributes are the caller's.

    Args:
        h5file: a file open for writing.
        data: tuples `(split, source, array)` or `(split, source, array, comment)`.
        axis_labels: names of the axes of some of the sources, the first that of the examples.

    Raises:
        ValueError: if there is no data, a pair of split and source comes twice, the sources of a
            split differ in length, or the arrays of a source in dtype or in shape behind the
            first axis, or in number of axes if they are ragged; if labels are of an unknown
            source, or not as many as its axes.
    """
    labels = dict(axis_labels or {})
    pieces = [
        (split, source, _rows(split, source, array), *rest) for split, source, array, *rest in data
    ]
    pieces = _all_ragged_or_none(pieces)
    _check_pieces(pieces, labels)
    split_dict: dict[str, dict[str, tuple[Any, ...]]] = {}
    with progress_bar("data", sum(len(piece[2]) for piece in pieces)) as bar:
        done = 0
        for source in dict.fromkeys(piece[1] for piece in pieces):
            parts = [piece for piece in pieces if piece[1] == source]
            written = create_rows(
                h5file, source, [part[2] for part in parts], labels.get(source, ())[1:]
            )
            for count in written:
                done += count
                bar.update(done)
            start = 0
            for split, _, rows, *comment in parts:
                stop = start + len(rows)
                split_dict.setdefault(split, {})[source] = (start, stop, None, *comment)
                start = stop
            name_axes(h5file[source], *labels.get(source, ())[: h5file[source].ndim])
    in_order = {split: split_dict[split] for split in dict.fromkeys(piece[0] for piece in pieces)}
    h5file.attrs["split"] = H5PYDataset.create_split_array(in_order)


def record_inputs(h5file: h5py.File, paths: Sequence[Path]) -> None:
    """Write the SHA-256 of each input file, by name, as JSON in the attribute `input_sha256`.

    Files that share a name are recorded by their paths.
    """
    names = [path.name for path in paths]
    digests: Mapping[str, str] = {
        path.name if names.count(path.name) == 1 else str(path): _sha256(path)
        for path in sorted(paths)
    }
    h5file.attrs["input_sha256"] = json.dumps(digests)


def _rows(split: str, source: str, values: Any) -> np.ndarray | RaggedRows:
    try:
        return as_rows(values)
    except ValueError as error:
        raise ValueError(f"source {source!r} of split {split!r}: {error}") from error


def _all_ragged_or_none(pieces: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Pieces that are alike by chance are ragged where others of their source are."""
    ragged = {source for _, source, rows, *_ in pieces if isinstance(rows, RaggedRows)}
    return [
        (split, source, RaggedRows.of(list(rows)), *rest)
        if source in ragged and isinstance(rows, np.ndarray) and rows.ndim > 1
        else (split, source, rows, *rest)
        for split, source, rows, *rest in pieces
    ]


def _check_pieces(
    pieces: Sequence[tuple[Any, ...]], axis_labels: Mapping[str, Sequence[str]]
) -> None:
    if not pieces:
        raise ValueError("there is no data to write; give tuples (split, source, array)")
    lengths: dict[str, tuple[str, int]] = {}
    kinds: dict[str, tuple[str, str]] = {}
    seen = set()
    for split, source, rows, *_ in pieces:
        if (split, source) in seen:
            raise ValueError(f"source {source!r} of split {split!r} is given twice")
        seen.add((split, source))
        other, length = lengths.setdefault(split, (source, len(rows)))
        if length != len(rows):
            raise ValueError(
                f"in split {split!r}, source {other!r} has {length} rows and source {source!r} "
                f"has {len(rows)}; they must be as many"
            )
        first, kind = kinds.setdefault(source, (split, _kind(rows)))
        if kind != _kind(rows):
            raise ValueError(
                f"source {source!r} has rows of {kind} in split {first!r}, but of {_kind(rows)} "
                f"in split {split!r}; they must be alike"
            )
        _check_labels(source, rows, axis_labels.get(source))
    if unknown := sorted(set(axis_labels) - set(kinds)):
        raise ValueError(f"axis_labels names {unknown}, but the sources are {sorted(kinds)}")


def _kind(rows: np.ndarray | RaggedRows) -> str:
    if isinstance(rows, RaggedRows) and rows.is_encoded:
        return "bytes"
    if isinstance(rows, RaggedRows):
        return f"{rows.dtype} with {rows.shapes.shape[1]} axes of any length"
    return f"{rows.dtype} {rows.shape[1:]}"


def _check_labels(source: str, rows: np.ndarray | RaggedRows, labels: Sequence[str] | None) -> None:
    axes = rows.ndim if isinstance(rows, np.ndarray) else 1
    if isinstance(rows, RaggedRows) and not rows.is_encoded:
        axes += rows.shapes.shape[1]
    if labels is not None and (isinstance(labels, str) or len(labels) != axes):
        raise ValueError(f"axis_labels of {source!r} are {labels!r}, but it has {axes} axes")


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
