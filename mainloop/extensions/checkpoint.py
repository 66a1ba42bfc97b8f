"""Save the run at chosen moments, behind training's back."""

import os
import warnings
from collections.abc import Iterable, MutableMapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, final

from mainloop._protocols import ParameterLike
from mainloop.algorithms.gradient_descent import GradientDescent
from mainloop.checkpoint import CheckpointWarning
from mainloop.checkpoint._hdf5 import Snapshot, snapshot
from mainloop.checkpoint._lock import CheckpointLock
from mainloop.checkpoint._replace import check_replaceable, clear_unfinished, replace_file
from mainloop.checkpoint._writer import BackgroundWriter
from mainloop.extensions.simple import SimpleExtension
from mainloop.log import AbstractTrainingLog, note


@final
class Checkpoint(SimpleExtension):
    """Saves all that the run needs to go on exactly, in one file; see `docs/checkpoints.md`.

    It acts after every epoch, when the run is interrupted and when it is finished, after all
    other extensions; any trigger can be added, and these switched off (`after_epoch=False`). The
    state is copied at that moment and written by a thread while training goes on; the end of the
    run waits for it. The checkpoint before the newest is kept as `*.previous.*`.

    A run whose cost or parameters are NaN or infinite is never saved. A file that cannot be
    written (a full disk) gives a `CheckpointWarning`, the run goes on, and the old file stays.
    What happened is noted in the row of the iteration that was saved: `saved_to` with the path,
    or `checkpoint_failed` with the reason.

    While the run goes on it holds a lock beside the file, which dies with its process.

    Args:
        path: the file, usually `checkpoint.h5` in a folder for the run.
        parameters: whose roles are written to the file; those of the graph if None.
        name: under which the loop finds the extension.
        **triggers: as for every `SimpleExtension`.

    Raises (when training begins):
        RuntimeError: if another run writes this file.
        CheckpointError: if there is a file of that name that is not a checkpoint.
        OSError: if the folder cannot be written to.
        TypeError, ValueError: if an extension's state or a parameter's path cannot be saved.
    """

    runs_last = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        parameters: Iterable[ParameterLike] | None = None,
        name: str | None = None,
        **triggers: Any,
    ) -> None:
        defaults = {"after_epoch": True, "on_interrupt": True, "after_training": True}
        super().__init__(name, **(defaults | triggers))
        self.path = Path(path)
        self._parameters: Sequence[ParameterLike] | None = (
            None if parameters is None else tuple(parameters)
        )
        self._lock = CheckpointLock(self.path)
        self._writer = BackgroundWriter()
        # The iteration that is being written, and its row.
        self._saving: tuple[int, MutableMapping[str, Any]] | None = None

    def before_training(self) -> None:
        """Take the lock, and find out now whether the run can be saved."""
        self._lock.acquire()
        check_replaceable(self.path)
        clear_unfinished(self.path)
        self._snapshot()

    def do(self, which_callback: str, *args: Any) -> None:
        """Copy the state of the run and have it written.

        Raises:
            NotFiniteError: if a cost or a parameter is NaN or infinite.
        """
        self._settle()
        content = self._snapshot()
        log = self.main_loop.log
        self._saving = log.status["iterations_done"], log.current_row
        self._writer.submit(partial(self._write, content))

    def dispatch(self, moment: str, *arguments: Any) -> None:
        """Tell the extension of a moment; at the end of a run let the writing be finished."""
        try:
            super().dispatch(moment, *arguments)
        finally:
            if moment in ("after_training", "on_interrupt", "on_error"):
                self._settle()
                self._lock.release()

    def _snapshot(self) -> Snapshot:
        algorithm = self.main_loop.algorithm
        known = self._parameters
        if known is None:
            known = algorithm.graph.parameters if isinstance(algorithm, GradientDescent) else ()
        roles = {parameter.path: parameter.roles for parameter in known}
        return snapshot(self.main_loop.state_dict(), algorithm.values, roles)

    def _write(self, content: Snapshot) -> None:
        log = self.main_loop.log
        if isinstance(log, AbstractTrainingLog):
            log.sync()  # first, so that no checkpoint is newer than the log beside it
        replace_file(self.path, content.compose())

    def _settle(self) -> None:
        """Wait for the file being written, and tell what became of it."""
        error = self._writer.wait()
        saved, self._saving = self._saving, None
        if saved is None:
            return
        iteration, row = saved
        if error is None:
            note(row, "saved_to", str(self.path))
        else:
            note(row, "checkpoint_failed", str(error))
            self._warn(iteration, error)
        self.main_loop.log.flush()

    def _warn(self, iteration: int, error: Exception) -> None:
        warnings.warn(
            f"the checkpoint of iteration {iteration} could not be written to {self.path}: "
            f"{error}; the run goes on, and the checkpoint that was there stays",
            CheckpointWarning,
            stacklevel=3,
        )
