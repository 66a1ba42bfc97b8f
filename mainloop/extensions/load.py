"""Go on with a run, or begin with the parameters of another."""

import os
from pathlib import Path
from typing import final

from mainloop.checkpoint import load_checkpoint
from mainloop.extensions.base import TrainingExtension
from mainloop.log import note


@final
class Load(TrainingExtension):
    """Loads a checkpoint when training begins, before all other extensions are told of that.

    Everything is restored: parameters, step rule, keys, place in the data, log, the state of
    every extension. The run then does bit for bit what it would have done without a break. A
    damaged file, or one that does not fit the model, is refused; then the one before it is used
    with a `CheckpointWarning`. Nothing is loaded into a run that has begun.

    Args:
        path: the file that `Checkpoint` writes.
        parameters_only: take nothing but the values of the parameters, and begin a new run.
        missing_ok: begin anew if there is no file, instead of raising.
        name: under which the loop finds the extension.

    Raises (when training begins):
        FileNotFoundError: if there is no checkpoint.
        CheckpointError: if none is in order and fits the model; lists names and shapes that differ.
    """

    runs_first = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        parameters_only: bool = False,
        missing_ok: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.path = Path(path)
        self.parameters_only = parameters_only
        self.missing_ok = missing_ok

    def before_training(self) -> None:
        """Load, and note in the log from where."""
        main_loop = self.main_loop
        if main_loop.status["iterations_done"] > 0:
            return
        try:
            saved = load_checkpoint(self.path, parameters=main_loop.algorithm.values)
        except FileNotFoundError:
            if self.missing_ok:
                return
            raise
        if self.parameters_only:
            main_loop.algorithm.set_values(saved.parameters)
        else:
            main_loop.load_state_dict(saved.state)
        note(main_loop.log.current_row, "loaded_from", str(saved.path))
