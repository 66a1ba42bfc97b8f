"""Items made by worker processes, in the order and with the state of a stream made in process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeVar

import numpy as np

from fuel._closing import Closing
from fuel._shard import Shard
from fuel._streams import _chain
from fuel._streams._context import Context
from fuel._streams._profile import QueueState
from fuel._workers._choice import Choice, choose_workers
from fuel._workers._control import MAX_SLOTS
from fuel._workers._crew import Crew, Terms
from fuel._workers._error import WorkerError
from fuel._workers._shared_memory import ALIGNMENT, round_up
from fuel._workers._slot_writer import slot_size_for
from fuel._workers._split_stream import SplitStream
from fuel._workers._whole_stream import WholeStream
from fuel.streams import AbstractDataStream, DataStream
from fuel.transformers.base import Transformer

__all__ = ["Choice", "MultiProcessing", "WorkerError", "choose_workers"]

_T = TypeVar("_T")


class MultiProcessing(Transformer, Closing):
    """A stream whose items are made by worker processes, ahead of time.

    Nothing but speed depends on it: any number of workers gives the same items in the same order,
    and `state_dict` is that of the stream without workers at the item delivered last, so a run can
    go on with another number of workers, or with none.

    If items can be made each by itself, the workers take turns. A stream that keeps something from
    item to item is run as a whole by one worker, which sends its place along with each item; more
    than one would not be used.

    Workers start when the first item is asked for and stay for all epochs; the next epoch's items
    are made ahead like any others. They are fresh interpreters that import what the stream is made
    of, so its functions and classes must be importable: defined at the top level of a module, or of
    a script that does its work under `if __name__ == "__main__":`. They end with `close`, with the
    `with` block, when the stream is garbage collected, and with this process, however it ends. A
    worker that dies is replaced and its items are made again. What the stream raises in a worker
    comes as a `WorkerError`; in this process it comes as it is.

    Settings assigned to `fuel.config` before they start hold in them too.

    Arrays come in shared memory that is used again when they and all views of them have died.

    With `workers="auto"` items are made in this process, and measured. Once making one takes more
    than 200 microseconds, and more than a tenth of what the program takes from one to the next
    request, as many workers start as keep up with the program and have a core; they take over when
    they are ready, without a pause. `choice` says what was chosen, and so does the log.

    Args:
        data_stream: the stream to run.
        max_store: items that are made ahead, by all workers together; each makes at least one, and
            at most 32.
        workers: how many processes; 0 makes the items in this one, and "auto" chooses. Without it
            there is one worker, or none if the stream is made of what no other process can import
            (a lambda, say), of which an `InProcessWarning` tells.
        leases: delivered items, for each worker, whose arrays may stay in shared memory; beyond
            that, items are copied.
        timeout: seconds that an item may take before its worker is replaced; None for ever.

    Raises:
        TypeError: if `workers` is neither a number nor "auto".
        ValueError: if a number is out of its range.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        max_store: int = 8,
        *,
        workers: int | Literal["auto"] | None = None,
        leases: int = 8,
        timeout: float | None = None,
    ) -> None:
        if max_store < 1:
            raise ValueError(f"max_store={max_store} must be 1 or more")
        if not 0 <= leases <= MAX_SLOTS // 2:
            raise ValueError(f"leases={leases} must be from 0 to {MAX_SLOTS // 2}")
        if timeout is not None and timeout <= 0:
            raise ValueError(f"timeout={timeout} must be a positive number of seconds, or None")
        super().__init__(
            data_stream, data_stream.produces_examples, axis_labels=data_stream.axis_labels
        )
        self._crew = Crew(data_stream, Terms(workers, max_store, leases, timeout))
        self._running: SplitStream | WholeStream | None = None
        self._resumes = False

    @property
    def workers(self) -> int:
        """How many processes make the items, or will; 0 if this one does.

        It may be set at any time, also amid an epoch: items and place do not depend on it. What is
        set replaces "auto" and what was chosen.
        """
        return self._crew.count

    @workers.setter
    def workers(self, count: int) -> None:
        terms = self._crew.terms._replace(workers=count)
        if count == self.workers:
            self._crew.keep(terms)
            return
        crew = Crew(self.data_stream, terms)
        self._come_back()
        self._crew = crew

    @property
    def choice(self) -> Choice | None:
        """What was chosen as "auto", or in want of `workers`, and why; None if nothing was."""
        return self._crew.choice

    @property
    def runs_as_a_whole(self) -> bool:
        """Whether one worker runs the stream from item to item, because it cannot be split."""
        return self.workers > 0 and self._crew.is_whole()

    def get_data(self, request: Any = None) -> Any:
        """The next item."""
        if request is not None:
            return super().get_data(request)
        self._leave_if_fork()
        if self._running is None and not self._hand_over():
            return self._make_here()
        assert self._running is not None
        return self._ask(self._running.receive)

    def apply(self, data: Any, context: Context) -> Any:
        """The item as it is."""
        return data

    def passes_on(self, source: str) -> str:
        """Every source is the child's."""
        return source

    def get_epoch_iterator(self, as_dict: bool = False) -> Iterator[Any]:
        """Begin the next epoch; or go on with the one that `load_state_dict` put us in."""
        self._leave_if_fork()
        if self.workers > 0:
            self._undo_peeks_inside()
        if (peeked := self._take_peeked(as_dict)) is not None:
            return peeked
        if self._resumes:  # an epoch that this process was to go on with, and now need not
            self._undo_peeks_inside()
            self.data_stream._abandon_epoch()
            self._resumes = False
        if not isinstance(self._running, WholeStream):
            return super().get_epoch_iterator(as_dict)
        self._ask(self._running.begin_epoch)
        return self._begin(as_dict, 0)

    def statistics(self) -> list[dict[str, int]]:
        """What each running worker has done: items, nanoseconds busy and idle, and bytes."""
        names = ("items", "busy_ns", "idle_ns", "bytes")
        workers = self._crew.workers
        running = [] if workers is None else workers.running()
        return [
            {"pid": process.pid, **dict(zip(names, process.statistics(), strict=True))}
            for process in running
        ]

    def _queue_state(self) -> QueueState | None:
        if self.workers == 0:
            return None
        workers = self._crew.workers
        running = [] if workers is None else workers.running()
        done = [process.statistics() for process in running]
        return QueueState(
            self.workers,
            sum(process.ready for process in running),
            max(1, self._crew.terms.max_store * len(running)),
            sum(busy for _, busy, _, _ in done),
            sum(idle for _, _, idle, _ in done),
        )

    def memory(self) -> int:
        """Bytes of shared memory that all workers will use, for items like the next one.

        It is known before they start, and stays the same for all epochs unless items become
        larger. Ragged items travel as messages and take none.
        While this process makes the items, it is 0.
        """
        self._crew.settle()
        if self.workers == 0:
            return 0
        is_under_way = self._running is not None or self._resumes
        peeked = self.peek() if is_under_way else self.data_stream.peek()
        arrays = [np.asarray(part) for part in peeked.values()]
        size = sum(round_up(array.nbytes, ALIGNMENT) for array in arrays)
        count, _, slots = self._crew.layout()
        return count * slots * slot_size_for(size)

    def close(self) -> None:
        """End the workers and close the stream; iterating again starts both again."""
        self._come_back()
        super().close()

    def reset(self) -> None:
        """Reset the stream; the next epoch is a first one for it."""
        self._fetch_place()
        super().reset()
        self._pass_place_on()

    def next_epoch(self) -> None:
        """Bring the stream to its next epoch."""
        self._fetch_place()
        super().next_epoch()
        self._pass_place_on()

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the processes."""
        return {**super().__getstate__(), "_running": None, "_resumes": False}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._crew = self._crew.again(self.data_stream)

    def _undo_peeks_inside(self) -> None:
        """Let no stream inside hold an item that somebody peeked at: workers make all of them."""
        stream: AbstractDataStream = self.data_stream
        stream._undo_peek()
        while isinstance(stream, Transformer):
            stream = stream.data_stream
            stream._undo_peek()

    def _ask(self, what: Callable[[], _T]) -> _T:
        """Ask the workers; if an interrupt may have come in the middle of anything, end them."""
        try:
            return what()
        except (StopIteration, WorkerError):
            raise
        except BaseException:
            self._come_back()
            raise

    def _make_here(self) -> Any:
        """The next item, made in this process; measured, if that is to show whether workers pay."""
        if self._resumes:
            self._resume_here()
        if not self._crew.is_measuring:
            return super().get_data()
        begin = time.perf_counter()
        item = super().get_data()
        self._crew.measured(begin, time.perf_counter())
        return item

    def _hand_over(self) -> bool:
        """Have workers make the items from the next on, if there are any; whether they do."""
        workers = self._crew.ready()
        if workers is None:
            return False
        if self._crew.is_whole():
            state = self.data_stream.state_dict()
            if not state.get("in_epoch", True):
                return False  # this process knows that the epoch is over
            self._running = WholeStream(workers, state)
        else:
            if self._resumes or self._is_peeked_inside():
                self._resume_here()
            root = _chain.root(self.data_stream)
            assert isinstance(root, DataStream)
            self._running = SplitStream(root, workers)
        self._resumes = False
        self._crew.take_over()
        return True

    def _come_back(self) -> None:
        """End the workers, and stand in this process where the last item was delivered."""
        if self._running is not None:
            self.data_stream.load_state_dict(self._state())
            self._resumes = self._live is not None and not self._live.finished
            self._running = None
        self._crew.end()

    def _leave_if_fork(self) -> None:
        """In a fork of the process that started the workers: leave them to it."""
        workers = self._crew.workers
        if workers is not None and not workers.are_own:
            self._come_back()

    def _resume_here(self) -> None:
        """Go on in this process with the epoch that was left, or peeked into."""
        self.data_stream.load_state_dict(self.data_stream.state_dict())
        self.child_epoch_iterator = self.data_stream._continue_epoch()
        self._resumes = False

    def _is_peeked_inside(self) -> bool:
        stream: AbstractDataStream = self.data_stream
        while not (peeked := stream._peeked is not None and stream._peeked.holds()):
            if not isinstance(stream, Transformer):
                break
            stream = stream.data_stream
        return peeked

    def _settle(self) -> str | None:
        self._crew.hold()
        return self._crew.settle()

    def _state(self) -> dict[str, Any]:
        if isinstance(self._running, WholeStream):
            return self._running.state_dict()
        return self.data_stream.state_dict()

    def _load_state(self, state: Mapping[str, Any]) -> None:
        self.data_stream.load_state_dict(state)
        self._resumes = False
        self._pass_place_on()

    def _context(self) -> Context:
        self._crew.needs_places = True
        is_whole = isinstance(self._running, WholeStream)
        return AbstractDataStream._context(self) if is_whole else super()._context()

    def _continue_epoch(self, as_dict: bool = False) -> Iterator[Any]:
        if not isinstance(self._running, WholeStream):
            return super()._continue_epoch(as_dict)
        if not self._state()["in_epoch"]:
            iterator = self._begin(as_dict, 0)
            iterator.mark_finished()
            return iterator
        return self.get_epoch_iterator(as_dict)

    def _abandon_epoch(self) -> None:
        self._fetch_place()
        self._resumes = False
        super()._abandon_epoch()
        self._pass_place_on()

    @property
    def _makes_each_alone(self) -> bool:
        return self.data_stream._makes_each_alone

    def _part(self, shard: Shard) -> AbstractDataStream:
        return self._over(self.data_stream._part(shard))

    def _fetch_place(self) -> None:
        """Bring the stream in this process to where its worker's items have been delivered."""
        if isinstance(self._running, WholeStream):
            self.data_stream.load_state_dict(self._running.state_dict())

    def _pass_place_on(self) -> None:
        """Let the worker go on from where the stream in this process is."""
        if isinstance(self._running, WholeStream):
            self._running.go_to(self.data_stream.state_dict())
