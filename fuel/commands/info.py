"""`fuel-info`: say what is in an HDF5 file of data, and how it was made."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import h5py
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fuel.commands._arguments import add_completion, command_parser, find_file
from fuel.commands._command import DONE, FAILED, run
from fuel.commands._description import FileDescription, describe, opened
from fuel.commands._figures import IMAGE_COLUMNS, figure_rows, image_rows
from fuel.commands._page import page, write_page
from fuel.commands._warnings import warnings_of
from fuel.converters._content import content_sha256

__all__ = ["main"]

PLAIN_WIDTH = 10_000  # what is piped into another program is not to be broken into lines

EPILOG = """\
The column "shuffled" says how fast shuffled batches can be read: fast, fair or slow. Examples:

    fuel-info mnist                           a file in the data path
    fuel-info --verify data/mnist.hdf5        has a bit of it changed?
    fuel-info --html page.html mnist          a page with histograms and pictures
"""


def main(args: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, the process's own if None; give its exit status.

    The status is 0; 1 if the content does not have the checksum that was recorded; 2 if there is
    no such file, or it is damaged or not one of ours.
    """
    return run("fuel-info", lambda: _info(sys.argv[1:] if args is None else args))


def _info(args: Sequence[str]) -> int:
    parser = command_parser(
        "fuel-info",
        "Say what is in an HDF5 file of data: sources, splits, layout, statistics, and the command "
        "that made it.",
        EPILOG,
    )
    parser.add_argument(
        "filename",
        help="a path; or the name alone of a file in the data path, as mnist or mnist.hdf5",
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="read all of the data, and compare it with the checksum in the file",
    )
    parser.add_argument(
        "--html", metavar="OUT", help="write a page with histograms and sample pictures as well"
    )
    add_completion(parser)
    options = parser.parse_args(args)
    path = find_file(options.filename)
    description = describe(path)
    target = None if options.html is None else _target(options.html)
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console = Console(file=sys.stdout, highlight=False, width=PLAIN_WIDTH, no_color=True)
    _show(description, console)
    if target is not None:
        with opened(path) as h5file:
            text = page(description, h5file)
        write_page(text, target)
        console.print(Text(f"\nwrote {options.html}"))
    return _verify(description, console) if options.verify else DONE


def _target(name: str) -> Path:
    """Where a page may be written; links to files are followed.

    Raises:
        FileNotFoundError: if its directory is not there.
        ValueError: if there is something of another kind, as the data.
    """
    target = Path(os.path.realpath(name))
    if not name or target.is_dir():
        raise ValueError(f"--html {name!r} names no file; give for instance page.html")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no directory {str(target.parent)!r}; make it first")
    if target.exists() and not target.is_file():
        raise ValueError(f"{name} is no plain file; a page is written to one")
    if target.exists() and h5py.is_hdf5(target):
        raise ValueError(
            f"{name} is a file of data, which the page would replace; give the page another name: "
            "fuel-info --html page.html FILE"
        )
    return target


def _verify(description: FileDescription, console: Console) -> int:
    """Compare the content with its checksum; gives the exit status."""
    if description.content_sha256 is None:
        raise ValueError(
            f"{description.path} has no checksum of its content; fuel-convert repack adds one"
        )
    with opened(description.path) as h5file:
        found = content_sha256(h5file)
    if found == description.content_sha256:
        console.print(Text("\nverified: the content is what was written"))
        return DONE
    print(
        f"fuel-info: {description.path} is damaged: its content has the SHA-256 {found}, but "
        f"{description.content_sha256} was recorded; convert or download it anew",
        file=sys.stderr,
    )
    return FAILED


def _show(description: FileDescription, console: Console) -> None:
    name = os.path.basename(description.path)
    console.print(Text(f"{name}\n{'=' * len(name)}\n"))
    console.print(_pairs(_facts(description, console.is_terminal)))
    sources = ((s.name, s.shape, s.dtype, s.axes, s.layout, s.speed) for s in description.sources)
    _table(console, ("source", "shape", "dtype", "axes", "layout", "shuffled"), sources)
    splits = (
        (split, str(_size(parts)), ", ".join(f"{name} {rows}" for name, (_, rows) in parts.items()))
        for split, parts in description.splits.items()
    )
    _table(console, ("split", "examples", "rows"), splits)
    if figures := [*figure_rows(description)]:
        _table(console, ("source", "split", "min", "max", "mean", "std", "classes"), figures)
    if images := [(s.name, *row) for s in description.sources for row in image_rows(s)]:
        _table(console, ("encoded images", *IMAGE_COLUMNS), images)
    for warning in warnings_of(description):
        console.print(Text(f"\nwarning: {warning}", style="yellow"))


def _facts(description: FileDescription, short: bool) -> Iterable[tuple[str, str]]:
    yield "command", description.command
    if description.repacked is not None:
        yield "repacked by", description.repacked
    yield "H5PYDataset", description.interface_version
    yield "fuel.converters", description.converter_version
    yield "size", f"{description.size:,} bytes"
    if description.licence is not None:
        yield "licence", description.licence
    if description.content_sha256 is not None:
        yield "content", f"SHA-256 {_digest(description.content_sha256, short)}"
    for number, (name, digest) in enumerate(description.inputs.items()):
        yield ("" if number else "made from"), f"{name} (SHA-256 {_digest(digest, short)})"


def _digest(digest: str, short: bool) -> str:
    return f"{digest[:12]}…" if short else digest


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
