"""How long a run takes, and what for."""

from time import perf_counter
from typing import Any

from mainloop.extensions.simple import SimpleExtension
from mainloop.log import note


class Timing(SimpleExtension):
    """Notes seconds in the log: of training and of waiting for data, since the last time and total.

    A step is computed while the loop is already fetching the next batch, so `time_read_data` is
    the time in which the loop could do nothing else because it waited for data, and `time_train`
    is all other time, extensions included. Times are notes: they differ from run to run.

    The names are `time_initialization`, `[prefix_]time_{train,read_data}_this_{epoch,batch}` and
    `[prefix_]time_{train,read_data}_total`. Totals are of this process. Unless told otherwise it
    acts before the first epoch and after every epoch.

    Args:
        prefix: put before the names, but not before `time_initialization`.
        name: under which the loop finds the extension.
        **triggers: as for every `SimpleExtension`.
    """

    def __init__(self, prefix: str = "", name: str | None = None, **triggers: Any) -> None:
        super().__init__(name, **({"before_first_epoch": True, "after_epoch": True} | triggers))
        self._prefix = f"{prefix}_" if prefix else ""
        self._made = perf_counter()
        self._started = self._since = (self._made, 0.0)

    def before_training(self) -> None:
        """Start the clocks."""
        self._started = self._since = self._now()

    def do(self, which_callback: str, *args: Any) -> None:
        """Note the times."""
        row = self.main_loop.log.current_row
        if which_callback == "before_epoch":
            note(row, "time_initialization", self._started[0] - self._made)
            return
        now = self._now()
        part = "batch" if which_callback == "after_batch" else "epoch"
        for span, start in ((f"this_{part}", self._since), ("total", self._started)):
            read_data = now[1] - start[1]
            note(row, f"{self._prefix}time_read_data_{span}", read_data)
            note(row, f"{self._prefix}time_train_{span}", now[0] - start[0] - read_data)
        self._since = now

    def _now(self) -> tuple[float, float]:
        """The time, and how much of it went into waiting for data so far."""
        return perf_counter(), self.main_loop.feed.seconds
