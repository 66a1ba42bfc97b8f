"""Save the run at chosen moments, behind training's back."""

import os
import warnings
from collections.abc import Iterable, MutableMapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, final

from mainloop._protocols import ParameterLike
from mainloop.algorithms.gradient_descent import GradientDescent
from mainloop.checkpoint import CheckpointError, CheckpointWarning, SavedRun
from mainloop.checkpoint._hdf5 import Snapshot, snapshot
from mainloop.checkpoint._lock import CheckpointLock
from mainloop.checkpoint._replace import (
    check_replaceable,
    clear_unfinished,
    previous_path,
    replace_file,
)
from mainloop.checkpoint._writer import BackgroundWriter
from mainloop.checkpoint.file import find_checkpoint
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

    While the run goes on it holds a lock beside the file, which dies with its process. The
    checkpoint of another run is not replaced: a run writes to a file that is there only if it
    goes on from it, by `Load`.

    Args:
        path: the file, usually `checkpoint.h5` in a folder for the run.
        parameters: whose roles are written to the file; those of the graph if None.
        overwrite: replace the checkpoint of another run.
        name: under which the loop finds the extension.
        **triggers: as for every `SimpleExtension`.

    Raises (when training begins):
        RuntimeError: if another run writes this file.
        CheckpointError: if there is a file of that name that is not a checkpoint, or one of a run
            that this one does not go on from.
        OSError: if the folder cannot be written to.
        TypeError, ValueError: if an extension's state or a parameter's path cannot be saved.
    """

    runs_last = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        parameters: Iterable[ParameterLike] | None = None,
        *,
        overwrite: bool = False,
        name: str | None = None,
        **triggers: Any,
    ) -> None:
        defaults = {"after_epoch": True, "on_interrupt": True, "after_training": True}
        super().__init__(name, **(defaults | triggers))
        self.path = Path(path)
        self.overwrite = overwrite
        self._parameters: Sequence[ParameterLike] | None = (
            None if parameters is None else tuple(parameters)
        )
        self._lock = CheckpointLock(self.path)
        self._writer = BackgroundWriter()
        # The iteration that is being written, and its row.
        self._saving: tuple[int, MutableMapping[str, Any]] | None = None

    def claim(self) -> None:
        """Take the lock: no other process writes this run from now on."""
        self._lock.acquire()

    def before_training(self) -> None:
        """Find out now whether the run can be saved, and replaces no other."""
        check_replaceable(self.path)
        if not self.overwrite:
            self._check_lineage()
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

    def _check_lineage(self) -> None:
        """Raise a CheckpointError if a file is there that this run does not go on from."""
        if not (self.path.exists() or previous_path(self.path).exists()):
            return
        saved, reasons = find_checkpoint(self.path)
        if saved is None:
            problem = "; ".join(reasons)
        elif self._is_mine(saved):
            return
        else:
            done = saved.state.get("iterations_done", "an unknown number of")
            problem = (
                f"{saved.path} holds a run of {done} batches that this one does not go on from"
            )
        raise CheckpointError(
            f"{problem}. To go on with it, put Load({str(self.path)!r}) among the extensions; to "
            "keep it, give this run a folder of its own; to replace it, pass "
            "Checkpoint(..., overwrite=True)"
        )

    def _is_mine(self, saved: SavedRun) -> bool:
        log = self.main_loop.log
        if not isinstance(log, AbstractTrainingLog):
            return log.status["iterations_done"] > 0
        return saved.state.get("log", {}).get("uuid") in (log.uuid, log.resumed_from)

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
