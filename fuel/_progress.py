"""A progress bar on standard error, where that is a terminal, and nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

__all__ = ["ProgressBar", "progress_bar"]


class ProgressBar:
    """A bar that stands at a number between 0 and its end."""

    def __init__(self, progress: Progress, task: TaskID, text: str) -> None:
        self._progress = progress
        self._task = task
        self._text = text

    def expect(self, maxval: int | None) -> None:
        """End at `maxval`; None if that is not known."""
        self._progress.update(self._task, total=maxval)

    def remark(self, words: str) -> None:
        """Show some words behind the name; none to be rid of them."""
        text = f"{self._text}: {words}" if words else self._text
        self._progress.update(self._task, description=text)

    def update(self, value: int) -> None:
        """Show that `value` units are done, counted from the start."""
        self._progress.update(self._task, completed=value)


@contextmanager
def progress_bar(
    name: str, maxval: int | None, prefix: str, *, in_bytes: bool = False
) -> Iterator[ProgressBar]:
    """A bar `prefix name` that ends at `maxval` (None: unknown), gone when the block ends."""
    console = Console(stderr=True)
    amount = DownloadColumn() if in_bytes else MofNCompleteColumn()
    speed = [TransferSpeedColumn()] if in_bytes else []
    text = TextColumn("{task.description}", markup=False)
    columns = (text, BarColumn(), amount, *speed, TimeRemainingColumn())
    progress = Progress(*columns, console=console, transient=True)
    with progress if console.is_terminal else nullcontext():
        title = f"{prefix} {name}"
        yield ProgressBar(progress, progress.add_task(title, total=maxval), title)
