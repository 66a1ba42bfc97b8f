"""A stream whose items are computed elsewhere: its requests are drawn ahead, its place is not.

The stream itself stays in the consumer and counts what is delivered, so its `state_dict` knows
nothing of workers. Beyond the end of an epoch, the requests of the next are drawn from a copy of
the scheme; they count once that epoch has begun and turns out to ask for the same.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np

from fuel._streams._context import Place
from fuel._workers._error import WorkerError
from fuel._workers._request_pool import RequestPool
from fuel._workers._workers import Workers
from fuel.iterator import DataIterator
from fuel.schemes import IterationScheme
from fuel.streams import DataStream

_BULK = 64
"""Requests to a worker in one message, so that a message's cost is shared."""


class SplitStream:
    """Items of a stream, from workers that compute them by request.

    Args:
        stream: the innermost; it must have an epoch iterator when items are wanted.
        workers: who computes the items.
    """

    def __init__(self, stream: DataStream, workers: Workers) -> None:
        self._root = stream
        self._pool = RequestPool(workers)
        self._enough = len(workers) * (workers.settings.depth + _BULK // 2)
        self._bulk = len(workers) * _BULK
        self._submitted: deque[tuple[Place, Any]] = deque()
        self._drawing: Iterator[tuple[Place, Any]] = iter(())
        self._failure: Exception | None = None
        self._live: DataIterator | None = None
        self._epoch = -1
        self._copied_scheme: IterationScheme | None = None
        self._aside = ThreadPoolExecutor(1, "fuel-next-epoch")
        self._following: Future[Iterator[Any]] | None = None

    def receive(self) -> Any:
        """The next item of the epoch that the stream is in.

        Raises:
            StopIteration: if there is none.
            WorkerError: if it cannot be had; the next call is about the item after it.
            Exception: what the scheme raised instead of a request.
        """
        live = self._root.epoch_iterator
        assert live is not None
        if live.finished:
            raise StopIteration
        if live is not self._live:
            self._enter(live)
        if len(self._submitted) < self._enough:
            self._submit(list(islice(self._drawing, self._bulk)))
        if not self._submitted or self._submitted[0][0].epoch != self._epoch:
            if self._failure is not None:
                raise self._failure
            live.mark_finished()
            raise StopIteration
        place, request = self._submitted[0]
        try:
            item = self._pool.receive()
        except WorkerError:
            self._submitted.popleft()
            raise
        self._submitted.popleft()
        live.request = request
        live.mark_delivered(place.step + 1)
        return item

    def _enter(self, live: DataIterator) -> None:
        """Begin to deliver an epoch; what was computed ahead is kept if it is what is asked for."""
        self._live = live
        self._epoch = self._root.epoch - 1
        self._drawing, self._failure = self._draw(live), None
        ahead = list(islice(self._drawing, len(self._submitted)))
        if self._submitted and not _same(ahead, self._submitted):
            self._submitted.clear()
            self._pool.clear()
            self._submit(ahead)

    def _draw(self, live: DataIterator) -> Iterator[tuple[Place, Any]]:
        """The rest of the requests of this epoch, then those of the next.

        They end where the scheme fails: this epoch tells of it when all items before have been
        delivered, and the next one when it begins.
        """
        seed, step = self._root.seed, live.drawn
        following = self._begin_following()
        try:
            for number, request in enumerate(live.draw_all(), step):
                yield Place(seed, self._epoch, number), request
        except Exception as error:
            self._failure = error
            return
        with suppress(Exception):
            for number, request in enumerate(live.draw_all(following.result())):
                yield Place(seed, self._epoch + 1, number), request

    def _begin_following(self) -> Future[Iterator[Any]]:
        """Begin the next epoch in a thread, as a new order of many examples takes a while."""
        scheme = self._root.iteration_scheme
        assert scheme is not None
        if self._copied_scheme is None:
            self._copied_scheme = copy.deepcopy(scheme)
        if self._following is not None:
            wait([self._following])
        self._copied_scheme.load_state_dict(scheme.state_dict())
        self._following = self._aside.submit(self._copied_scheme.get_request_iterator)
        return self._following

    def _submit(self, requests: list[tuple[Place, Any]]) -> None:
        if requests:
            self._submitted.extend(requests)
            self._pool.submit(requests)


def _same(left: list[tuple[Place, Any]], right: deque[tuple[Place, Any]]) -> bool:
    if [place for place, _ in left] != [place for place, _ in right]:
        return False
    mine, others = [request for _, request in left], [request for _, request in right]
    if all(isinstance(request, np.ndarray) for request in (*mine, *others)):
        lengths = [*map(len, mine)] == [*map(len, others)]  # one comparison costs less than many
        return lengths and np.array_equal(np.concatenate(mine), np.concatenate(others))
    return all(
        type(one) is type(other) and np.array_equal(one, other)
        if isinstance(one, np.ndarray)
        else one == other
        for one, other in zip(mine, others, strict=True)
    )
