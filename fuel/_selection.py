"""Checks of what is requested of a data set with random access."""

from operator import index
from typing import Any

import numpy as np

__all__ = ["Selection", "checked_request"]

Selection = int | slice | np.ndarray
"""A request that was checked: an index, a slice without gaps in its bounds, or 64-bit indices."""


_SEQUENCES = (np.ndarray, list, tuple)
_INT64 = np.dtype(np.int64)
_UINT64 = np.dtype(np.uint64)


def checked_request(request: Any, num_examples: int) -> Selection:
    """A request as an integer, a slice, or an array of indices within the data.

    Consecutive indices become a slice, which reads faster.

    Args:
        request: an integer, a slice, or a list, tuple or array of integers, in any order and with
            repetitions.
        num_examples: how many examples there are.

    Raises:
        ValueError: if the request is none of these, is empty, or reaches outside of the data; a
            result is never shorter than was asked for.
    """
    if isinstance(request, slice):
        return _checked_slice(request, num_examples)
    if isinstance(request, _SEQUENCES):
        return _checked_indices(request, num_examples)
    try:
        position = index(request)
    except TypeError:
        raise ValueError(
            f"the request {request!r} is not an index, a slice or a list of indices; give the "
            "stream an iteration scheme that makes them"
        ) from None
    if not 0 <= position < num_examples:
        raise ValueError(
            f"example {position} was requested; there are examples {_span(num_examples)}"
        )
    return position


def _checked_slice(request: slice, num_examples: int) -> slice:
    start = 0 if request.start is None else index(request.start)
    stop = num_examples if request.stop is None else index(request.stop)
    step = 1 if request.step is None else index(request.step)
    if step < 1 or not 0 <= start < stop <= num_examples:
        raise ValueError(
            f"{request} was requested; there are examples {_span(num_examples)}, and a slice must "
            "have 0 <= start < stop <= their number, and a positive step"
        )
    return slice(start, stop, step)


def _checked_indices(request: Any, num_examples: int) -> slice | np.ndarray:
    """A list of examples as an array, or a slice if they follow each other."""
    indices = np.asarray(request)
    if indices.dtype is not _INT64:
        if not len(indices):
            raise ValueError("an empty list of examples was requested; a batch needs at least one")
        if indices.dtype.kind not in "iu":
            raise ValueError(
                f"the request holds {indices.dtype} values; indices of examples must be integers"
            )
        indices = indices.astype(np.int64)
    if indices.ndim != 1 or not len(indices):
        raise ValueError(
            f"indices of shape {indices.shape} were requested; they must have one axis and not be "
            "empty"
        )
    # seen as unsigned, negative indices are the largest: one pass checks both bounds
    if np.maximum.reduce(indices.view(_UINT64)) >= num_examples:
        wrong = indices[(indices < 0) | (indices >= num_examples)]
        raise ValueError(
            f"example {wrong[0]} was requested (and {len(wrong) - 1} more like it); there are "
            f"examples {_span(num_examples)}"
        )
    first, length = indices.item(0), len(indices)
    if indices.item(-1) - first == length - 1 and (np.diff(indices) == 1).all():
        return slice(first, first + length, 1)
    return indices


def _span(num_examples: int) -> str:
    return f"0 to {num_examples - 1}" if num_examples else "none"
