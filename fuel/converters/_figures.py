"""Figures of numbers that come part by part: how many, least, greatest, mean, deviation."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["AbstractFigures", "Statistics", "figures_of"]

MOST_CLASSES = 1024
AT_ONCE = 1 << 19  # numbers, which are 4 MiB as floats


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """Figures of the numbers of a source in one split.

    Args:
        count: how many finite numbers there are.
        not_finite: how many others.
        minimum: of the finite ones; None, as the next three, if there are none.
        maximum: the same.
        mean: the same.
        std: their standard deviation, of the population.
        classes: for a source of whole numbers, one an example, how often each comes; None for
            others, and where they are more than 1024 apart.
    """

    count: int
    not_finite: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    classes: dict[int, int] | None


class AbstractFigures(ABC):
    """Collects numbers, and knows their statistics at any time."""

    def add(self, numbers: np.ndarray) -> None:
        """Take in some numbers, `(count,)`."""
        for place in range(0, len(numbers), AT_ONCE):
            self._add(numbers[place : place + AT_ONCE])

    @abstractmethod
    def statistics(self) -> Statistics:
        """Of all the numbers so far."""

    @abstractmethod
    def _add(self, numbers: np.ndarray) -> None:
        """Take in at most `AT_ONCE` of them."""


def figures_of(dtype: np.dtype[Any], *, are_labels: bool) -> AbstractFigures:
    """What collects numbers of a type.

    Args:
        dtype: of the numbers.
        are_labels: whether they are one an example, so that whole ones may be classes.
    """
    if dtype.kind in "biu" and dtype.itemsize <= 2 and dtype.isnative:
        return _Counts(dtype, are_labels)
    return _Moments(are_labels and dtype.kind in "iu")


class _Counts(AbstractFigures):
    """How often each value comes, from which all figures follow exactly: of 8 or 16 bits."""

    def __init__(self, dtype: np.dtype[Any], are_labels: bool) -> None:
        self._is_small = dtype.itemsize == 1
        self._are_labels = are_labels
        self._counts = np.zeros(1 << 16, np.int64)  # of pairs, if they are small
        self._odd: list[np.ndarray] = []
        bits = np.uint8 if self._is_small else np.uint16
        kind = bits if dtype.kind == "b" else dtype
        self._values = np.arange(1 << 8 * dtype.itemsize).astype(bits).view(kind).astype(object)

    def _add(self, numbers: np.ndarray) -> None:
        if self._is_small and len(numbers) % 2:
            self._odd.append(numbers[-1:].view(np.uint8))
            numbers = numbers[:-1]
        self._counts += np.bincount(numbers.view(np.uint16), minlength=1 << 16)

    def statistics(self) -> Statistics:
        counts = self._counts
        if self._is_small:
            pairs = counts.reshape(256, 256)
            odd = np.concatenate([np.empty(0, np.uint8), *self._odd])
            counts = pairs.sum(0) + pairs.sum(1) + np.bincount(odd, minlength=256)
        present = np.flatnonzero(counts)
        if not len(present):
            return _of_nothing(0)
        times = dict(
            sorted(zip(self._values[present].tolist(), counts[present].tolist(), strict=True))
        )
        count = sum(times.values())
        total = sum(value * many for value, many in times.items())
        squares = sum(value * value * many for value, many in times.items())
        low, high = min(times), max(times)
        return Statistics(
            count=count,
            not_finite=0,
            minimum=low,
            maximum=high,
            mean=total / count,
            std=math.sqrt((squares * count - total * total) / count**2),
            classes=times if self._are_labels and high - low < MOST_CLASSES else None,
        )


class _Moments(AbstractFigures):
    """Mean and squares about it, part by part.

    T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", 1979, equations 1.5a and b.
    """

    def __init__(self, has_classes: bool) -> None:
        self._count = self._others = 0
        self._low, self._high = math.inf, -math.inf
        self._mean = self._squares = 0.0
        self._classes: dict[int, int] | None = {} if has_classes else None

    def _add(self, numbers: np.ndarray) -> None:
        finite = numbers if numbers.dtype.kind in "iu" else numbers[np.isfinite(numbers)]
        self._others += numbers.size - finite.size
        if not finite.size:
            return
        self._low = min(self._low, finite.min().item())
        self._high = max(self._high, finite.max().item())
        part = finite.astype(np.float64)
        part_mean = float(part.mean())
        part -= part_mean
        part_squares = float(np.dot(part, part))
        total = self._count + part.size
        shift = part_mean - self._mean
        self._mean += shift * part.size / total
        self._squares += part_squares + shift * shift * self._count * part.size / total
        self._count = total
        self._count_classes(finite)

    def _count_classes(self, numbers: np.ndarray) -> None:
        if self._classes is None or self._high - self._low >= MOST_CLASSES:
            self._classes = None
            return
        values, counts = np.unique(numbers, return_counts=True)
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            self._classes[value] = self._classes.get(value, 0) + count

    def statistics(self) -> Statistics:
        if not self._count:
            return _of_nothing(self._others)
        return Statistics(
            count=self._count,
            not_finite=self._others,
            minimum=self._low,
            maximum=self._high,
            mean=self._mean,
            std=math.sqrt(self._squares / self._count),
            classes=None if self._classes is None else dict(sorted(self._classes.items())),
        )


def _of_nothing(others: int) -> Statistics:
    nothing = dict.fromkeys(("minimum", "maximum", "mean", "std", "classes"))
    return Statistics(count=0, not_finite=others, **nothing)
