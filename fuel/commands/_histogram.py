"""How often the numbers of a source come, as a drawing."""

from __future__ import annotations

from html import escape

import h5py
import numpy as np

from fuel.commands._pictures import sample_rows

__all__ = ["bars", "histogram"]

BINS = 48
ROWS = 2000
WIDTH, HEIGHT = 360, 90


def histogram(dataset: h5py.Dataset) -> str:
    """An SVG of the numbers in rows from all over a data set; empty if it holds no numbers."""
    inner = h5py.check_vlen_dtype(dataset.dtype)
    if (dataset.dtype if inner is None else np.dtype(inner)).kind not in "biuf":
        return ""
    rows = sample_rows(dataset, ROWS)
    parts = [np.asarray(dataset[row]).ravel() for row in rows]
    numbers = np.concatenate(parts).astype(np.float64) if parts else np.empty(0)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return ""
    low, high = numbers.min(), numbers.max()
    is_whole = bool((numbers == np.rint(numbers)).all()) and high - low < BINS
    edges = np.arange(low - 0.5, high + 1) if is_whole else BINS
    counts, edges = np.histogram(numbers, bins=edges)
    texts = [
        f"{left:.6g} to {right:.6g}: {count}" if not is_whole else f"{left + 0.5:g}: {count}"
        for count, left, right in zip(counts, edges, edges[1:], strict=False)
    ]
    return bars(counts.tolist(), texts, f"{low:.6g}", f"{high:.6g}")


def bars(counts: list[int], texts: list[str], low: str, high: str) -> str:
    """An SVG of bars, each with a text that shows when it is pointed at, and two at the ends."""
    tallest = max(1, *counts)
    width = WIDTH / max(1, len(counts))
    drawn = "".join(
        f'<rect x="{place * width:.2f}" y="{HEIGHT * (1 - count / tallest):.2f}" '
        f'width="{max(0.5, width - 1):.2f}" height="{HEIGHT * count / tallest:.2f}">'
        f"<title>{escape(text)}</title></rect>"
        for place, (count, text) in enumerate(zip(counts, texts, strict=True))
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 14}" width="{WIDTH}" role="img">{drawn}'
        f'<text x="0" y="{HEIGHT + 12}">{escape(low)}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT + 12}" text-anchor="end">{escape(high)}</text></svg>'
    )
