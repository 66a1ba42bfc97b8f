"""Notice when a record is the best so far."""

import math
from collections.abc import Callable
from typing import Any, final

from mainloop.extensions.simple import SimpleExtension


@final
class TrackTheBest(SimpleExtension):
    """Looks whether a record is better than ever before, after every epoch unless told otherwise.

    The best is kept as `best_<record>` in the log's status. In the row of a value that is strictly
    better, the notification is True; the first value is the best so far. NaN is never the best,
    and a row without the record is passed over. Put it behind the extension that makes the record.

    Args:
        record_name: of numbers, for example `valid_error_rate`.
        notification_name: `<record>_best_so_far` if None.
        choose_best: of two values, `min` or `max`, or another function that returns one of them.
        name: under which the loop finds the extension.
        **triggers: as for every `SimpleExtension`.
    """

    def __init__(
        self,
        record_name: str,
        notification_name: str | None = None,
        choose_best: Callable[[Any, Any], Any] = min,
        name: str | None = None,
        **triggers: Any,
    ) -> None:
        super().__init__(name, **({"after_epoch": True} | triggers))
        self.record_name = record_name
        self.best_name = f"best_{record_name}"
        self.notification_name = notification_name or f"{record_name}_best_so_far"
        self.choose_best = choose_best

    def do(self, which_callback: str, *args: Any) -> None:
        """Compare the record of the current row with the best."""
        log = self.main_loop.log
        value = log.current_row.get(self.record_name)
        if value is None or math.isnan(value):
            return
        best = log.status.get(self.best_name)
        if best is None or (value != best and self.choose_best(value, best) == value):
            log.status[self.best_name] = value
            log.current_row[self.notification_name] = True
