"""Measuring where the time of a stream goes."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from fuel._streams._pending import Pending
from fuel._streams._profile import Profile, QueueState, Stage

__all__ = ["profile"]


def profile(stream: Any, items: int, step_seconds: float) -> Profile:
    """Run a copy of a stream from its place on, and measure.

    Args:
        stream: stays where it is.
        items: how many to take, over as many epochs as it needs.
        step_seconds: to spend on each of them, as a program would.

    Raises:
        ValueError: if the stream has no items.
    """
    twin = _copied(stream)
    choices = [choice for part in _parts(twin) if (choice := part._settle()) is not None]
    outer, inner = _split(twin)
    shared = 0 if inner is None else outer[-1].memory()
    meters = _meters(outer, "here")
    try:
        run = _run(twin, outer, meters, items, step_seconds)
    finally:
        for part in outer:
            if part._queue_state() is not None:
                part.close()
    stages = (*_inner_stages(inner, items), *(meter.stage() for meter in reversed(meters)))
    return Profile(
        stages=stages,
        items=items,
        seconds=run.seconds,
        step_seconds=step_seconds,
        workers=run.queues[0].workers if run.queues else 0,
        queue=run.fullness(),
        busy=run.busy(),
        shared_bytes=shared if run.queues else 0,
        choice="; ".join(choices),
    )


class _Run(NamedTuple):
    """What was seen while items were taken.

    Attributes:
        seconds: that passed, on the clock.
        queues: the workers' queue before each item and at the end; empty without workers.
    """

    seconds: float
    queues: list[QueueState]

    def fullness(self) -> float | None:
        """How full the queue was before an item, from 0 to 1; None without workers."""
        if not self.queues:
            return None
        return min(1.0, float(np.mean([one.ready / one.capacity for one in self.queues[:-1]])))

    def busy(self) -> float | None:
        """The part of the time in which the workers worked; None without workers."""
        if not self.queues:
            return None
        begin, end = self.queues[0], self.queues[-1]
        busy, idle = end.busy_ns - begin.busy_ns, end.idle_ns - begin.idle_ns
        return busy / max(busy + idle, 1)


def _run(
    stream: Any, outer: list[Any], meters: list[_Meter], items: int, step_seconds: float
) -> _Run:
    queues: list[QueueState | None] = []
    iterator = _endless(stream)
    next(iterator)  # files are opened and workers started
    for meter in meters:
        meter.clear()
    start = time.perf_counter()
    for _ in range(items):
        queues.append(_queue(outer))
        next(iterator)
        if step_seconds:
            time.sleep(step_seconds)
    seconds = time.perf_counter() - start
    queues.append(_queue(outer))
    return _Run(seconds, [queue for queue in queues if queue is not None])


class _Meter:
    """Measures one stream: its time less that of the streams it takes from.

    Args:
        stream: what it is asked for is measured from now on.
        where: it runs.
        below: a stack of the time spent below, which the meters of a tree share.
    """

    def __init__(self, stream: Any, where: str, below: list[float]) -> None:
        self._name = _name_of(stream)
        self._where = where
        self._below = below
        self.clear()
        stream.get_data = partial(self._measured, stream.get_data)
        stream._get_into = partial(self._measured, stream._get_into)

    def clear(self) -> None:
        """Begin anew."""
        self.items, self.seconds, self.nbytes = 0, 0.0, 0

    def stage(self) -> Stage:
        """What was measured."""
        return Stage(self._name, self._where, self.items, self.seconds, self.nbytes)

    def _measured(self, get: Callable[..., Any], *args: Any) -> Any:
        below = self._below
        below.append(0.0)
        start = time.perf_counter()
        try:
            item = get(*args)
        finally:
            passed = time.perf_counter() - start
            self.seconds += passed - below.pop()
            if below:
                below[-1] += passed
        self.items += 1
        self.nbytes += sum(map(_bytes_of, item))
        return item


def _meters(parts: Iterable[Any], where: str) -> list[_Meter]:
    below: list[float] = []
    return [_Meter(part, where, below) for part in parts]


def _inner_stages(inner: Any, items: int) -> list[Stage]:
    """What workers do, measured here."""
    if inner is None:
        return []
    meters = _meters(_parts(inner), "worker")
    iterator = _endless(inner)
    next(iterator)
    for meter in meters:
        meter.clear()
    for _ in range(items):
        next(iterator)
    return [meter.stage() for meter in reversed(meters)]


def _copied(stream: Any) -> Any:
    """A stream at the same place that shares the data sets."""
    shared = {}
    for part in _parts(stream):
        dataset = vars(part).get("dataset")
        if dataset is not None:
            shared[id(dataset)] = dataset
    return copy.deepcopy(stream, shared)


def _split(stream: Any) -> tuple[list[Any], Any]:
    """The streams that run here, outermost first, and the one that workers run, if any."""
    outer = []
    for part in _parts(stream):
        outer.append(part)
        if part._queue_state() is not None:
            return outer, _copied(part.data_stream)
    return outer, None


def _parts(stream: Any) -> Iterator[Any]:
    """A stream and all that it takes from, outermost first."""
    yield stream
    own = vars(stream)
    for child in (own.get("data_stream"), *own.get("data_streams", ())):
        if child is not None:
            yield from _parts(child)


def _queue(parts: list[Any]) -> QueueState | None:
    return parts[-1]._queue_state() if parts else None


def _endless(stream: Any) -> Iterator[Any]:
    empty = 0
    while empty < 2:  # what is left of the present epoch may be nothing
        empty += 1
        for item in stream.get_epoch_iterator():
            empty = 0
            yield item
    raise ValueError("the stream has no items, so there is nothing to measure")


def _name_of(stream: Any) -> str:
    dataset = vars(stream).get("dataset")
    own = type(stream).__name__
    return own if dataset is None else f"{own} of {type(dataset).__name__}"


def _bytes_of(value: Any) -> int:
    if isinstance(value, np.ndarray) and value.dtype == object:
        return sum(map(_bytes_of, value.ravel()))
    return value.nbytes if isinstance(value, np.ndarray | np.generic | Pending) else 0
