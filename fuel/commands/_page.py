"""A file's description as one page of HTML that needs nothing else."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

import h5py

from fuel._publish import publish
from fuel.commands._description import FileDescription, SourceDescription
from fuel.commands._figures import figure_rows
from fuel.commands._histogram import bars, histogram
from fuel.commands._pictures import is_pictures, sample_pictures, sample_rows

__all__ = ["page", "write_page"]

PICTURES = 24
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse; margin: .5rem 0 }
th, td { text-align: left; padding: .1rem 1rem .1rem 0; vertical-align: top }
th { font-weight: 600 } td { overflow-wrap: anywhere }
figure { display: inline-block; margin: 0 .5rem .5rem 0; text-align: center; font-size: 12px }
img { image-rendering: pixelated; min-width: 64px; max-width: 192px; background: #8883 }
rect { fill: #47a } text { font-size: 11px; fill: currentColor }
.warning { color: #a40 } .slow { color: #a40 } .fast { color: #170 }
:root { color-scheme: light dark }
"""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def write_page(description: FileDescription, h5file: h5py.File, path: Path) -> None:
    """Write the page to a file, which appears when it is whole.

    Raises:
        OSError: if it cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        part.write_text(page(description, h5file), encoding="utf-8")
        publish(part, path)
    finally:
        part.unlink(missing_ok=True)


def page(description: FileDescription, h5file: h5py.File) -> str:
    """The page: provenance, sources, splits, statistics, and a part on each source."""
    name = escape(os.path.basename(description.path))
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        f"<title>{name}</title><style>{STYLE}</style></head><body><h1>{name}</h1>",
        _table((), _facts(description)),
        "<h2>Sources</h2>",
        _table(
            ("source", "shape", "dtype", "axes", "layout", "shuffled"),
            ((s.name, s.shape, s.dtype, s.axes, s.layout, s.speed) for s in description.sources),
        ),
        *(
            f'<p class="warning">{escape(s.name)} is {escape(s.warning)}</p>'
            for s in description.sources
            if s.warning is not None
        ),
        "<h2>Splits</h2>",
        _table(
            ("split", "source", "examples", "rows"),
            (
                (split, source, str(count), rows)
                for split, found in description.splits.items()
                for source, (count, rows) in found.items()
            ),
        ),
    ]
    if figures := list(figure_rows(description)):
        header = ("source", "split", "min", "max", "mean", "std", "classes")
        parts += ["<h2>Statistics</h2>", _table(header, figures)]
    for source in description.sources:
        parts += _source(description, source, h5file)
    return "\n".join([*parts, "</body></html>\n"])


def _facts(description: FileDescription) -> Iterator[tuple[str, str]]:
    yield "made by", description.command
    if description.repacked is not None:
        yield "repacked by", description.repacked
    yield "format", f"H5PYDataset {description.interface_version}"
    yield "converters", description.converter_version
    yield "size", f"{description.size:,} bytes"
    yield "licence", description.licence or "not recorded"
    yield "content", f"SHA-256 {description.content_sha256 or 'not recorded'}"
    for name, digest in description.inputs.items():
        yield "made from", f"{name} (SHA-256 {digest})"


def _source(
    description: FileDescription, source: SourceDescription, h5file: h5py.File
) -> Iterator[str]:
    dataset = h5file[source.name]
    yield f"<h2>{escape(source.name)}</h2>"
    classes = next((f.classes for f in source.statistics.values() if f.classes), None)
    if classes:
        names = [_class_name(source, number) for number in sorted(classes)]
        counts = [
            sum((figures.classes or {}).get(number, 0) for figures in source.statistics.values())
            for number in sorted(classes)
        ]
        texts = [f"{name}: {count}" for name, count in zip(names, counts, strict=True)]
        yield bars(counts, texts, names[0], names[-1])
    elif not is_pictures(dataset) or source.statistics:
        yield histogram(dataset)
    if is_pictures(dataset):
        for row, kind, content in sample_pictures(dataset, sample_rows(dataset, PICTURES)):
            text = base64.b64encode(content).decode()
            caption = escape(_caption(description, h5file, source, row))
            yield (
                f'<figure><img src="data:{kind};base64,{text}" alt="row {row}">'
                f"<figcaption>{caption}</figcaption></figure>"
            )


def _caption(
    description: FileDescription, h5file: h5py.File, shown: SourceDescription, row: int
) -> str:
    """The row, and the classes of other sources there, if all have as many rows."""
    said = [str(row)]
    for source in description.sources:
        dataset = h5file[source.name]
        is_label = any(figures.classes for figures in source.statistics.values())
        if is_label and len(dataset) == len(h5file[shown.name]):
            said.append(_class_name(source, int(dataset[row].item())))
    return ": ".join(said)


def _class_name(source: SourceDescription, number: int) -> str:
    names = source.class_names
    return names[number] if 0 <= number < len(names) else str(number)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table>{f'<tr>{head}</tr>' if head else ''}{body}</table>"
