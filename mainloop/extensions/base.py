"""What is told of every moment of a run: the base of all extensions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mainloop._protocols import Batch, State

if TYPE_CHECKING:
    from mainloop.main_loop import MainLoop

MOMENTS = (
    "before_training",
    "on_resumption",
    "before_epoch",
    "before_batch",
    "after_batch",
    "after_epoch",
    "after_training",
    "on_interrupt",
    "on_error",
)


class TrainingExtension:
    """Something that happens during a run besides the training itself.

    Override the moments of interest. `before_training` comes at the start of every call of
    `MainLoop.run`; `on_resumption` right after it if iterations were done before that call.
    `after_training` comes when the run is finished, not when it is interrupted (`on_interrupt`)
    or fails (`on_error`).

    Within a moment, extensions run in the order of the list, but those that set `runs_first` run
    before all others (what loads a state must not undo what the others did) and those that set
    `runs_last` after all others (what records the state must see what the others did to it).

    Args:
        name: under which the loop finds the extension and keeps its state; the name of the class
            if None.
    """

    runs_first = False
    runs_last = False

    def __init__(self, name: str | None = None) -> None:
        self.name = type(self).__name__ if name is None else name
        self._main_loop: MainLoop | None = None

    @property
    def main_loop(self) -> "MainLoop":
        """The loop the extension belongs to.

        Raises:
            ValueError: if it does not belong to one yet.
        """
        if self._main_loop is None:
            raise ValueError(
                f"the extension {self.name} belongs to no main loop yet; "
                "pass it to MainLoop(..., extensions=[...])"
            )
        return self._main_loop

    @main_loop.setter
    def main_loop(self, main_loop: "MainLoop") -> None:
        self._main_loop = main_loop

    def dispatch(self, moment: str, *arguments: Any) -> None:
        """Tell the extension of a moment; `arguments` are what the method of that name takes."""
        getattr(self, moment)(*arguments)

    def claim(self) -> None:
        """Take hold of what no other run may use meanwhile, such as a file.

        Called before anything is loaded, recorded or told, so that a run that is refused here has
        changed nothing. It is let go of in `after_training`, `on_interrupt` and `on_error`.
        """

    def before_training(self) -> None:
        """Told before the first batch of every call of `run`."""

    def on_resumption(self) -> None:
        """Told after `before_training` if the run goes on from an earlier place."""

    def before_epoch(self) -> None:
        """Told before an epoch begins."""

    def before_batch(self, batch: Batch) -> None:
        """Told before a batch is trained on."""

    def after_batch(self, batch: Batch) -> None:
        """Told after a batch was trained on."""

    def after_epoch(self) -> None:
        """Told after all batches of an epoch."""

    def after_training(self) -> None:
        """Told when the run is finished."""

    def on_interrupt(self) -> None:
        """Told after the running batch when ^C or SIGTERM stops the run."""

    def on_error(self, exception: Exception) -> None:
        """Told when the run fails, before the exception leaves `run`."""

    def state_dict(self) -> State:
        """What the extension must remember for a run to go on exactly: JSON values and arrays."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember what `state_dict` gave."""
