"""The recorded statistics of a file's sources, as texts for a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fuel.commands._description import FileDescription, SourceDescription

__all__ = ["IMAGE_COLUMNS", "classes_text", "figure_rows", "image_rows"]

SHOWN = 4
IMAGE_COLUMNS = ("examined", "kinds", "height", "width", "channels", "bytes", "decoded to")
"""Of a table of encoded images."""


def figure_rows(description: FileDescription) -> Iterator[tuple[str, ...]]:
    """For each source and split: their names, least, greatest, mean, deviation, classes."""
    for source in description.sources:
        for split, figures in source.statistics.items():
            four = (figures.minimum, figures.maximum, figures.mean, figures.std)
            numbers = ["" if number is None else f"{number:.6g}" for number in four]
            classes = classes_text(figures.classes or {}, source.class_names)
            if figures.not_finite:
                classes = f"{figures.not_finite} not finite"
            yield (source.name, split, *numbers, classes)


def image_rows(source: SourceDescription) -> Iterator[tuple[str, ...]]:
    """What `IMAGE_COLUMNS` say of a source of encoded images; nothing of another."""
    if (images := source.images) is not None:
        pixels = (images.heights, images.widths, images.channels)
        yield (images.examined, images.kinds, *pixels, images.sizes, images.decoded_to)


def classes_text(classes: dict[int, int], names: Sequence[str]) -> str:
    """How many classes there are, and how often the most frequent come."""
    if not classes:
        return ""
    often = sorted(classes, key=lambda number: (-classes[number], number))
    shown = ", ".join(f"{_name(number, names)} {classes[number]}x" for number in often[:SHOWN])
    return f"{len(classes)}: {shown}{', …' if len(often) > SHOWN else ''}"


def _name(number: int, names: Sequence[str]) -> str:
    return names[number] if 0 <= number < len(names) else str(number)
