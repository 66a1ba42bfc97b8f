"""Data sets of Python iterables, read one example after the other."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import Any, Protocol, runtime_checkable

from fuel.datasets._dataset import Dataset, common_length
from fuel.streams import AxisLabels

__all__ = ["IterableDataset", "ResumableIterator"]


@runtime_checkable
class ResumableIterator(Protocol):
    """An iterator that knows its place, so that it is resumed without reading again."""

    def __next__(self) -> Any:
        """The next element."""

    def state_dict(self) -> dict[str, Any]:
        """Its place, as JSON values and small arrays."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go to a place."""


@runtime_checkable
class _Indexed(Protocol):
    """What Python also iterates over: by index, until there is no more."""

    def __getitem__(self, index: int, /) -> Any:
        """An element."""


class IterableDataset(Dataset):
    """Examples that come one after the other, from Python iterables.

    It is resumed by iterating again up to the place; or at once, if the iterators of all sources
    offer `state_dict` and `load_state_dict`.

    Args:
        iterables: from source name to iterable; or one iterable, whose source is `data`. They
            should make a new iterator in each epoch, as containers do; a generator is good for one.
        sources: names of the sources wanted, in this order; default all.
        axis_labels: for each source the names of its axes.

    Attributes:
        iterables: the iterables of the sources wanted.

    Raises:
        ValueError: if a source is not provided, is not iterable, or differs from another in length.
    """

    stateless = False

    def __init__(
        self,
        iterables: Mapping[str, Iterable[Any]] | Iterable[Any],
        sources: Iterable[str] | None = None,
        axis_labels: AxisLabels | None = None,
    ) -> None:
        named = iterables if isinstance(iterables, Mapping) else {"data": iterables}
        self.provides_sources = tuple(named)
        super().__init__(sources, axis_labels)
        self.iterables = [named[source] for source in self.sources]
        for source, iterable in zip(self.sources, self.iterables, strict=True):
            if not isinstance(iterable, Iterable | _Indexed):
                raise ValueError(
                    f"source {source!r} is {iterable!r}, which cannot be iterated over; give a "
                    "list, or an object with __iter__"
                )
        if all(isinstance(iterable, Sized) for iterable in self.iterables):
            common_length(dict(zip(self.sources, self.iterables, strict=True)))
        self.example_iteration_scheme = None
        self._exhausted = False

    @property
    def num_examples(self) -> int | float:
        """How many examples there are, or NaN if an iterable does not know its length.

        Raises:
            ValueError: if lengths differ.
        """
        if not all(isinstance(iterable, Sized) for iterable in self.iterables):
            return math.nan
        return common_length(dict(zip(self.sources, self.iterables, strict=True)))

    def open(self) -> list[Iterator[Any]]:
        """An iterator for each source.

        Raises:
            ValueError: if an iterable is an iterator itself, and was used up by an earlier epoch.
        """
        iterators = [iter(iterable) for iterable in self.iterables]
        if self._exhausted:
            for source, iterable, iterator in zip(
                self.sources, self.iterables, iterators, strict=True
            ):
                if iterator is iterable and not isinstance(iterator, ResumableIterator):
                    raise ValueError(
                        f"source {source!r} is a {type(iterable).__name__}, which can be iterated "
                        "over once only; give a list, or an object whose __iter__ begins anew"
                    )
        return iterators

    def get_data(self, state: Any = None, request: Any = None) -> tuple[Any, ...]:
        """The next example.

        Raises:
            ValueError: if there is a request, or no state.
            StopIteration: if an iterable has ended.
        """
        if state is None or request is not None:
            raise ValueError(
                f"an IterableDataset gives the next example of an opened state, but got {state!r} "
                f"and the request {request!r}; streams of it take no iteration scheme, batches are "
                "made by the transformer Batch"
            )
        self._exhausted = True
        return tuple([next(iterator) for iterator in state])

    def position_of(self, state: Any) -> dict[str, Any] | None:
        """Where the iterators stand, if all of them know it."""
        if not all(isinstance(iterator, ResumableIterator) for iterator in state):
            return None
        return {"iterators": [iterator.state_dict() for iterator in state]}

    def load_position(self, state: Any, position: Mapping[str, Any]) -> None:
        """Bring the iterators to where `position` was taken."""
        for iterator, place in zip(state, position["iterators"], strict=True):
            iterator.load_state_dict(place)

    def fingerprint(self) -> str:
        """The number of examples, if it is known."""
        return f"{self.num_examples} examples"
