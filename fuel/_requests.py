"""Iterators over the requests of one epoch that can skip ahead without a replay.

What they yield is what users of Fuel know: lists of integers, or integers. `next_request` yields
the same request in the form that is fastest to read, a slice or an array of indices.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from fuel._orders import Order
from fuel._shard import Shard

__all__ = [
    "ChainedRequests",
    "ConstantRequests",
    "IndexRequests",
    "Requests",
    "ShardRequests",
    "as_list",
    "next_request",
    "skip_requests",
]


class Requests(Iterator[Any]):
    """The requests of one epoch, or what is left of them."""

    def __next__(self) -> Any:
        return as_list(self.next_request())

    @abstractmethod
    def next_request(self) -> Any:
        """The next request in the form that is fastest to read."""

    @abstractmethod
    def skip(self, count: int) -> None:
        """Leave out the next `count` requests; or all, if there are fewer."""

    @abstractmethod
    def remaining(self) -> int | None:
        """How many requests are left; None if that is unknown, or they do not end."""


class IndexRequests(Requests):
    """An order of indices, cut into batches, or one by one.

    Args:
        order: a range, a one-dimensional array of integers, or an order made as it is read.
        batch_size: examples in a request; the last request may be shorter. None for single indices.
        sorted_indices: whether the indices are sorted within each request.
        drop_last: whether to leave out a last request that would be shorter.
    """

    def __init__(
        self,
        order: range | np.ndarray | Order,
        batch_size: int | None,
        *,
        sorted_indices: bool = False,
        drop_last: bool = False,
    ) -> None:
        self.order = order
        self.batch_size = batch_size
        self.sorted_indices = sorted_indices
        self.start = 0
        self.stop = len(order)
        if drop_last and batch_size is not None:
            self.stop -= self.stop % batch_size

    def next_request(self) -> int | slice | np.ndarray:
        """The next request as an integer, a slice or a one-dimensional integer array."""
        start, order = self.start, self.order
        if start >= self.stop:
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

    def remaining(self) -> int:
        """How many requests are left."""
        return max(0, -((self.start - self.stop) // (self.batch_size or 1)))


class ConstantRequests(Requests):
    """The same batch size again and again.

    Args:
        batch_size: the request.
        total: examples in an epoch, the last request may be smaller; None for no end.
    """

    def __init__(self, batch_size: int, total: int | None) -> None:
        self.batch_size = batch_size
        self.total = total
        self.requested = 0

    def next_request(self) -> int:
        """The next batch size."""
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

    def remaining(self) -> int | None:
        """How many requests are left, if they end."""
        if self.total is None:
            return None
        return max(0, -((self.requested - self.total) // self.batch_size))


class ChainedRequests(Requests):
    """Several request iterators, one after the other."""

    def __init__(self, parts: Sequence[Iterator[Any]]) -> None:
        self.parts = parts
        self.current = 0

    def __next__(self) -> Any:
        return self._next(next)

    def next_request(self) -> Any:
        """The next request in the form that is fastest to read."""
        return self._next(next_request)

    def skip(self, count: int) -> None:
        """Leave out the next `count` requests, by strides in the parts that know their length."""
        while count and self.current < len(self.parts):
            part = self.parts[self.current]
            left = _remaining(part)
            if left is None:
                next(islice(self, count, count), None)
                return
            skip_requests(part, min(count, left))
            if count >= left:
                self.current += 1
            count -= min(count, left)

    def remaining(self) -> int | None:
        """How many requests are left, if all parts know it."""
        lengths = [_remaining(part) for part in self.parts[self.current :]]
        known = [length for length in lengths if length is not None]
        return sum(known) if len(known) == len(lengths) else None

    def _next(self, draw: Callable[[Iterator[Any]], Any]) -> Any:
        while self.current < len(self.parts):
            try:
                return draw(self.parts[self.current])
            except StopIteration:
                self.current += 1
        raise StopIteration


class ShardRequests(Requests):
    """Of every `shard.count` requests the one that is a shard's.

    Args:
        requests: all of them.
        shard: which ones.
    """

    def __init__(self, requests: Iterator[Any], shard: Shard) -> None:
        self.requests = requests
        self.shard = shard
        self._before_round = 0

    def __next__(self) -> Any:
        return self._next(next)

    def next_request(self) -> Any:
        """The next request in the form that is fastest to read."""
        return self._next(next_request)

    def skip(self, count: int) -> None:
        """Leave out the next `count` requests of the shard."""
        self._before_round += count * self.shard.count

    def remaining(self) -> int | None:
        """How many requests of the shard are left, if it is known of all requests."""
        left = _remaining(self.requests)
        if left is None:
            return None
        left -= self._before_round + (0 if self.shard.even else self.shard.index)
        return max(0, left // self.shard.count if self.shard.even else -(-left // self.shard.count))

    def _next(self, draw: Callable[[Iterator[Any]], Any]) -> Any:
        index, count = self.shard.index, self.shard.count
        skip_requests(self.requests, self._before_round)
        self._before_round = 0
        if not self.shard.even or _remaining(self.requests) is not None:
            if self.shard.even and self.remaining() == 0:
                raise StopIteration
            skip_requests(self.requests, index)
            request = draw(self.requests)
            self._before_round = count - 1 - index
            return request
        requests = list(islice(_drawn(self.requests, draw), count))
        if len(requests) < count:
            raise StopIteration
        return requests[index]


def as_list(request: Any) -> Any:
    """A request as users know it: slices and arrays as lists."""
    if isinstance(request, slice):
        return list(range(request.start, request.stop))
    return request.tolist() if isinstance(request, np.ndarray) else request


def next_request(requests: Iterator[Any]) -> Any:
    """The next of `requests` in the form that is fastest to read, if they offer one."""
    return requests.next_request() if isinstance(requests, Requests) else next(requests)


def skip_requests(requests: Iterator[Any], count: int) -> None:
    """Leave out the next `count` of `requests`, in one stride if they can."""
    if isinstance(requests, Requests):
        requests.skip(count)
    else:
        next(islice(requests, count, count), None)


def _remaining(requests: Iterator[Any]) -> int | None:
    return requests.remaining() if isinstance(requests, Requests) else None


def _drawn(requests: Iterator[Any], draw: Callable[[Iterator[Any]], Any]) -> Iterator[Any]:
    while True:
        try:
            yield draw(requests)
        except StopIteration:
            return
