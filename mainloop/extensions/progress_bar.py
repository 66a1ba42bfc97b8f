"""How far an epoch is, seen while it goes on."""

import sys
from time import perf_counter
from typing import Any, Protocol, TextIO, runtime_checkable

import jax
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from mainloop._protocols import Batch
from mainloop.extensions.base import TrainingExtension
from mainloop.monitoring.aggregation import count_examples

_SECONDS_BETWEEN = 0.2


@runtime_checkable
class _BatchScheme(Protocol):
    """A scheme that says how many batches an epoch has."""

    indices: Any
    batch_size: int


class ProgressBar(TrainingExtension):
    """A bar for each epoch, with the cost of a recent batch and the examples a second.

    The first axis of every source counts examples; where sources disagree about their number,
    batches a second are shown.

    Drawn five times a second at most. The length of an epoch is that of the last one; that of the
    first comes from the stream's iteration scheme, and where it does not say, the bar swings
    to and fro. If the file is no terminal, there is one line an epoch instead.

    Args:
        file: where to draw; `sys.stderr` if None.
        name: under which the loop finds the extension.
    """

    def __init__(self, file: TextIO | None = None, name: str | None = None) -> None:
        super().__init__(name)
        self._file = file
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._length: int | None = None
        self._batches = self._examples = 0
        self._counts_examples = True
        self._started = self._drawn = 0.0
        self._cost: jax.Array | None = None

    def before_training(self) -> None:
        """Ask the stream how long an epoch is."""
        if self._length is None:
            self._length = epoch_length(self.main_loop.data_stream)
        self._batches = 0

    def before_batch(self, batch: Batch) -> None:
        """Begin a bar with the first batch of an epoch."""
        if self._batches == 0:
            self._begin()

    def after_batch(self, batch: Batch) -> None:
        """Count, and draw if it is time."""
        self._batches += 1
        examples = count_examples(batch)
        if examples is None:
            self._counts_examples = False
        else:
            self._examples += examples
        if self._progress is not None and perf_counter() - self._drawn > _SECONDS_BETWEEN:
            self._draw()

    def after_epoch(self) -> None:
        """Leave the full bar, or a line, behind."""
        self._length = self._batches
        self._cost = self.main_loop.algorithm.last_cost
        if self._progress is not None:
            self._draw()
        elif self._batches:
            epoch = self.main_loop.status["epochs_done"]
            print(
                f"epoch {epoch}: {self._batches} batches, {self._speed()}, {self._cost_text()}",
                file=self._file or sys.stderr,
                flush=True,
            )
        self._end()

    def after_training(self) -> None:
        """Leave the terminal to others."""
        self._end()

    def on_interrupt(self) -> None:
        """Leave the terminal to others."""
        self._end()

    def on_error(self, exception: Exception) -> None:
        """Leave the terminal to others."""
        self._end()

    def _begin(self) -> None:
        self._examples = 0
        self._started = self._drawn = perf_counter()
        console = Console(file=self._file or sys.stderr)
        if not console.is_terminal:
            return
        columns = (
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.fields[length]}"),
            TextColumn("{task.fields[cost]}  {task.fields[speed]}"),
            TimeRemainingColumn(),
        )
        # Drawn by the loop itself: a thread of its own would take time from training.
        self._progress = Progress(*columns, console=console, auto_refresh=False)
        self._progress.start()
        self._task = self._progress.add_task(
            "",
            total=self._length,
            epoch=self.main_loop.status["epochs_done"] + 1,
            length=self._length or "?",
            cost="",
            speed="",
        )

    def _draw(self) -> None:
        assert self._progress is not None
        # The cost noted at the last drawing was computed long ago; the newest is noted for the
        # next, so that no step is waited for.
        self._progress.update(
            self._task,
            completed=self._batches,
            refresh=True,
            cost=self._cost_text(),
            speed=self._speed(),
        )
        self._cost = self.main_loop.algorithm.last_cost
        self._drawn = perf_counter()

    def _end(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
        self._batches = 0

    def _cost_text(self) -> str:
        return "" if self._cost is None else f"cost {float(self._cost):.4g}"

    def _speed(self) -> str:
        seconds = max(perf_counter() - self._started, 1e-9)
        if self._counts_examples:
            return f"{self._examples / seconds:,.0f} examples/s"
        return f"{self._batches / seconds:,.1f} batches/s"


def epoch_length(data_stream: Any) -> int | None:
    """How many batches an epoch of a stream has, if the scheme at its bottom says."""
    while data_stream is not None:
        scheme = getattr(data_stream, "iteration_scheme", None)
        if isinstance(scheme, _BatchScheme):
            return -(-len(scheme.indices) // scheme.batch_size)
        data_stream = getattr(data_stream, "data_stream", None)
    return None
