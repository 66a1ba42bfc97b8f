"""`fuel-info`: say what is in an HDF5 file of data, and how it was made."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fuel.commands._command import DONE, run
from fuel.commands._description import FileDescription, describe
from fuel.data_path import find_in_data_path

__all__ = ["main"]

PLAIN_WIDTH = 10_000  # what is piped into another program is not to be broken into lines


def main(args: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, the process's own if None; give its exit status.

    The status is 0, or 2 if there is no such file, or it is damaged or not one of ours.
    """
    return run("fuel-info", lambda: _info(sys.argv[1:] if args is None else args))


def _info(args: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="fuel-info",
        description="Say what is in an HDF5 file of data: sources, splits, layout, and the command "
        "that made it.",
    )
    parser.add_argument(
        "filename", help="a path; or the name alone of a file in the data path, as mnist.hdf5"
    )
    filename = parser.parse_args(args).filename
    is_bare = os.path.basename(filename) == filename
    path = find_in_data_path(filename) if is_bare and not os.path.exists(filename) else filename
    description = describe(path)
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console = Console(file=sys.stdout, highlight=False, width=PLAIN_WIDTH, no_color=True)
    _show(description, console)
    return DONE


def _show(description: FileDescription, console: Console) -> None:
    name = os.path.basename(description.path)
    console.print(Text(f"{name}\n{'=' * len(name)}\n"))
    console.print(_pairs(_facts(description, console.is_terminal)))
    sources = ((s.name, s.shape, s.dtype, s.axes, s.layout) for s in description.sources)
    _table(console, ("source", "shape", "dtype", "axes", "layout"), sources)
    splits = (
        (split, str(_size(parts)), ", ".join(f"{name} {rows}" for name, (_, rows) in parts.items()))
        for split, parts in description.splits.items()
    )
    _table(console, ("split", "examples", "rows"), splits)
    for source in description.sources:
        if source.warning is not None:
            console.print(Text(f"\nwarning: {source.name} is {source.warning}", style="yellow"))


def _facts(description: FileDescription, short: bool) -> Iterable[tuple[str, str]]:
    yield "command", description.command
    yield "H5PYDataset", description.interface_version
    yield "fuel.converters", description.converter_version
    yield "size", f"{description.size:,} bytes"
    for number, (name, digest) in enumerate(description.inputs.items()):
        shown = f"{digest[:12]}…" if short else digest
        yield ("" if number else "made from"), f"{name} (SHA-256 {shown})"


def _size(parts: dict[str, tuple[int, str]]) -> str:
    counts = sorted({count for count, _ in parts.values()})
    return " or ".join(map(str, counts)) or "0"


def _pairs(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in rows:
        table.add_row(Text(name), Text(value, overflow="fold"))
    return table


def _table(console: Console, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(box=SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    for title in header:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print()
    console.print(table)
