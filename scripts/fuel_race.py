"""Races between streams of batches, in which all contenders take turns."""

import itertools
import mmap
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

SETTLE = 0.2
"""Seconds before each turn, in which the workers of the turns before fill what they make ahead;
otherwise they would take a core from whoever comes after them."""
LONG = 0.3
"""Seconds of a turn, at least: after a rest, processors, caches and queues take some time to be
what they are in the midst of an epoch."""


def race(
    contenders: dict[str, Iterator[Any]], rounds: int, batches: Callable[[str], int]
) -> dict[str, float]:
    """Median microseconds a batch for each contender, over rounds in which they take turns.

    All workers begin a turn with their few batches ahead already made.

    Args:
        contenders: batches for ever, by name.
        rounds: how many turns each has that count.
        batches: how many of a contender are a turn, at least.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, stream in contenders.items():
            least = batches(name)
            time.sleep(SETTLE)
            begin, taken, passed = time.perf_counter(), 0, 0.0
            while taken < least or passed < LONG:
                for array in next(stream):
                    touch(array)
                taken += 1
                passed = time.perf_counter() - begin
            if number:  # the first round starts workers and fills caches
                times[name].append(passed / taken * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def touch(array: Any) -> None:
    """Read something of every page of memory."""
    flat = np.asarray(array).reshape(-1)
    if flat.dtype == object:
        for part in flat:
            touch(part)
    elif flat.size:
        flat[:: max(1, mmap.PAGESIZE // flat.itemsize)].max()


def show(title: str, medians: dict[str, float], reference: str) -> None:
    """Print a table."""
    print(f"\n{title}\n{'':44}{'us/batch':>10}{'batches/s':>12}{'ratio':>8}")
    for name, value in medians.items():
        print(f"{name:44}{value:10.1f}{1e6 / value:12,.0f}{value / medians[reference]:8.2f}")


def for_ever(stream: Any) -> Iterator[Any]:
    """Batches of one epoch after the other."""
    return itertools.chain.from_iterable(stream.iterate_epochs())
