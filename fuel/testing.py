"""The law of resumable streams, for tests of streams, schemes and transformers of your own."""

import json
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import numpy as np

from fuel.streams import AbstractDataStream

__all__ = ["check_resumable", "epochs_of", "through_json"]


def check_resumable(
    make_stream: Callable[[], AbstractDataStream],
    epochs: int = 3,
    *,
    abandon: Sequence[int | None] = (),
    max_items: int = 1000,
) -> None:
    """Verify that a stream can be cut at every point and goes on bit for bit.

    A straight run takes the state before everything that it does: before the first epoch, before
    and after each item, after each end. From every such state, sent through JSON, an equal new
    stream is made to go on, and must give exactly what was left.

    Args:
        make_stream: makes the stream, always the same.
        epochs: how many epochs to run.
        abandon: for each of the first epochs, after how many items to leave it for the next; None
            to go through to its end.
        max_items: the most items of an epoch to look at, for endless ones.

    Raises:
        AssertionError: at the first difference; it says after which epoch and item the stream was
        cut.
    """
    limits = [*abandon, *([None] * epochs)][:epochs]
    stream = make_stream()
    cuts: list[tuple[int, int, bool, Any]] = [(0, 0, False, stream.state_dict())]
    straight: list[list[Any]] = []
    for number, limit in enumerate(limits):
        items: list[Any] = []
        straight.append(items)
        iterator = stream.get_epoch_iterator()
        cuts.append((number, 0, True, stream.state_dict()))
        while len(items) < (max_items if limit is None else limit):
            try:
                item = next(iterator)
            except StopIteration:
                cuts.append((number + 1, 0, False, stream.state_dict()))
                break
            items.append(_copied(item))
            cuts.append((number, len(items), True, stream.state_dict()))
    stream.close()
    for number, position, inside, state in cuts:
        resumed = make_stream()
        resumed.load_state_dict(through_json(state))
        where = f"cut in epoch {number} after item {position}"
        assert _same(resumed.state_dict(), state), f"{where}: the state differs after loading it"
        left = straight[number:]
        counts = [max_items if limit is None else limit for limit in limits[number:]]
        if inside:
            left = [left[0][position:], *left[1:]]
            counts[0] -= position
        got = epochs_of(resumed, counts)
        resumed.close()
        for offset, (wanted, found) in enumerate(zip(left, got, strict=True)):
            assert _same(wanted, found), (
                f"{where}: epoch {number + offset} went on differently; {len(wanted)} items were "
                f"left, and {len(found)} came"
            )


def epochs_of(stream: AbstractDataStream, limits: Sequence[int]) -> list[list[Any]]:
    """Copies of the items of the next epochs, at most so many of each; no more are asked for."""
    return [[_copied(item) for item in islice(stream.get_epoch_iterator(), n)] for n in limits]


def through_json(state: Any) -> Any:
    """A state as it comes back from a file of JSON; its arrays are kept as arrays.

    Raises:
        TypeError: if it holds anything but JSON values and arrays.
    """
    if isinstance(state, np.ndarray):
        return state.copy()
    if isinstance(state, dict):
        return {str(name): through_json(value) for name, value in state.items()}
    if isinstance(state, list | tuple):
        return [through_json(value) for value in state]
    return json.loads(json.dumps(state))


def _copied(item: Any) -> Any:
    return tuple(np.array(part) if isinstance(part, np.ndarray) else part for part in item)


def _same(one: Any, other: Any) -> bool:
    """Whether two items, or two states, are equal bit for bit."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        one, other = np.asarray(one), np.asarray(other)
        if one.dtype == object and other.dtype == object:
            return len(one) == len(other) and all(map(_same, one, other))
        same_kind = one.dtype == other.dtype and one.shape == other.shape
        return same_kind and one.tobytes() == other.tobytes()
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)
