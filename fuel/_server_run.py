"""What a server does with a client's copy of the stream: go to a place, and on from there."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fuel import _chain
from fuel._abstract_stream import AbstractDataStream
from fuel.datasets import H5PYDataset, IndexableDataset, IterableDataset
from fuel.iterator import DataIterator
from fuel.streams import DataStream
from fuel.transformers.base import Transformer

OPERATIONS = ("reset", "next_epoch", "abandon")
"""What can be done to a stream at a place, other than iterate."""

Reply = tuple[str, dict[str, Any]]
"""Kind and fields of a message."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where a client wants its stream to go on.

    Args:
        run: the client's number for this, which all that follows is marked with.
        state: the place; None if the stream does not know it: it then begins anew, or if
            `abandon` goes on with whatever epoch comes next.
        index: items of the epoch before that place.
        abandon: whether to leave the epoch of that place for the next.
        failed: items from there on that failed already, and are left out.
        share: which of each `shares` items to send.
        shares: among how many clients the items are dealt.
        operation: to do there, instead of iterating; one of `OPERATIONS`, or "".
        hwm: messages that may be under way.
        max_bytes: bytes from which on no more messages are sent under way.
    """

    run: int
    state: dict[str, Any] | None
    index: int
    abandon: bool
    failed: int
    share: int
    shares: int
    operation: str
    hwm: int
    max_bytes: int


def copy_of(stream: AbstractDataStream) -> AbstractDataStream:
    """A stream of its own at the same place; data that lies in memory is shared.

    Raises:
        TypeError: if it holds something that cannot be copied.
    """
    return copy.deepcopy(stream, dict(_in_memory(stream)))


def run(stream: AbstractDataStream, start: Start) -> Iterator[Reply | None]:
    """What to tell the client, for ever: the items of this epoch and of all that follow.

    None stands for an item that is another client's.

    Raises:
        Exception: what the stream raises at beginning an epoch; over an item it is a reply.
    """
    if start.state is not None:
        stream.load_state_dict(start.state)
    if start.operation:
        yield "place", {"state": _operate(stream, start.operation), "index": 0}
        return
    if start.abandon and start.state is not None:
        stream.get_epoch_iterator()
    epoch = _Epoch(stream, start.share, start.shares)
    epoch.begin(0 if start.abandon else start.index)
    left_out = start.failed
    while True:
        yield "begin", epoch.place()
        for reply in epoch.items():
            if reply is None or not left_out:
                yield reply
            else:
                left_out -= 1
                yield None
        left_out = 0
        yield "end", {"state": state_of(stream), "index": 0}
        epoch.begin(0)


def error_reply(error: Exception, *, over: bool) -> Reply:
    """What to tell about an exception; `over` if nothing comes after it."""
    return "error", {
        "exception": type(error).__name__,
        "error": "".join(traceback.format_exception_only(error)).strip(),
        "traceback": "".join(traceback.format_exception(error)),
        "over": over,
    }


def state_of(stream: AbstractDataStream) -> dict[str, Any] | None:
    """The place of a stream; None if it does not know it."""
    try:
        return stream.state_dict()
    except NotImplementedError:
        return None


@dataclass
class _Epoch:
    """An epoch of a stream, of which some items are this client's."""

    stream: AbstractDataStream
    share: int
    shares: int
    index: int = 0
    iterator: Iterator[Any] = field(default_factory=lambda: iter(()))
    _skipping: Iterator[Any] | None = None
    _live: DataIterator | None = None
    _knows_place: bool = True

    def begin(self, index: int) -> None:
        """Go on with the next epoch, of which `index` items were delivered before."""
        self.iterator = self.stream.get_epoch_iterator()
        self.index = index
        self._live = self._skipping = None
        if self.shares > 1 and _chain.obstacle(self.stream) is None and _is_plain(self.stream):
            self._live = _chain.root(self.stream).epoch_iterator
            assert self._live is not None
            self._skipping = self._live.draw_all()

    def place(self) -> dict[str, Any]:
        return {"state": state_of(self.stream), "index": self.index}

    def items(self) -> Iterator[Reply | None]:
        while True:
            mine = self.index % self.shares == self.share
            if not mine and self._skip():
                yield None
                continue
            try:
                item = next(self.iterator)
            except StopIteration:
                return
            except Exception as error:
                self.index += 1
                yield error_reply(error, over=False) if mine else None
                continue
            self.index += 1
            yield ("item", {**self.place(), "value": item, **self._context()}) if mine else None

    def _skip(self) -> bool:
        """Leave the next item out without making it, where items can be made each by itself."""
        if self._skipping is None or self._live is None:
            return False
        if next(self._skipping, self) is self:
            return False
        self._live.mark_delivered(self._live.drawn + 1)
        self.index += 1
        return True

    def _context(self) -> dict[str, Any]:
        """Where the item stands and what was requested, for transformers at the client."""
        if self._knows_place:
            try:
                context = self.stream._context()
            except NotImplementedError:
                self._knows_place = False
            else:
                return {"request": context.request, "place": tuple(context.place)}
        return {"request": None, "place": None}


def _operate(stream: AbstractDataStream, operation: str) -> dict[str, Any] | None:
    if operation == "reset":
        stream.reset()
    elif operation == "next_epoch":
        stream.next_epoch()
    else:
        stream._abandon_epoch()
    return state_of(stream)


def _is_plain(stream: AbstractDataStream) -> bool:
    """Whether the items are made in this process, so that they are drawn one after another."""
    while isinstance(stream, Transformer):
        if type(stream).get_data is not Transformer.get_data:
            return False
        stream = stream.data_stream
    return True


def _in_memory(value: Any) -> Iterator[tuple[int, Any]]:
    """Identity and replacement of the data sets in a stream whose data need not be copied."""
    if isinstance(value, DataStream):
        dataset = value.dataset
        if isinstance(dataset, (IndexableDataset, IterableDataset)):
            yield id(dataset), copy.copy(dataset)
        elif isinstance(dataset, H5PYDataset) and dataset.load_in_memory:
            yield id(dataset), dataset
    if isinstance(value, AbstractDataStream):
        for part in vars(value).values():
            yield from _in_memory(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _in_memory(part)
