"""The law of resumable streams, for tests of streams, schemes and transformers of your own."""

import json
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NamedTuple

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

    This is the law that all streams here obey, and that a scheme, data set, transformer or stream
    of your own must obey for a run to survive an interruption. A straight run takes the state
    wherever a run may be saved: before the first epoch, before and after each item, after each end.
    From every such state, sent through JSON as a checkpoint is, an equal new stream is made to go
    on, and must give exactly what was left, to the end of the last epoch. Numbers of another type,
    or arrays with other bits, are a difference.

    Put what you wrote at the end of a short stream: a dozen examples, a batch size that does not
    divide them, so that the last batch is short. If the law fails, it says where the stream was
    cut, and that is the way to the cause:

    - cut before the first item, and the first epoch differs: something random is not made alike by
      `make_stream`; give it a seed.
    - only cuts inside an epoch fail: something is kept from item to item, and is not in the state.
      Say `stateless = False`, and define `own_state` and `load_own_state`; or let it follow from
      the item's place (`uses_place = True`), and keep nothing.
    - only epochs after the cut one differ: something counts epochs, or draws once an epoch, and is
      not in the state. In a scheme it belongs in `state_dict`, as it is *before* the next epoch.
    - TypeError: the state holds something that no JSON can; save the numbers that it is made from.

    Cutting at every point takes time that grows with the square of the number of items; a hundred
    are fine.

    Args:
        make_stream: makes the stream, always the same: what a program does when it starts again.
        epochs: how many epochs to run.
        abandon: for each of the first epochs, after how many items to leave it for the next; None
            to go through to its end. Programs stop early too, and no epoch may leak into the next.
        max_items: the most items of an epoch to look at, for endless ones.

    Raises:
        AssertionError: at the first difference; it says after which epoch and item the stream was
            cut, and which epoch went on differently.
        TypeError: if a state holds anything but JSON values and arrays.

    >>> from fuel.datasets import IndexableDataset
    >>> from fuel.schemes import ShuffledScheme
    >>> from fuel.streams import DataStream
    >>> def make_stream():
    ...     return DataStream(IndexableDataset(np.arange(11)), ShuffledScheme(11, 4, seed=1))
    >>> check_resumable(make_stream, abandon=[1])

    A scheme that forgets how often it was asked is found out:

    >>> class Growing(ShuffledScheme):
    ...     begun = 0
    ...     def get_request_iterator(self):
    ...         self.begun += 1
    ...         return iter([[0]] * self.begun)
    >>> def make_stream():
    ...     return DataStream(IndexableDataset(np.arange(11)), Growing(11, 4, seed=1))
    >>> check_resumable(make_stream)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: cut in epoch 1 after item 0: epoch 1 went on differently; 2 items were left...
    """
    limits = [max_items if n is None else n for n in [*abandon, *([None] * epochs)][:epochs]]
    straight, cuts = _straight_run(make_stream(), limits)
    for cut in cuts:
        _check_cut(cut, make_stream(), straight, limits)


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


class _Cut(NamedTuple):
    """Where a stream is cut: in which epoch, after how many of its items, with which state."""

    epoch: int
    items: int
    state: Any

    def __str__(self) -> str:
        return f"cut in epoch {self.epoch} after item {self.items}"


def _straight_run(
    stream: AbstractDataStream, limits: Sequence[int]
) -> tuple[list[list[Any]], list[_Cut]]:
    """The items of each epoch, at most so many, and all the places to cut the stream at."""
    cuts = [_Cut(0, 0, stream.state_dict())]
    straight: list[list[Any]] = []
    for number, limit in enumerate(limits):
        items: list[Any] = []
        straight.append(items)
        iterator = stream.get_epoch_iterator()
        cuts.append(_Cut(number, 0, stream.state_dict()))
        while len(items) < limit:
            try:
                item = next(iterator)
            except StopIteration:
                cuts.append(_Cut(number + 1, 0, stream.state_dict()))
                break
            items.append(_copied(item))
            cuts.append(_Cut(number, len(items), stream.state_dict()))
    stream.close()
    return straight, cuts


def _check_cut(
    cut: _Cut, resumed: AbstractDataStream, straight: Sequence[list[Any]], limits: Sequence[int]
) -> None:
    """Verify that a new stream goes on from a place as the straight run did."""
    resumed.load_state_dict(through_json(cut.state))
    assert _same(resumed.state_dict(), cut.state), f"{cut}: the state differs after loading it"
    left, counts = [*straight[cut.epoch :]], [*limits[cut.epoch :]]
    if cut.items:
        left[0] = left[0][cut.items :]
        counts[0] -= cut.items
    got = epochs_of(resumed, counts)
    resumed.close()
    for number, (wanted, found) in enumerate(zip(left, got, strict=True), start=cut.epoch):
        assert _same(wanted, found), (
            f"{cut}: epoch {number} went on differently; {len(wanted)} items were "
            f"left, and {len(found)} came"
        )


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
