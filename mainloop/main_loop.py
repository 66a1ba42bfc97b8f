"""The loop that trains, and tells its extensions about every moment of it."""

import sys
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from time import perf_counter
from typing import Any, NoReturn

import jax

from mainloop._feed import BatchFeed
from mainloop._protocols import LogLike, State, StreamLike
from mainloop._rewind import Rewind
from mainloop._signals import StopSignals, TrainingInterrupted
from mainloop.algorithms.base import AbstractTrainingAlgorithm, NotFiniteError
from mainloop.extensions.base import TrainingExtension
from mainloop.log import TrainingLog

_FORMAT = 1
_STEPS_AHEAD = 3
_SECONDS_BETWEEN_FLUSHES = 1.0


class MainLoop:
    """A run: an algorithm, the batches it learns from, and what else happens on the way.

    The order of things is::

        before_training, on_resumption if iterations were done before
        for every epoch
            before_epoch
            for every batch
                before_batch, the algorithm, iterations_done + 1, after_batch
            epochs_done + 1, after_epoch
        after_training

    The run goes on until an extension calls `finish` (or writes a true
    `training_finish_requested` into the current row of the log), which is looked at after every
    batch and every epoch, or until the stream has no epoch left. A run that was finished in the
    middle of an epoch goes on in the middle of it if `run` is called again, and so does one that
    goes on elsewhere from a `state_dict`.

    ^C or SIGTERM lets the running batch end, then comes `on_interrupt` instead of
    `after_training`, and `run` raises `TrainingInterrupted`. The second one raises
    `KeyboardInterrupt` at once.

    Args:
        algorithm: what learns.
        data_stream: epochs of batches.
        extensions: told of every moment in this order, but for those that run first or last (see
            `TrainingExtension`).
        log: where records go; a `TrainingLog` in memory if None.
        model: whatever extensions and the user may want to find at hand.

    Raises:
        TypeError: if the algorithm, the stream or an extension is something else.
    """

    def __init__(
        self,
        algorithm: AbstractTrainingAlgorithm,
        data_stream: StreamLike,
        extensions: Iterable[TrainingExtension] = (),
        log: LogLike | None = None,
        model: Any = None,
    ) -> None:
        extensions = tuple(extensions)
        _check_kinds(algorithm, data_stream, extensions)
        self.algorithm = algorithm
        self.data_stream = data_stream
        self.extensions = sorted(
            extensions, key=lambda extension: (not extension.runs_first, extension.runs_last)
        )
        self.log: LogLike = TrainingLog() if log is None else log
        self.model = model
        self.finish_reason: str | None = None
        self.feed = BatchFeed(data_stream, algorithm.prepare)
        self._rewind = Rewind(algorithm, self.feed)
        self._costs: deque[jax.Array | None] = deque(maxlen=_STEPS_AHEAD)
        self._stale_row = -1
        self._has_begun = False
        self._flushed = perf_counter()
        start = {"iterations_done": 0, "epochs_done": 0, "epoch_started": False, "_epoch_ends": []}
        for name, value in start.items():
            self.status.setdefault(name, value)
        for extension in self.extensions:
            extension.main_loop = self

    @property
    def status(self) -> dict[str, Any]:
        """The status of the log: `iterations_done`, `epochs_done`, `epoch_started`."""
        return self.log.status

    def finish(self, reason: str) -> None:
        """Ask for the run to finish after the running batch or epoch.

        Args:
            reason: a short clause for people, for example `20 epochs are done`.
        """
        self.finish_reason = reason
        self.log.current_row["training_finish_requested"] = reason

    def find_extension(self, name: str) -> TrainingExtension:
        """Return the one extension of this name.

        Raises:
            ValueError: if there is none or more than one.
        """
        found = [extension for extension in self.extensions if extension.name == name]
        if len(found) != 1:
            names = [extension.name for extension in self.extensions]
            raise ValueError(f"{len(found)} extensions are named {name!r}; the names are {names}")
        return found[0]

    def run(self) -> None:
        """Train until something asks for the run to finish.

        Raises:
            TrainingInterrupted: after ^C or SIGTERM, when the running batch and the extensions
                are done; uncaught, the script ends with exit status 130 or 143.
            NotFiniteError: if the cost became NaN or infinite; says where that began.
            ValueError: if an epoch has no batch.
        """
        with StopSignals() as signals:
            try:
                self._begin()
                while self.finish_reason is None and signals.received is None:
                    self._run_epoch(signals)
                if signals.received is None:
                    self._finish()
                else:
                    self._interrupt(signals)
            except Exception as error:
                self._fail(error)
        self.finish_reason = None

    def state_dict(self) -> State:
        """All that the rest of the run depends on: JSON values and NumPy arrays.

        Whenever an extension asks for it, it belongs to the last batch that was trained, whatever
        was fetched since.

        Raises:
            NotFiniteError: if a cost or a parameter is NaN or infinite.
        """
        return {
            "format": _FORMAT,
            "iterations_done": self.status["iterations_done"],
            "epochs_done": self.status["epochs_done"],
            "epoch_started": self.status["epoch_started"],
            "finish_reason": self.finish_reason,
            "algorithm": self.algorithm.state_dict(),
            "data_stream": self.feed.state,
            "extensions": {
                name: extension.state_dict() for name, extension in self._named_extensions()
            },
            "log": self.log.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Stand where `state` was taken; `run` does what it would have done from there.

        An extension that `state` does not know starts afresh.

        Raises:
            ValueError: if the state has another format or does not fit the algorithm, the stream
                or an extension.
        """
        if state.get("format") != _FORMAT:
            raise ValueError(
                f"the state of a main loop has format {state.get('format')!r}; "
                f"this version reads format {_FORMAT}"
            )
        self.algorithm.load_state_dict(state["algorithm"])
        self.feed.load(state["data_stream"])
        self.log.load_state_dict(state["log"])
        for name in ("iterations_done", "epochs_done", "epoch_started"):
            self.status[name] = state[name]
        self.finish_reason = state["finish_reason"]
        for name, extension in self._named_extensions():
            if name in state["extensions"]:
                extension.load_state_dict(state["extensions"][name])

    def _begin(self) -> None:
        """Tell the extensions that training begins or goes on."""
        self._has_begun = False
        for extension in self.extensions:
            extension.claim()
        self.algorithm.initialize()
        self._stale_row = self.status["iterations_done"]
        self._dispatch("before_training")
        if self.status["iterations_done"] > 0:
            self._stale_row = self.status["iterations_done"]
            self._dispatch("on_resumption")
        self._rewind.remember()
        self._has_begun = True

    def _run_epoch(self, signals: StopSignals) -> None:
        """Train on what is left of the epoch, or until a request to stop."""
        is_new = not self.status["epoch_started"]
        if is_new:
            self._dispatch("before_epoch")
            if not self.feed.begin_epoch():
                return self.finish("the data stream has no further epoch")
            self.status["epoch_started"] = True
        while self.finish_reason is None and signals.received is None:
            batch = self.feed.take()
            if batch is None:
                return self._end_epoch(is_new)
            if signals.received is not None:
                return None
            self._dispatch("before_batch", batch)
            self.algorithm.process_batch(batch)
            self._keep_pace()
            self.feed.trained()
            self.status["iterations_done"] += 1
            is_new = False
            self._dispatch("after_batch", batch)
            self._read_finish_request()
            self._rewind.step()
            if perf_counter() - self._flushed > _SECONDS_BETWEEN_FLUSHES:
                self._flush()
        return None

    def _keep_pace(self) -> None:
        """Wait for the step before the last few: those not computed yet hold their batches."""
        if len(self._costs) == _STEPS_AHEAD and self._costs[0] is not None:
            self._costs[0].block_until_ready()
        self._costs.append(self.algorithm.last_cost)

    def _end_epoch(self, is_empty: bool) -> None:
        """Count the epoch and tell the extensions."""
        if is_empty:
            raise ValueError(
                f"epoch {self.status['epochs_done']} of {self.data_stream} has no batch; "
                "there is nothing to train on"
            )
        self.algorithm.check_finite()
        self.status["epochs_done"] += 1
        self.status["epoch_started"] = False
        self.status["_epoch_ends"].append(self.status["iterations_done"])
        self._dispatch("after_epoch")
        self._read_finish_request()
        self._flush()

    def _finish(self) -> None:
        """End a run that came to its end."""
        self.algorithm.check_finite()
        self.algorithm.write_back()
        self._dispatch("after_training")
        # Once more: an extension may have chosen other values, such as the best.
        self.algorithm.write_back()
        self._flush()

    def _interrupt(self, signals: StopSignals) -> None:
        """End a run that was interrupted, so that it can go on later."""
        assert signals.received is not None
        self.algorithm.check_finite()
        self._dispatch("on_interrupt")
        self.algorithm.write_back()
        self._flush()
        message = (
            f"interrupted by {signals.received.name} after {self.status['iterations_done']} "
            f"batches, {self.status['epochs_done']} epochs"
        )
        print(message, file=sys.stderr)
        raise TrainingInterrupted(signals.received, message)

    def _fail(self, error: Exception) -> NoReturn:
        """Tell the extensions of an error, and raise it with what can be said about it."""
        if isinstance(error, NotFiniteError):
            error = self._explained(error)
        for extension in self.extensions:
            try:
                extension.dispatch("on_error", error)
            except Exception as another:
                error.add_note(f"and in on_error of {extension.name}: {another!r}")
        try:
            # A run that was refused before it began leaves the log to the run that owns it.
            if self._has_begun:
                self._flush()
        except Exception as another:
            error.add_note(f"and the log could not be written: {another!r}")
        raise error

    def _explained(self, error: NotFiniteError) -> NotFiniteError:
        """Return the error with the variable in which it began, if that can be found."""
        try:
            explanation = self._rewind.explain()
        except Exception as another:
            error.add_note(f"where it began could not be found: {another!r}")
            return error
        if explanation is None:
            return error
        explained = NotFiniteError(f"{error}; {explanation}").with_traceback(error.__traceback__)
        explained.__suppress_context__ = True
        return explained

    def _dispatch(self, moment: str, *arguments: Any) -> None:
        for extension in self.extensions:
            extension.dispatch(moment, *arguments)

    def _flush(self) -> None:
        """Let others read the log while the run goes on."""
        self.log.flush()
        self._flushed = perf_counter()

    def _read_finish_request(self) -> None:
        """See whether a record asks for the run to finish; not one that an earlier run left."""
        if self.finish_reason is None and self.status["iterations_done"] != self._stale_row:
            request = self.log.current_row.get("training_finish_requested")
            if request:
                self.finish_reason = str(request)

    def _named_extensions(self) -> Iterator[tuple[str, TrainingExtension]]:
        """Yield each extension under a name of its own: `Checkpoint`, `Checkpoint#1`, ..."""
        seen: Counter[str] = Counter()
        for extension in self.extensions:
            count = seen[extension.name]
            seen[extension.name] += 1
            yield (f"{extension.name}#{count}" if count else extension.name), extension


def _check_kinds(
    algorithm: AbstractTrainingAlgorithm,
    data_stream: StreamLike,
    extensions: tuple[TrainingExtension, ...],
) -> None:
    """Raise a TypeError for what cannot be part of a run."""
    if not isinstance(algorithm, AbstractTrainingAlgorithm):
        raise TypeError(
            f"the algorithm is {algorithm!r}; it must be one such as "
            "GradientDescent(graph, step_rule)"
        )
    if not isinstance(data_stream, StreamLike):
        raise TypeError(
            f"the data stream is {data_stream!r}; it must have sources, get_epoch_iterator, "
            "state_dict and load_state_dict, as DataStream(dataset, iteration_scheme=...) of fuel"
        )
    for extension in extensions:
        if not isinstance(extension, TrainingExtension):
            raise TypeError(
                f"{extension!r} is not an extension; it must be an instance of a "
                "TrainingExtension, such as FinishAfter(after_n_epochs=5)"
            )
