"""Stop early: finish a run that no longer gets better."""

from collections.abc import Mapping
from typing import Any, final

from mainloop._protocols import Batch, State
from mainloop.extensions.simple import SimpleExtension


@final
class FinishIfNoImprovementAfter(SimpleExtension):
    """Finishes the run when so many iterations or epochs brought no improvement.

    An improvement is a row with a true notification, as `TrackTheBest` writes it; put this
    extension behind that one. Improvements are noticed after every batch and epoch; whether
    patience is at an end is looked at after every epoch unless told otherwise. What is left of
    it goes to the record `<notification>_patience_<unit>`; the run is finished when none is
    left, also if the moment when it was exactly used up was not looked at. Before the first
    improvement patience is endless. A run that was finished so goes on if it is loaded with more
    patience.

    Args:
        notification_name: for example `valid_error_rate_best_so_far`.
        iterations: the patience in batches.
        epochs: the patience in epochs; exactly one of the two is given.
        patience_log_record: another name for the record of what is left.
        name: under which the loop finds the extension.
        **triggers: as for every `SimpleExtension`.

    Raises:
        ValueError: unless exactly one of `iterations` and `epochs` is given, and is at least 1.
    """

    def __init__(
        self,
        notification_name: str,
        iterations: int | None = None,
        epochs: int | None = None,
        patience_log_record: str | None = None,
        name: str | None = None,
        **triggers: Any,
    ) -> None:
        super().__init__(name, **({"after_epoch": True} | triggers))
        given = {"iterations": iterations, "epochs": epochs}
        patience = [(unit, number) for unit, number in given.items() if number is not None]
        if len(patience) != 1 or patience[0][1] < 1:
            raise ValueError(
                f"iterations={iterations} and epochs={epochs} tell no patience; "
                "give exactly one of them, at least 1"
            )
        self.unit, self.patience = patience[0]
        self.notification_name = notification_name
        self.patience_log_record = (
            patience_log_record or f"{notification_name}_patience_{self.unit}"
        )
        self._improved_at: int | None = None
        self._reason: str | None = None

    def on_resumption(self) -> None:
        """Let a run go on that ended here before, if there is more patience now."""
        main_loop = self.main_loop
        ended_here = self._reason is not None and main_loop.finish_reason == self._reason
        if ended_here and self._left > 0:
            main_loop.finish_reason = self._reason = None

    def after_batch(self, batch: Batch) -> None:
        """Notice an improvement."""
        self._notice()

    def after_epoch(self) -> None:
        """Notice an improvement."""
        self._notice()

    def do(self, which_callback: str, *args: Any) -> None:
        """Record what is left of the patience, and finish the run if nothing is."""
        self._notice()
        if self._improved_at is None:
            return
        self.main_loop.log.current_row[self.patience_log_record] = self._left
        if self._left <= 0:
            self._reason = (
                f"no improvement of {self.notification_name.removesuffix('_best_so_far')} "
                f"in {self._now - self._improved_at} {self.unit}"
            )
            self.main_loop.finish(self._reason)

    def state_dict(self) -> State:
        """When the last improvement was, and why the run was finished if it was."""
        return {
            **super().state_dict(),
            "improved_at": self._improved_at,
            "reason": self._reason,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember when the last improvement was, and why the run was finished if it was."""
        super().load_state_dict(state)
        self._improved_at = state["improved_at"]
        self._reason = state["reason"]

    @property
    def _now(self) -> int:
        return int(self.main_loop.status[f"{self.unit}_done"])

    @property
    def _left(self) -> int:
        """What is left of the patience, once there was an improvement."""
        assert self._improved_at is not None
        return self.patience - (self._now - self._improved_at)

    def _notice(self) -> None:
        if self.main_loop.log.current_row.get(self.notification_name):
            self._improved_at = self._now
