"""Items made by worker processes, in the order and with the state of a stream made in process."""

from __future__ import annotations

import json
import os
import sys
import weakref
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np

from fuel import _chain
from fuel._context import Context
from fuel._profile import QueueState
from fuel._shard import Shard
from fuel._workers import _parcel
from fuel._workers._error import WorkerError
from fuel._workers._lifeline import is_child
from fuel._workers._pool import Workers
from fuel._workers._process import WorkerSettings
from fuel._workers._ring import MAX_DEPTH, MAX_SLOTS, slot_size_for
from fuel._workers._shared_memory import ALIGNMENT, round_up
from fuel._workers._split_stream import SplitStream
from fuel._workers._whole_stream import WholeStream
from fuel.config_parser import config
from fuel.streams import AbstractDataStream, DataStream
from fuel.transformers.base import Transformer

__all__ = ["MultiProcessing", "WorkerError"]


class MultiProcessing(Transformer):
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
    worker that dies is replaced and its items are made again.

    Settings assigned to `fuel.config` before they start hold in them too.

    Arrays come in shared memory that is used again when they and all views of them have died.

    Args:
        data_stream: the stream to run.
        max_store: items that are made ahead, by all workers together; each makes at least one.
        workers: how many processes; 0 makes the items in this one.
        leases: delivered items, for each worker, whose arrays may stay in shared memory; beyond
            that, items are copied.
        timeout: seconds that an item may take before its worker is replaced; None for ever.

    Raises:
        ValueError: if a number is out of its range.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        max_store: int = 8,
        *,
        workers: int = 1,
        leases: int = 8,
        timeout: float | None = None,
    ) -> None:
        for name, number, least in (("max_store", max_store, 1), ("workers", workers, 0)):
            if number < least:
                raise ValueError(f"{name}={number} must be {least} or more")
        if not 0 <= leases <= MAX_SLOTS // 2:
            raise ValueError(f"leases={leases} must be from 0 to {MAX_SLOTS // 2}")
        if timeout is not None and timeout <= 0:
            raise ValueError(f"timeout={timeout} must be a positive number of seconds, or None")
        super().__init__(
            data_stream, data_stream.produces_examples, axis_labels=data_stream.axis_labels
        )
        self.workers = workers
        self.max_store = max_store
        self.leases = leases
        self.timeout = timeout
        self._running: SplitStream | WholeStream | None = None
        self._processes: Workers | None = None
        self._finalizer: weakref.finalize[Any, Any] | None = None

    @property
    def runs_as_a_whole(self) -> bool:
        """Whether one worker runs the stream from item to item, because it cannot be split."""
        return self.workers > 0 and _chain.obstacle(self.data_stream) is not None

    def get_data(self, request: Any = None) -> Any:
        """The next item."""
        if request is not None or self.workers == 0:
            return super().get_data(request)
        return self._run().receive()

    def apply(self, data: Any, context: Context) -> Any:
        """The item as it is."""
        return data

    def passes_on(self, source: str) -> str:
        """Every source is the child's."""
        return source

    def get_epoch_iterator(self, as_dict: bool = False) -> Iterator[Any]:
        """Begin the next epoch; or go on with the one that `load_state_dict` put us in."""
        if self.workers > 0:
            self._undo_peeks_inside()
        if not self.runs_as_a_whole:
            return super().get_epoch_iterator(as_dict)
        if (peeked := self._take_peeked(as_dict)) is not None:
            return peeked
        self._whole().begin_epoch()
        return self._begin(as_dict, 0)

    def statistics(self) -> list[dict[str, int]]:
        """What each running worker has done: items, nanoseconds busy and idle, and bytes."""
        names = ("items", "busy_ns", "idle_ns", "bytes")
        running = [] if self._processes is None else self._processes.running()
        return [
            {"pid": process.pid, **dict(zip(names, process.statistics(), strict=True))}
            for process in running
        ]

    def _queue_state(self) -> QueueState | None:
        if self.workers == 0:
            return None
        running = [] if self._processes is None else self._processes.running()
        done = [process.statistics() for process in running]
        return QueueState(
            self.workers,
            sum(process.ready for process in running),
            max(1, self.max_store * len(running)),
            sum(busy for _, busy, _, _ in done),
            sum(idle for _, _, idle, _ in done),
        )

    def memory(self) -> int:
        """Bytes of shared memory that all workers will use, for items like the next one.

        It is known before they start, and stays the same for all epochs unless items become
        larger. Ragged items travel as messages and take none.
        """
        if self.workers == 0:
            return 0
        arrays = [np.asarray(part) for part in self.data_stream.peek().values()]
        size = sum(round_up(array.nbytes, ALIGNMENT) for array in arrays)
        count, _, slots = self._layout()
        return count * slots * slot_size_for(size)

    def _layout(self) -> tuple[int, int, int]:
        """How many workers, results that each prepares ahead, and slots of each."""
        count = 1 if self.runs_as_a_whole else self.workers
        depth = min(-(-self.max_store // count), MAX_DEPTH // 2)
        return count, depth, min(depth + self.leases, MAX_SLOTS)

    def close(self) -> None:
        """End the workers and close the stream; iterating again starts both again."""
        if self._finalizer is not None:
            if isinstance(self._running, WholeStream):
                self.data_stream.load_state_dict(self._running.state_dict())
            self._finalizer()
        self._running = self._processes = self._finalizer = None
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the processes."""
        unsaved = ("_running", "_processes", "_finalizer")
        return {
            name: None if name in unsaved else value
            for name, value in super().__getstate__().items()
        }

    def _undo_peeks_inside(self) -> None:
        """Let no stream inside hold an item that somebody peeked at: workers make all of them."""
        stream: AbstractDataStream = self.data_stream
        stream._undo_peek()
        while isinstance(stream, Transformer):
            stream = stream.data_stream
            stream._undo_peek()

    def _run(self) -> SplitStream | WholeStream:
        """The stream in its workers, which are started if they are not running."""
        if self._running is None:
            whole = self.runs_as_a_whole
            self._processes = self._start(whole)
            if whole:
                self._running = WholeStream(self._processes, self.data_stream.state_dict())
            else:
                root = _chain.root(self.data_stream)
                assert isinstance(root, DataStream)
                self._running = SplitStream(root, self._processes)
        return self._running

    def _start(self, whole: bool) -> Workers:
        if is_child():
            raise RuntimeError(
                "a worker process was about to start workers of its own. If a script made it do "
                'so, let the script do its work under `if __name__ == "__main__":`; if there is a '
                "MultiProcessing within another, leave one of them out"
            )
        assigned = _as_json(config.assigned())
        parcel, needs_script = _parcel.pack(self.data_stream)
        count, depth, slots = self._layout()
        script = os.path.abspath(sys.modules["__main__"].__file__ or "") if needs_script else None
        settings = WorkerSettings(
            parcel,
            whole,
            script,
            depth,
            slots,
            self.timeout,
            assigned,
        )
        processes = Workers(settings, count)
        self._finalizer = weakref.finalize(self, processes.close)
        return processes

    def _whole(self) -> WholeStream:
        running = self._run()
        assert isinstance(running, WholeStream)
        return running

    def _state(self) -> dict[str, Any]:
        if isinstance(self._running, WholeStream):
            return self._running.state_dict()
        return self.data_stream.state_dict()

    def _load_state(self, state: Mapping[str, Any]) -> None:
        self.data_stream.load_state_dict(state)
        self._pass_place_on()

    def _context(self) -> Context:
        return AbstractDataStream._context(self) if self.runs_as_a_whole else super()._context()

    def _continue_epoch(self, as_dict: bool = False) -> Iterator[Any]:
        if not self.runs_as_a_whole:
            return super()._continue_epoch(as_dict)
        if not self._state()["in_epoch"]:
            iterator = self._begin(as_dict, 0)
            iterator.mark_finished()
            return iterator
        return self.get_epoch_iterator(as_dict)

    def _abandon_epoch(self) -> None:
        self._fetch_place()
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


def _as_json(settings: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(json.loads(json.dumps(settings)))
    except TypeError as error:
        raise TypeError(
            f"the settings {settings} were assigned to fuel.config, but not all of them can be "
            f"sent to a worker process ({error}); assign numbers and strings, or use workers=0"
        ) from error
