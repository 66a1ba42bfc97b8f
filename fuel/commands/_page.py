"""A file's description as one page of HTML that needs nothing else."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from html import escape
from pathlib import Path

import h5py
from rich.filesize import decimal

from fuel._files._publish import publish
from fuel.commands._description import FileDescription
from fuel.commands._html import facts, page_of, table
from fuel.commands._source_card import source_card
from fuel.commands._warnings import warnings_of

__all__ = ["page", "write_page"]


def write_page(text: str, path: Path) -> None:
    """Write the page to a file, which appears when it is whole.

    Raises:
        OSError: if it cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        part.write_bytes(text.encode(errors="replace"))  # names of files need be no texts
        publish(part, path)
    except OSError as error:
        error.filename = os.fspath(path)  # the one that the user knows
        raise
    finally:
        part.unlink(missing_ok=True)


def page(description: FileDescription, h5file: h5py.File) -> str:
    """The page: what to beware of, splits, a card on each source, and provenance."""
    name = os.path.basename(description.path)
    return page_of(name, _parts(name, description, h5file))


def _parts(name: str, description: FileDescription, h5file: h5py.File) -> Iterator[str]:
    yield f"<header><h1>{escape(name)}</h1>"
    yield f'<p class="soft">{escape(_summary(description))}</p></header>'
    for warning in warnings_of(description):
        yield f'<p class="warning">{escape(warning)}</p>'
    yield from _splits(description)
    for source in description.sources:
        yield from source_card(description, source, h5file)
    yield f"<section><h2>Provenance</h2>{facts(_provenance(description))}"
    if description.inputs:
        rows = list(description.inputs.items())
        yield f"<h3>Made from</h3>{table(('file', 'SHA-256'), rows)}"
    yield "</section>"


def _summary(description: FileDescription) -> str:
    counts = (len(description.splits), len(description.sources))
    nouns = ("split", "source")
    said = [f"{n} {noun}{'' if n == 1 else 's'}" for n, noun in zip(counts, nouns, strict=True)]
    return " · ".join([*said, decimal(description.size), description.licence or ""]).rstrip(" ·")


def _splits(description: FileDescription) -> Iterator[str]:
    sizes = {
        split: max((count for count, _ in parts.values()), default=0)
        for split, parts in description.splits.items()
    }
    total = max(1, sum(sizes.values()))
    yield "<section><h2>Splits</h2>"
    shares = "".join(
        f'<div style="flex: {size}" title="{escape(f"{split}: {size:,}")}"></div>'
        for split, size in sizes.items()
        if size
    )
    yield f'<div class="share">{shares}</div>'
    rows = []
    for split, parts in description.splits.items():
        said = (f"{sizes[split]:,}", f"{100 * sizes[split] / total:.3g} %")
        where: dict[str, list[str]] = {}
        for source, (_, place) in parts.items():
            where.setdefault(place, []).append(source)
        texts = [f"{place} of {', '.join(names)}" for place, names in where.items()]
        rows.append((split, *said, "; ".join(texts)))
    yield table(("split", "examples", "share", "rows"), rows, numbers=("examples", "share"))
    yield "</section>"


def _provenance(description: FileDescription) -> Iterator[tuple[str, str]]:
    yield "made by", description.command
    if description.repacked is not None:
        yield "repacked by", description.repacked
    yield "format", f"H5PYDataset {description.interface_version}"
    yield "converters", description.converter_version
    yield "size", f"{description.size:,} bytes"
    yield "licence", description.licence or "not recorded"
    yield "content", f"SHA-256 {description.content_sha256 or 'not recorded'}"
