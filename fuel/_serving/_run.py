"""What a server does with a client's copy of the stream: go to a place, and on from there."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from fuel._shard import WHOLE, Shard
from fuel._streams._abstract_stream import AbstractDataStream
from fuel.datasets import H5PYDataset, IndexableDataset, IterableDataset
from fuel.streams import DataStream

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
        abandon: whether to leave the epoch of that place for the next.
        failed: items from there on that failed already, and are left out.
        shard: which part of each epoch is wanted.
        operation: to do there, instead of iterating; one of `OPERATIONS`, or "".
        hwm: messages that may be under way.
        max_bytes: bytes from which on no more messages are sent under way.
    """

    run: int
    state: dict[str, Any] | None
    abandon: bool
    failed: int
    shard: Shard
    operation: str
    hwm: int
    max_bytes: int


def copy_of(stream: AbstractDataStream, shard: Shard = WHOLE) -> AbstractDataStream:
    """A stream of its own at the same place, or a shard of it; data that lies in memory is shared.

    Raises:
        TypeError: if it holds something that cannot be copied.
        StateMismatchError: if a shard is wanted and it is inside an epoch.
    """
    copied = copy.deepcopy(stream, dict(_in_memory(stream)))
    return copied if shard == WHOLE else copied.shard(shard.index, shard.count, even=shard.even)


def run(stream: AbstractDataStream, start: Start) -> Iterator[Reply]:
    """What to tell the client, for ever: the items of this epoch and of all that follow.

    Raises:
        Exception: what the stream raises at beginning an epoch; over an item it is a reply.
    """
    if start.state is not None:
        stream.load_state_dict(start.state)
    if start.operation:
        yield "place", {"state": _operate(stream, start.operation)}
        return
    if start.abandon and start.state is not None:
        stream.get_epoch_iterator()
    left_out = start.failed
    while True:
        epoch = stream.get_epoch_iterator()
        yield "begin", {"state": state_of(stream)}
        yield from islice(_items(stream, epoch), left_out, None)
        left_out = 0
        yield "end", {"state": state_of(stream)}


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


def _items(stream: AbstractDataStream, epoch: Iterator[Any]) -> Iterator[Reply]:
    """What to answer until an epoch ends: items with their places, and errors."""
    knows_place = True
    while True:
        try:
            item = next(epoch)
        except StopIteration:
            return
        except Exception as error:
            yield error_reply(error, over=False)
            continue
        context = None
        if knows_place:
            try:
                context = stream._context()
            except NotImplementedError:
                knows_place = False
        yield (
            "item",
            {
                "state": state_of(stream),
                "value": item,
                "request": None if context is None else context.request,
                "place": None if context is None else tuple(context.place),
            },
        )


def _operate(stream: AbstractDataStream, operation: str) -> dict[str, Any] | None:
    if operation == "reset":
        stream.reset()
    elif operation == "next_epoch":
        stream.next_epoch()
    else:
        stream._abandon_epoch()
    return state_of(stream)


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
