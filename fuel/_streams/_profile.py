"""Where the time of a stream goes, stage by stage."""

from __future__ import annotations

import copy
import io
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from fuel._workers._choice import WORTH_A_HOP

__all__ = ["Profile", "QueueState", "Stage", "profile"]

_FULL, _EMPTY = 0.75, 0.25


class QueueState(NamedTuple):
    """How workers and their consumer stand to each other.

    Attributes:
        workers: how many there are.
        ready: items that are made and not fetched yet.
        capacity: the most that may be ready.
        busy_ns: nanoseconds of work, in all workers since they started.
        idle_ns: nanoseconds that they waited.
    """

    workers: int
    ready: int
    capacity: int
    busy_ns: int
    idle_ns: int


class Stage(NamedTuple):
    """One stream of a chain, the innermost first.

    Attributes:
        name: its class; with the data set's, if it reads one.
        where: `here`, or `worker` for what worker processes do.
        items: how many it gave.
        seconds: what it spent itself on all of them, without the stages that it takes from.
        nbytes: bytes of arrays in them.
    """

    name: str
    where: str
    items: int
    seconds: float
    nbytes: int


class Profile(NamedTuple):
    """Where the time of a stream went; printed, a table and advice.

    Attributes:
        stages: the innermost first. What workers do was measured in this process.
        items: how many were taken.
        seconds: that passed, on the clock.
        step_seconds: what the program was said to need for an item.
        workers: how many worker processes there are.
        queue: how full the workers' queue was when an item was asked for, from 0 to 1; None without
            workers.
        busy: the part of the time in which the workers worked; None without workers.
        shared_bytes: memory that the workers share with this process for items.
        choice: who makes the items and why, where a `MultiProcessing` had to choose; else empty.
    """

    stages: tuple[Stage, ...]
    items: int
    seconds: float
    step_seconds: float
    workers: int
    queue: float | None
    busy: float | None
    shared_bytes: int
    choice: str

    @property
    def bottleneck(self) -> str:
        """The slowest stage, or `your program`."""
        if self._waits_for_program():
            return "your program"
        where = "here" if self.queue is None or self.queue > _EMPTY else "worker"
        candidates = [stage for stage in self.stages if stage.where == where] or self.stages
        return max(candidates, key=_per_item).name

    def _waits_for_program(self) -> bool:
        if self.queue is not None:
            return self.step_seconds > 0 and self.queue >= _FULL
        return self.step_seconds > sum(map(_per_item, self.stages))

    def _advice(self) -> str:
        work = sum(_per_item(stage) for stage in self.stages)
        if self._waits_for_program():
            return "the stream keeps up; nothing here is worth a change"
        if self.queue is None:
            if work < WORTH_A_HOP:
                return "so little work an item that worker processes would hardly pay"
            return f"MultiProcessing(stream) would take {_show_time(work)} an item off this process"
        if self.queue > _EMPTY:
            return "the workers keep up; what is left is work in this process"
        more = self.workers + 1
        now = self.seconds / self.items
        gain = now / max(now * self.workers / more, self.step_seconds)
        return f"with workers={more}, on as many free cores, up to {gain:.1f} times as fast"

    def __str__(self) -> str:
        total = sum(map(_per_item, self.stages)) or 1
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("stage")
        table.add_column("where")
        for title in ("items", "time/item", "share", "bytes/item"):
            table.add_column(title, justify="right")
        for stage in self.stages:
            table.add_row(
                stage.name,
                stage.where,
                str(stage.items),
                _show_time(_per_item(stage)),
                f"{_per_item(stage) / total:.0%}",
                _show_bytes(stage.nbytes / max(stage.items, 1)),
            )
        text = io.StringIO()
        Console(file=text, width=100, color_system=None).print(table)
        rate = self.items / self.seconds if self.seconds else 0
        lines = [f"{self.items} items in {self.seconds:.3g} s, {rate:,.0f} a second"]
        if self.queue is not None and self.busy is not None:
            lines.append(
                f"{self.workers} worker{'s' * (self.workers > 1)}, busy {self.busy:.0%} of the "
                f"time; their queue was {self.queue:.0%} full when an item was asked for; "
                f"{_show_bytes(self.shared_bytes)} of shared memory"
            )
        if self.choice:
            lines.append(self.choice)
        lines.append(f"bottleneck: {self.bottleneck}; {self._advice()}")
        return text.getvalue().rstrip() + "\n\n" + "\n".join(lines)


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
    meters = [_Meter(part, "here") for part in outer]
    queues: list[QueueState] = []
    shared = 0 if inner is None else outer[-1].memory()
    begin: QueueState | None = None
    try:
        iterator = _endless(twin)
        next(iterator)  # files are opened and workers started
        for meter in meters:
            meter.clear()
        begin = twin_queue = _queue(outer)
        start = time.perf_counter()
        for _ in range(items):
            if twin_queue is not None:
                queues.append(_queue(outer) or twin_queue)
            next(iterator)
            if step_seconds:
                time.sleep(step_seconds)
        seconds = time.perf_counter() - start
        end = _queue(outer)
    finally:
        for part in outer:
            if part._queue_state() is not None:
                part.close()
    choice = "; ".join(choices)
    stages = [*_inner_stages(inner, items), *(meter.stage() for meter in reversed(meters))]
    if begin is None or end is None:
        return Profile(tuple(stages), items, seconds, step_seconds, 0, None, None, 0, choice)
    busy, idle = end.busy_ns - begin.busy_ns, end.idle_ns - begin.idle_ns
    full = float(np.mean([state.ready / state.capacity for state in queues]))
    part_busy = busy / max(busy + idle, 1)
    workers = begin.workers
    queue = min(full, 1.0)
    return Profile(
        tuple(stages), items, seconds, step_seconds, workers, queue, part_busy, shared, choice
    )


class _Meter:
    """Measures one stream: its time less that of the streams it takes from.

    Meters of a tree share a stack of the time spent below.
    """

    _below: list[float] = []  # noqa: RUF012  # streams are profiled one at a time

    def __init__(self, stream: Any, where: str) -> None:
        self._name = _name_of(stream)
        self._where = where
        self._get: Callable[..., Any] = stream.get_data
        self.clear()
        stream.get_data = self._measured

    def clear(self) -> None:
        """Begin anew."""
        self.items, self.seconds, self.nbytes = 0, 0.0, 0

    def stage(self) -> Stage:
        """What was measured."""
        return Stage(self._name, self._where, self.items, self.seconds, self.nbytes)

    def _measured(self, *args: Any) -> Any:
        below = self._below
        below.append(0.0)
        start = time.perf_counter()
        try:
            item = self._get(*args)
        finally:
            passed = time.perf_counter() - start
            self.seconds += passed - below.pop()
            if below:
                below[-1] += passed
        self.items += 1
        self.nbytes += sum(map(_bytes_of, item))
        return item


def _inner_stages(inner: Any, items: int) -> list[Stage]:
    """What workers do, measured here."""
    if inner is None:
        return []
    meters = [_Meter(part, "worker") for part in _parts(inner)]
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
    return value.nbytes if isinstance(value, np.ndarray | np.generic) else 0


def _per_item(stage: Stage) -> float:
    return stage.seconds / max(stage.items, 1)


def _show_time(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} us"


def _show_bytes(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
