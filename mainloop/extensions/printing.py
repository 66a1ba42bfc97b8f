"""The records of a run, printed."""

import sys
from typing import Any, TextIO

import numpy as np

from mainloop.extensions.simple import SimpleExtension

_HEADLINES = {
    "before_epoch": "before epoch",
    "on_resumption": "training goes on",
    "after_epoch": "after epoch",
    "after_batch": "after batch",
    "after_training": "training is finished",
    "on_interrupt": "interrupted",
    "on_error": "error",
}


class Printing(SimpleExtension):
    """Prints where the run stands and the records of its current row, by name.

    Records whose names begin with `_` are left out. Put it behind the extensions that make the
    records. Unless told otherwise it prints before the first epoch, after every epoch, on
    resumption, on interrupt and after training.

    Args:
        file: where to print; `sys.stdout` if None.
        name: under which the loop finds the extension.
        **triggers: as for every `SimpleExtension`.
    """

    def __init__(
        self, file: TextIO | None = None, name: str | None = None, **triggers: Any
    ) -> None:
        defaults = dict.fromkeys(
            (
                "before_first_epoch",
                "on_resumption",
                "after_epoch",
                "on_interrupt",
                "after_training",
            ),
            True,
        )
        super().__init__(name, **(defaults | triggers))
        self._file = file

    def do(self, which_callback: str, *args: Any) -> None:
        """Print."""
        status, row = self.main_loop.status, self.main_loop.log.current_row
        headline = _HEADLINES.get(which_callback, which_callback.replace("_", " "))
        lines = [
            f"--- {headline} (epochs done: {status['epochs_done']}, "
            f"iterations done: {status['iterations_done']})"
        ]
        names = sorted(name for name in row if not name.startswith("_"))
        width = max(map(len, names), default=0)
        lines += [f"    {name:<{width}}  {_text(row[name])}" for name in names]
        print("\n".join(lines), file=self._file or sys.stdout, flush=True)


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    return str(value)
