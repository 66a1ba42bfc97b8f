"""The end of a run that was decided beforehand."""

from collections.abc import Mapping
from typing import Any

from mainloop._protocols import State
from mainloop.extensions.simple import SimpleExtension


class FinishAfter(SimpleExtension):
    """Finishes the run, for instance `FinishAfter(after_n_epochs=20)`.

    A number that is already passed when a run goes on finishes it at once. A run that this
    extension had finished goes on if it is loaded with a larger number.

    Args:
        name: under which the loop finds the extension.
        **triggers: as for every `SimpleExtension`.
    """

    def __init__(self, name: str | None = None, **triggers: Any) -> None:
        super().__init__(name, **triggers)
        self._limits = {
            counter: triggers[f"after_n_{unit}"]
            for unit, counter in (("batches", "iterations_done"), ("epochs", "epochs_done"))
            if triggers.get(f"after_n_{unit}")
        }
        self._reason: str | None = None

    def do(self, which_callback: str, *args: Any) -> None:
        """Ask for the end of the run."""
        status = self.main_loop.status
        reasons = {
            "after_batch": f"{status['iterations_done']} batches are done",
            "after_epoch": f"{status['epochs_done']} epochs are done",
        }
        self._finish(reasons.get(which_callback, f"{self.name} acts {which_callback}"))

    def on_resumption(self) -> None:
        """See whether what is asked for was reached before; or no longer is."""
        main_loop = self.main_loop
        for counter, limit in self._limits.items():
            if main_loop.status[counter] >= limit:
                self._finish(f"{limit} {'epochs' if 'epochs' in counter else 'batches'} are done")
                return
        if self._reason is not None and main_loop.finish_reason == self._reason:
            main_loop.finish_reason = self._reason = None

    def state_dict(self) -> State:
        """Whether and why the end was asked for."""
        return {**super().state_dict(), "reason": self._reason}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember whether and why the end was asked for."""
        super().load_state_dict(state)
        self._reason = state["reason"]

    def _finish(self, reason: str) -> None:
        self._reason = reason
        self.main_loop.finish(reason)
