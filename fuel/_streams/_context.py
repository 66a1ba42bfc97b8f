"""What an operation may know beside its data: its place, and where its result may go."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

__all__ = ["NO_CONTEXT", "Allocate", "Context", "Place", "new_array"]

Allocate = Callable[[str, tuple[int, ...], DTypeLike], np.ndarray]
"""Gives a C-contiguous array for a source's result: (source, shape, dtype) -> array."""


class Place(NamedTuple):
    """Where an item stands: the stream's seed, the epoch and the step in it, both from 0."""

    seed: int
    epoch: int
    step: int


class Context(NamedTuple):
    """What an operation may know beside its data.

    Attributes:
        request: which examples the item is made of.
        place: where the item stands.
        allocate: makes the arrays that results are written to.
    """

    request: Any
    place: Place
    allocate: Allocate


def new_array(source: str, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """An array in ordinary memory."""
    return np.empty(shape, dtype)


NO_CONTEXT = Context(None, Place(0, 0, 0), new_array)
"""For operations that read neither request nor place."""
