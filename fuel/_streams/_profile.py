"""Where the time of a stream went, stage by stage, and what follows from it."""

from __future__ import annotations

import io
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table

from fuel._streams._pending import COMPILED
from fuel._workers._choice import WORTH_A_HOP

__all__ = ["Profile", "QueueState", "Stage"]

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

    What several stages do in one pass counts for the last of them.

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
        if not COMPILED:
            lines.append(
                "bytes are cropped, mirrored and scaled by NumPy, in several passes: there was no "
                "C compiler at hand when fuel was installed"
            )
        lines.append(f"bottleneck: {self.bottleneck}; {self._advice()}")
        return text.getvalue().rstrip() + "\n\n" + "\n".join(lines)


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
