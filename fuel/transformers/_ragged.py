"""Batches whose examples differ in shape: arrays of objects, one for each example."""

from collections.abc import Callable
from typing import Any, TypeGuard

import numpy as np

__all__ = ["each", "is_ragged"]


def is_ragged(batch: Any) -> TypeGuard[np.ndarray]:
    """Whether a batch, or what an item has of a source, is a ragged one."""
    return isinstance(batch, np.ndarray) and batch.dtype.kind == "O" and batch.ndim == 1


def each(function: Callable[[Any], Any], batch: np.ndarray) -> np.ndarray:
    """A ragged batch of what `function` makes of each example."""
    result = np.empty(len(batch), dtype=object)
    for place, example in enumerate(batch):
        result[place] = function(np.asarray(example))
    return result
