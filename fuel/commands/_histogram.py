"""How often the numbers of a source come, as a drawing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from html import escape

import h5py
import numpy as np

from fuel.commands._samples import sample_of

__all__ = ["bars", "histogram"]

BINS = 48
ROWS = 2000
WIDTH, HEIGHT = 576, 120
NAMED = 24  # so many bars have their names below, if these are short
LETTER = 10  # pixels that a letter takes
STEEP = 50  # as much taller than the middle one a bar may be, and they can all be seen


def histogram(dataset: h5py.Dataset) -> str:
    """A drawing of the numbers in rows from all over a data set; empty if it holds no numbers."""
    inner = h5py.check_vlen_dtype(dataset.dtype)
    if (dataset.dtype if inner is None else np.dtype(inner)).kind not in "biuf":
        return ""
    parts = [part.astype(np.float64) for part in sample_of(dataset, ROWS)]
    numbers = np.concatenate(parts) if parts else np.empty(0)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return ""
    low, high = numbers.min(), numbers.max()
    is_whole = bool((numbers == np.rint(numbers)).all()) and high - low < BINS
    if not is_whole and not math.isfinite(high - low):
        return ""  # as far apart as floats are; there is no scale for them
    edges = np.arange(low - 0.5, high + 1) if is_whole else BINS
    counts, edges = np.histogram(numbers, bins=edges)
    if is_whole:
        names = [f"{left + 0.5:g}" for left in edges[:-1]]
    else:
        names = [f"{a:.6g} to {b:.6g}" for a, b in itertools.pairwise(edges)]
    texts = [f"{name}: {count}" for name, count in zip(names, counts, strict=True)]
    ends = (f"{low:.6g}", f"{high:.6g}")
    return bars(counts.tolist(), texts, names if is_whole else (), ends)


def bars(
    counts: Sequence[int], texts: Sequence[str], names: Sequence[str], ends: tuple[str, str]
) -> str:
    """A drawing of bars; where some would be too low to be seen, their heights are logarithmic.

    Args:
        counts: what they are as high as.
        texts: what each shows when it is pointed at.
        names: what stands below each, if there is room.
        ends: what stands below the first and the last, if there is not.
    """
    seen = sorted(count for count in counts if count)
    is_steep = bool(seen) and seen[-1] > STEEP * seen[len(seen) // 2]
    heights = [math.log1p(count) if is_steep else float(count) for count in counts]
    scale = HEIGHT / max(1e-9, *heights)
    width = WIDTH / max(1, len(counts))
    drawn = "".join(
        f'<rect x="{place * width:.2f}" y="{HEIGHT - height * scale:.2f}" '
        f'width="{max(0.5, width - 1.5):.2f}" height="{height * scale:.2f}">'
        f"<title>{escape(text)}</title></rect>"
        for place, (height, text) in enumerate(zip(heights, texts, strict=True))
    )
    note = f"up to {max(0, *counts):,}{', logarithmic' if is_steep else ''}"
    return (
        f'<svg viewBox="0 -16 {WIDTH} {HEIGHT + 32}" role="img">'
        f'<text x="{WIDTH}" y="-5" text-anchor="end">{note}</text>{drawn}'
        f'<line x1="0" y1="{HEIGHT}" x2="{WIDTH}" y2="{HEIGHT}"/>'
        f"{_captions(len(counts), names, ends, width)}</svg>"
    )


def _captions(count: int, names: Sequence[str], ends: tuple[str, str], width: float) -> str:
    below = HEIGHT + 13
    if len(names) == count <= NAMED and all(len(name) * LETTER < width for name in names):
        return "".join(
            f'<text x="{(place + 0.5) * width:.2f}" y="{below}" text-anchor="middle">'
            f"{escape(name)}</text>"
            for place, name in enumerate(names)
        )
    return (
        f'<text x="0" y="{below}">{escape(ends[0])}</text>'
        f'<text x="{WIDTH}" y="{below}" text-anchor="end">{escape(ends[1])}</text>'
    )
