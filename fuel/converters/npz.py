"""Arrays of one's own, in NumPy's `.npz` files, into one HDF5 file."""

from __future__ import annotations

import argparse
import math
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from fuel._files._scratch import scratch_directory
from fuel.converters._own_splits import (
    Draw,
    add_arguments,
    add_files,
    files_by_split,
    refuse_two_ways,
)
from fuel.converters._rows import BLOCK
from fuel.converters._spool import Spool
from fuel.converters.base import create_hdf5, fill_hdf5_file, progress_bar, record_inputs

__all__ = ["convert_npz", "fill_subparser"]

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)
MOST_AXES = 32
DESCRIPTION = """\
Make one HDF5 file of arrays that numpy.savez wrote; each array becomes a source of its name:

    fuel-convert npz digits.npz --fractions train=0.9,test=0.1
    fuel-convert npz train=train.npz test=test.npz
    fuel-convert npz mnist.npz --by-suffix      (arrays named x_train, y_train, x_test, y_test)

The first axis is that of the examples. Name the others with --axes, for instance
--axes features=batch,channel,height,width
"""


@dataclass(frozen=True, kw_only=True)
class _Array:
    """An array in a file: its name and what its header says."""

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_fortran: bool


def convert_npz(
    directory: str | os.PathLike[str],
    output_directory: str | os.PathLike[str],
    output_filename: str | None = None,
    *,
    files: Sequence[str],
    by_suffix: bool = False,
    axes: Sequence[tuple[str, tuple[str, ...]]] = (),
    fractions: Mapping[str, float] | None = None,
    seed: int | None = None,
) -> tuple[str]:
    """Make one HDF5 file of `.npz` files. Arrays are read some rows at a time.

    Only those in Fortran's order are in memory as a whole.

    Args:
        directory: what the files are relative to.
        output_directory: where to write.
        output_filename: `<name of the first file>.hdf5` if None.
        files: the path of a file, or several as `SPLIT=PATH`.
        by_suffix: whether arrays are named `<source>_<split>`.
        axes: names of axes by source.
        fractions: splits and their parts, to draw at random.
        seed: of the draw.

    Returns:
        The path of the file written.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if one is damaged, holds Python objects or text, or the arrays do not fit
            together.
        OSError: if the file cannot be written.
    """
    paths = {split: Path(directory) / p for split, p in files_by_split(files).items()}
    refuse_two_ways(files=len(paths) > 1, suffixes=by_suffix, fractions=fractions is not None)
    found = {split: _arrays(path) for split, path in paths.items()}
    if by_suffix:
        found = _by_suffix(next(iter(found.values())))
    for split, arrays in found.items():
        _check_lengths(split, arrays)
    first = next(iter(paths.values()))
    output = Path(output_directory) / (output_filename or f"{first.stem}.hdf5")
    with scratch_directory(output.parent, ".fuel-npz-") as scratch:
        spool = Spool(scratch)
        _collect(spool, found, fractions, seed)
        with create_hdf5(output) as h5file:
            fill_hdf5_file(h5file, spool.pieces(), axis_labels=dict(axes))
            record_inputs(h5file, list(paths.values()))
    return (str(output),)


def fill_subparser(subparser: argparse.ArgumentParser) -> Callable[..., tuple[str]]:
    """Add the arguments of `fuel-convert npz`."""
    subparser.description = DESCRIPTION
    subparser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_files(subparser, "a file")
    subparser.add_argument(
        "--by-suffix", action="store_true", help="arrays are named SOURCE_SPLIT, as x_train"
    )
    subparser.add_argument(
        "--axes",
        type=_axes,
        action="append",
        default=[],
        metavar="SOURCE=AXIS,...",
        help="names of a source's axes, the first that of the examples; repeatable",
    )
    add_arguments(subparser)
    return convert_npz


def _axes(text: str) -> tuple[str, tuple[str, ...]]:
    source, _, names = text.partition("=")
    if not source or not names:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form SOURCE=AXIS,AXIS,...")
    return source, tuple(name.strip() for name in names.split(","))


def _collect(
    spool: Spool,
    found: Mapping[str, Mapping[str, _Array]],
    fractions: Mapping[str, float] | None,
    seed: int | None,
) -> None:
    """Read the arrays of each split, and give each row to the split that it is drawn for."""
    total = sum(array.shape[0] for arrays in found.values() for array in arrays.values())
    done = 0
    with progress_bar("arrays", total) as bar:
        for split, arrays in found.items():
            length = next(iter(arrays.values())).shape[0]
            draw = Draw.of(length, fractions, seed, otherwise=split)
            for source, array in arrays.items():
                for start, rows in _blocks(array):
                    for name, chosen in draw.parts(start, start + len(rows)):
                        spool.add_batch(name, {source: rows[chosen]})
                    done += len(rows)
                    bar.update(done)


def _arrays(path: Path) -> dict[str, _Array]:
    """What is in a file."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    found = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                name = re.sub(r"\.npy$", "", member)
                with archive.open(member) as file:
                    shape, is_fortran, dtype = _header(file)
                found[name] = _Array(
                    path=path, name=name, shape=shape, dtype=dtype, is_fortran=is_fortran
                )
    except (*DAMAGE, ValueError) as error:
        raise ValueError(f"{path} is no .npz file, or a damaged one: {error}") from error
    for array in found.values():
        _check(array)
    if not found:
        raise ValueError(f"{path} holds no arrays")
    return found


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    return np.lib.format.read_array_header_2_0(file)


def _check(array: _Array) -> None:
    where = f"{array.path}: the array {array.name!r}"
    if array.dtype.hasobject:
        raise ValueError(
            f"{where} holds Python objects, which could do anything when they are read; save it as "
            "numbers"
        )
    if array.dtype.kind not in "biufcS":
        raise ValueError(
            f"{where} holds {array.dtype}, which has no place in these files; number the words"
        )
    if not 1 <= len(array.shape) <= MOST_AXES or min(array.shape) < 0:
        raise ValueError(
            f"{where} has the shape {array.shape}; the first axis must be that of the examples"
        )


def _by_suffix(arrays: Mapping[str, _Array]) -> dict[str, dict[str, _Array]]:
    found: dict[str, dict[str, _Array]] = {}
    for name, array in arrays.items():
        source, _, split = name.rpartition("_")
        if not source or not split:
            raise ValueError(
                f"{array.path}: the array {name!r} is not named SOURCE_SPLIT, as x_train is"
            )
        found.setdefault(split, {})[source] = array
    return found


def _check_lengths(split: str, arrays: Mapping[str, _Array]) -> None:
    lengths = {name: array.shape[0] for name, array in arrays.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(
            f"the arrays of split {split!r} differ in their number of rows: {lengths}; if they are "
            "several splits, name them x_train, x_test and so on, and say --by-suffix"
        )
    if not set(lengths.values()) - {0}:
        raise ValueError(f"the arrays of split {split!r} have no rows")


def _blocks(array: _Array) -> Iterator[tuple[int, np.ndarray]]:
    """First row, and some rows from it on."""
    try:
        with zipfile.ZipFile(array.path) as archive, archive.open(_member(archive, array)) as file:
            if array.is_fortran:
                yield 0, np.ascontiguousarray(np.lib.format.read_array(file, allow_pickle=False))
                return
            _header(file)
            size = math.prod(array.shape[1:]) * array.dtype.itemsize
            step = max(1, BLOCK // max(1, size))
            for start in range(0, array.shape[0], step):
                count = min(step, array.shape[0] - start)
                data = _read(file, count * size)
                yield start, np.frombuffer(data, array.dtype).reshape(count, *array.shape[1:])
            if file.read(1):
                raise EOFError("it has more bytes than its header says")
    except (*DAMAGE, ValueError) as error:
        raise ValueError(f"{array.path}: the array {array.name!r} is damaged: {error}") from error


def _read(file: IO[bytes], size: int) -> bytearray:
    data = bytearray()
    while len(data) < size:
        piece = file.read(min(BLOCK, size - len(data)))
        if not piece:
            raise EOFError(f"{size - len(data)} of its bytes are missing")
        data += piece
    return data


def _member(archive: zipfile.ZipFile, array: _Array) -> str:
    names = archive.namelist()
    return f"{array.name}.npy" if f"{array.name}.npy" in names else array.name
