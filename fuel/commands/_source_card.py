"""A source of a file on its page: its shape by axes, its figures, its numbers and some examples."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from html import escape

import h5py
from rich.filesize import decimal

from fuel.commands._description import FileDescription, SourceDescription
from fuel.commands._encoded_images import holds_files
from fuel.commands._figures import IMAGE_COLUMNS, image_rows
from fuel.commands._histogram import ROWS, bars, histogram
from fuel.commands._html import facts, table
from fuel.commands._pictures import is_pictures, sample_pictures
from fuel.commands._samples import sample_rows, sample_texts
from fuel.converters._rows import shapes_of
from fuel.datasets._layout import SourceLayout

__all__ = ["source_card"]

PICTURES = 24
EXAMPLES = 6
SHUFFLED = {"fast": "fast to shuffle", "fair": "fair to shuffle", "slow": "slow to shuffle"}


def source_card(
    description: FileDescription, source: SourceDescription, h5file: h5py.File
) -> Iterator[str]:
    """The parts of a card, as HTML."""
    dataset = h5file[source.name]
    badge = f'<span class="badge {source.speed}">{SHUFFLED[source.speed]}</span>'
    yield f"<section><h2>{escape(source.name)} {badge}</h2>"
    yield f'<p class="shape">{_shape(dataset)}</p>'
    said = [source.dtype, source.layout]
    if h5py.check_vlen_dtype(dataset.dtype) is None:  # others lie in heaps that all share
        said.append(f"{decimal(dataset.id.get_storage_size())} stored")
    yield f'<p class="soft">{escape(" · ".join(said))}</p>'
    if source.statistics:
        yield _figures(source)
    for row in image_rows(source):
        yield "<h3>Encoded images, in rows from all over the file</h3>"
        yield facts(zip(IMAGE_COLUMNS, row, strict=True))
    is_label = any(figures.classes for figures in source.statistics.values())
    if is_label:
        yield f"<h3>Examples of each class</h3>{_classes(source)}"
    elif source.images is None and (drawing := histogram(dataset)):
        yield f"<h3>Numbers in up to {ROWS:,} rows from all over the file</h3>{drawing}"
    if source.images is not None or is_pictures(dataset):
        yield f"<h3>Some examples</h3>{_pictures(description, dataset)}"
    elif len(dataset) and not is_label:
        texts = sample_texts(dataset, sample_rows(dataset, EXAMPLES))
        yield f"<h3>Some examples</h3>{table(('row', 'begins with'), texts, numbers=('row',))}"
    yield "</section>"


def _shape(dataset: h5py.Dataset) -> str:
    """Length and name of each axis; of axes of ragged examples, from which to which length."""
    sizes = [f"{size:,}" for size in dataset.shape]
    if (shapes := shapes_of(dataset)) is not None:
        all_shapes = shapes[...]
        for column in all_shapes.T if len(all_shapes) else ():
            low, high = int(column.min()), int(column.max())
            sizes.append(f"{low:,}" if low == high else f"{low:,} to {high:,}")
    elif h5py.check_vlen_dtype(dataset.dtype) not in (None, str, bytes):
        sizes.append("any length")
    labels = SourceLayout.of(dataset).axis_labels
    names = [*labels, *[""] * (len(sizes) - len(labels))]
    return " × ".join(
        f"{size} <small>{escape(name)}</small>" if name else size
        for size, name in zip(sizes, names, strict=False)
    )


def _figures(source: SourceDescription) -> str:
    rows = []
    for split, figures in source.statistics.items():
        numbers = (figures.minimum, figures.maximum, figures.mean, figures.std)
        rows.append((split, *("–" if number is None else f"{number:.6g}" for number in numbers)))
    header = ("split", "least", "greatest", "mean", "deviation")
    return table(header, rows, numbers=header[1:])


def _classes(source: SourceDescription) -> str:
    """Bars of all splits together; each tells of the splits when it is pointed at."""
    found = {split: figures.classes or {} for split, figures in source.statistics.items()}
    numbers = sorted(set().union(*found.values()))
    names = [_class_name(source, number) for number in numbers]
    counts = [sum(classes.get(number, 0) for classes in found.values()) for number in numbers]
    texts = [
        f"{name}: "
        + ", ".join(f"{classes.get(number, 0)} in {split}" for split, classes in found.items())
        for name, number in zip(names, numbers, strict=True)
    ]
    return bars(counts, texts, names, (names[0], names[-1]))


def _pictures(description: FileDescription, dataset: h5py.Dataset) -> str:
    rows = sample_rows(dataset, PICTURES)
    figures = []
    for row, kind, content in sample_pictures(dataset, rows):
        text = base64.b64encode(content).decode()
        label = escape(", ".join(_labels(description, dataset, row)))
        figures.append(
            f'<figure><img src="data:{kind};base64,{text}" alt="row {row}">'
            f"<figcaption>{f'<b>{label}</b> ' if label else ''}row {row}</figcaption></figure>"
        )
    shown = f'<div class="pictures{_smooth(dataset)}">{"".join(figures)}</div>'
    if len(figures) == len(rows):
        return shown
    missing = f"{len(rows) - len(figures)} of {len(rows)} are left out"
    return f'{shown}<p class="soft">{missing}: too large, or nothing that can be shown.</p>'


def _smooth(dataset: h5py.Dataset) -> str:
    """A class of styles for photographs, whose pixels are not meant to be seen."""
    return " smooth" if holds_files(dataset) else ""


def _labels(description: FileDescription, shown: h5py.Dataset, row: int) -> Iterator[str]:
    """The classes in that row of other sources, if they have as many rows."""
    for source in description.sources:
        dataset = shown.file[source.name]
        is_label = dataset.dtype.kind in "biu" and math.prod(dataset.shape[1:]) == 1
        if is_label and len(dataset) == len(shown):
            yield _class_name(source, int(dataset[row].item()))


def _class_name(source: SourceDescription, number: int) -> str:
    """What a label of this number is called; the number itself if it has no name."""
    names = source.class_names
    return names[number] if 0 <= number < len(names) else str(number)
