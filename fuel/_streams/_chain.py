"""A stream as a pure function of a request and a place.

A stream can be split if its data set reads by request alone and all its transformers keep nothing
from item to item. Then item number `step` of an epoch is a function of its request and its place,
whoever computes it and in whatever order: that is what worker processes are sent.

How a consumer that has items computed elsewhere keeps the stream's place:

1. `root(stream).get_epoch_iterator()` gives the epoch's `DataIterator`, continued if a state was
loaded;
2. take requests from its `draw_all()`, as far ahead as you like; the
   first has step `iterator.step`, in epoch `root(stream).epoch - 1`;
3. after an item is delivered call `iterator.mark_delivered(step + 1)`; after the end was,
`mark_finished`.

Then `stream.state_dict()` is right at every moment.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fuel._requests import as_list
from fuel._shard import WHOLE, Shard
from fuel._streams._context import Allocate, Context, Place, new_array
from fuel._streams._pending import CanDefer, Deferring, Pending, as_array
from fuel.datasets._dataset import Dataset
from fuel.streams import AbstractDataStream, DataStream
from fuel.transformers.base import Transformer

__all__ = ["Chain", "obstacle", "root"]

_Steps = tuple[Allocate, list[tuple[Callable[..., Any], Allocate]]]


class Chain:
    """The pure function from a request and a place to an item.

    Args:
        dataset: reads by request alone.
        sources: names of the data set's sources in the stream.
        transformers: the innermost first; none keeps anything from item to item.
        shard: of which items the places are; the transformers are told those in the whole epoch.
    """

    def __init__(
        self,
        dataset: Dataset,
        sources: Sequence[str],
        transformers: Sequence[Transformer],
        shard: Shard = WHOLE,
    ) -> None:
        self.dataset = dataset
        self.shard = shard
        self.sources = tuple(sources)
        self.transformers = tuple(transformers)
        self._state = dataset.open()
        self._as_lists = not dataset.accepts_arrays
        self._names = tuple(transformers[-1].sources if transformers else sources)
        finals = set(self._names)
        self._finals: list[frozenset[str]] = []
        for transformer in reversed(self.transformers):
            self._finals.append(frozenset(finals))
            finals = {
                name for final in finals if (name := transformer.passes_on(final)) is not None
            }
        self._finals.reverse()
        names = dict(zip(self.sources, dataset.sources, strict=True))
        self._dataset_finals = frozenset(names[final] for final in finals)
        # what is pending, by who makes it: the data set, and every transformer but the last
        self._pending = [transformer._sources_pending() for transformer in self.transformers]
        self._pending_end: frozenset[str] = frozenset()
        if transformers:
            self._pending_end = transformers[-1]._gives_pending(frozenset(self._names))
        self._steps: tuple[tuple[Allocate, bool], _Steps] | None = None

    @classmethod
    def of(cls, stream: AbstractDataStream) -> "Chain":
        """The function that computes the items of `stream`.

        Raises:
            ValueError: if it cannot be split; it says why.
        """
        if (reason := obstacle(stream)) is not None:
            raise ValueError(f"the stream cannot be computed item by item: {reason}")
        transformers = []
        while isinstance(stream, Transformer):
            stream.check_kind()
            transformers.append(stream)
            stream = stream.data_stream
        assert isinstance(stream, DataStream)
        assert isinstance(stream.dataset, Dataset)
        assert stream.iteration_scheme is not None
        shard = stream.iteration_scheme.shard
        return cls(stream.dataset, stream.sources, transformers[::-1], shard)

    def __call__(
        self, request: Any, place: Place, allocate: Allocate = new_array
    ) -> tuple[Any, ...]:
        """The item of `request`.

        Args:
            request: as the stream's scheme gives it, or as a slice or integer array.
            place: where the item stands.
            allocate: gives the memory for arrays that will be part of the item, as far as the
                operations that make them can write into a given array. An array of the item may
                also lie elsewhere, or be a reshaped view of what was allocated.

        Returns:
            One element for each source of the stream.
        """
        return tuple(self._apply_all(request, place, self._steps_by(allocate, pending_end=False)))

    @property
    def can_describe(self) -> bool:
        """Whether all of its items that is large is pending from the data set to the end.

        Then an item is described quickly, by nobody's code but ours, and may be made later.
        """
        dataset = self.dataset
        return (
            all(self._pending)
            and bool(self._pending_end)
            and isinstance(dataset, CanDefer)
            and dataset._is_quick(self._pending[0])
        )

    def describe(self, request: Any, place: Place) -> tuple[Any, ...]:
        """The item of `request`, some of which may be pending; `make` completes it."""
        item = self._apply_all(request, place, self._steps_by(new_array, pending_end=True))
        for part in item:
            if type(part) is Pending:
                part.prepare()
        return tuple(item)

    def make(self, item: tuple[Any, ...], allocate: Allocate) -> tuple[Any, ...]:
        """An item that was described, with nothing pending."""
        parts = zip(self._names, item, strict=True)
        return tuple([as_array(part, source, allocate) for source, part in parts])

    def _apply_all(self, request: Any, place: Place, by: _Steps) -> Any:
        if self.shard.count > 1:
            place = place._replace(step=self.shard.whole_step(place.step))
        first, steps = by
        data: Any
        if self._as_lists:
            data = self.dataset.get_data(self._state, as_list(request))
        else:
            data = self.dataset.get_data_into(self._state, request, first)
        for apply, own in steps:
            data = apply(data, Context(request, place, own))
        return data

    def _steps_by(self, allocate: Allocate, pending_end: bool) -> _Steps:
        """What the data set is to allocate by, and each transformer, together with what it does.

        Memory of `allocate` is for what becomes part of the item as it is; what the next one takes
        pending needs none.
        """
        how = allocate, pending_end
        if self._steps is None or self._steps[0] != how:  # it is the same for most items
            finals = (self._dataset_finals, *self._finals)
            end = self._pending_end if pending_end else frozenset()
            first, *others = (
                _deferring(pending, _only_for(own, allocate))
                for own, pending in zip(finals, (*self._pending, end), strict=True)
            )
            applies = [transformer.apply for transformer in self.transformers]
            self._steps = how, (first, list(zip(applies, others, strict=True)))
        return self._steps[1]

    def __getstate__(self) -> dict[str, Any]:
        """Everything but what the data set opened, and whose memory was used."""
        return {**vars(self), "_state": None, "_steps": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._state = self.dataset.open()

    def close(self) -> None:
        """Release the data set's files."""
        self.dataset.close(self._state)


def root(stream: AbstractDataStream) -> AbstractDataStream:
    """The innermost stream."""
    while isinstance(stream, Transformer):
        stream = stream.data_stream
    return stream


def obstacle(stream: AbstractDataStream) -> str | None:
    """Why the items of `stream` cannot be computed each by itself; None if they can."""
    while isinstance(stream, Transformer):
        if not stream.is_splittable:
            keeps = not stream._adds_nothing()
            what = "keeps something from item to item" if keeps else "takes its items by itself"
            return f"{type(stream).__name__} {what}"
        stream = stream.data_stream
    if not isinstance(stream, DataStream) or (
        type(stream).get_data is not DataStream.get_data
        or type(stream).get_epoch_iterator is not DataStream.get_epoch_iterator
    ):
        return f"{type(stream).__name__} does not take its data from a data set by requests"
    if stream.iteration_scheme is None:
        return f"{type(stream.dataset).__name__} decides itself what comes, there is no scheme"
    if not isinstance(stream.dataset, Dataset) or not stream.dataset.reads_by_request_alone:
        return f"{type(stream.dataset).__name__} has a state that moves as it is read"
    return None


def _deferring(pending: frozenset[str], allocate: Allocate) -> Allocate:
    return Deferring(pending, allocate) if pending else allocate


def _only_for(finals: frozenset[str], allocate: Allocate) -> Allocate:
    """`allocate` for sources that become part of the item as they are, else plain memory."""
    if allocate is new_array or not finals:
        return new_array

    def allocate_final(source: str, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        return (allocate if source in finals else new_array)(source, shape, dtype)

    return allocate_final
