"""Iterators over the requests of one epoch that can skip ahead without a replay.

What they yield is what users of Fuel know: lists of integers, or integers. `next_request` yields
the same request in the form that is fastest to read, a slice or an array of indices.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

__all__ = [
    "ChainedRequests",
    "ConstantRequests",
    "IndexRequests",
    "as_list",
    "next_request",
    "skip_requests",
]


class IndexRequests(Iterator[Any]):
    """An order of indices, cut into batches, or one by one.

    Args:
        order: a range or a one-dimensional array of integers.
        batch_size: examples in a request; the last request may be shorter. None for single indices.
        sorted_indices: whether the indices are sorted within each request.
    """

    def __init__(
        self, order: range | np.ndarray, batch_size: int | None, *, sorted_indices: bool = False
    ) -> None:
        self.order = order
        self.batch_size = batch_size
        self.sorted_indices = sorted_indices
        self.start = 0

    def __next__(self) -> list[int] | int:
        request: list[int] | int = as_list(self.next_request())
        return request

    def next_request(self) -> int | slice | np.ndarray:
        """The next request as an integer, a slice or a one-dimensional integer array."""
        start, order = self.start, self.order
        if start >= len(order):
            raise StopIteration
        if self.batch_size is None:
            self.start = start + 1
            return int(order[start])
        self.start = start + self.batch_size
        part = order[start : self.start]
        if isinstance(part, range):
            return slice(part.start, part.stop)
        return np.sort(part) if self.sorted_indices else part

    def skip(self, count: int) -> None:
        """Leave out the next `count` requests."""
        self.start += count * (self.batch_size or 1)


class ConstantRequests(Iterator[int]):
    """The same batch size again and again.

    Args:
        batch_size: the request.
        total: examples in an epoch, the last request may be smaller; None for no end.
    """

    def __init__(self, batch_size: int, total: int | None) -> None:
        self.batch_size = batch_size
        self.total = total
        self.requested = 0

    def __next__(self) -> int:
        size = self.batch_size
        if self.total is not None:
            size = min(size, self.total - self.requested)
            if size <= 0:
                raise StopIteration
        self.requested += size
        return size

    def skip(self, count: int) -> None:
        """Leave out the next `count` requests."""
        self.requested += count * self.batch_size


class ChainedRequests(Iterator[Any]):
    """Several request iterators, one after the other."""

    def __init__(self, parts: Sequence[Iterator[Any]]) -> None:
        self.parts = parts
        self.current = 0

    def __next__(self) -> Any:
        return self._next(next)

    def next_request(self) -> Any:
        """The next request in the form that is fastest to read."""
        return self._next(next_request)

    def _next(self, draw: Any) -> Any:
        while self.current < len(self.parts):
            try:
                return draw(self.parts[self.current])
            except StopIteration:
                self.current += 1
        raise StopIteration


def as_list(request: Any) -> Any:
    """A request as users know it: slices and arrays as lists."""
    if isinstance(request, slice):
        return list(range(request.start, request.stop))
    return request.tolist() if isinstance(request, np.ndarray) else request


def next_request(requests: Iterator[Any]) -> Any:
    """The next of `requests` in the form that is fastest to read, if they offer one."""
    if isinstance(requests, (IndexRequests, ChainedRequests)):
        return requests.next_request()
    return next(requests)


def skip_requests(requests: Iterator[Any], count: int) -> None:
    """Leave out the next `count` of `requests`, in one stride if they can."""
    if isinstance(requests, IndexRequests | ConstantRequests):
        requests.skip(count)
    else:
        next(islice(requests, count, count), None)
