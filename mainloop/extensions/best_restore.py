"""End with the best parameters that the run has seen."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np

from mainloop._protocols import State
from mainloop.extensions.simple import SimpleExtension
from mainloop.log import note

_Arrays = dict[str, np.ndarray]


@final
class RestoreTheBest(SimpleExtension):
    """Keeps the parameters whenever they are the best so far, and ends the run with these.

    Looks for the notification of `TrackTheBest` in the current row, after every epoch unless told
    otherwise; put it behind that one, and before what evaluates the finished run. Training itself
    never sees the values that are put back: a run that goes on after its end, also from its last
    checkpoint, goes on from the values it had reached.

    The notes of the last row tell `restored_iteration`, the iteration of the values put back.

    Args:
        notification_name: for example `valid_error_rate_best_so_far`.
        name: under which the loop finds the extension.
        **triggers: when to look, as for every `SimpleExtension`.

    Attributes:
        iteration: the iteration of the best values, or None before there are any.
        epoch: how many epochs were done then.
    """

    def __init__(self, notification_name: str, name: str | None = None, **triggers: Any) -> None:
        super().__init__(name, **({"after_epoch": True} | triggers))
        self.notification_name = notification_name
        self.iteration: int | None = None
        self.epoch: int | None = None
        self._best: _Arrays | None = None
        self._reached: _Arrays | None = None  # while the best values stand in their place

    def do(self, which_callback: str, *args: Any) -> None:
        """Copy the parameters if they are the best so far."""
        if self.main_loop.log.current_row.get(self.notification_name):
            self._best = _copied(self.main_loop.algorithm.values)
            self.iteration = self.main_loop.status["iterations_done"]
            self.epoch = self.main_loop.status["epochs_done"]

    def on_resumption(self) -> None:
        """Go on from the values that training had reached."""
        if self._reached is not None:
            self.main_loop.algorithm.set_values(self._reached)
            self._reached = None

    def after_training(self) -> None:
        """Put the best values in the place of the last."""
        if self._best is not None:
            self._reached = _copied(self.main_loop.algorithm.values)
            self.main_loop.algorithm.set_values(self._best)
            note(self.main_loop.log.current_row, "restored_iteration", self.iteration)

    def state_dict(self) -> State:
        """The best values, and those they stand in the place of."""
        return {
            **super().state_dict(),
            "iteration": self.iteration,
            "epoch": self.epoch,
            "best": self._best,
            "reached": self._reached,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember the best values, and those they stand in the place of."""
        super().load_state_dict(state)
        self.iteration = state["iteration"]
        self.epoch = state["epoch"]
        self._best = state["best"]
        self._reached = state["reached"]


def _copied(values: Mapping[str, Any]) -> _Arrays:
    return {path: np.array(value) for path, value in values.items()}
