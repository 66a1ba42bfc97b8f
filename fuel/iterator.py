"""The iterator over one epoch of a stream, which counts what it has delivered."""

import copyreg
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fuel._streams._pending import Deferring

__all__ = ["DataIterator"]


class DataIterator(Iterator[Any]):
    """Items of one epoch: asks the stream for the data of each request.

    Ends when the requests end, or when the stream has no more data. An iterator of an epoch that
    the stream has left for another one refuses to go on, since their places would mix.

    Args:
        data_stream: whose `get_data` gives the items.
        request_iterator: requests to pass to it; None if it decides itself.
        as_dict: yield dictionaries from source name to data instead of tuples.
        draw: how to take a request from `request_iterator`.
        step: items of this epoch that were delivered before.

    Attributes:
        request: what was requested last.
        step: how many items of the epoch were delivered, or failed before a later one was
            delivered.
        finished: whether the end was reached.
        end_seen: whether whoever iterates was told so.
        superseded: whether the stream has begun another epoch since.
    """

    def __init__(
        self,
        data_stream: Any,
        request_iterator: Iterator[Any] | None = None,
        as_dict: bool = False,
        *,
        draw: Callable[[Iterator[Any]], Any] = next,
        step: int = 0,
    ) -> None:
        self.data_stream = data_stream
        self.request_iterator = request_iterator
        self.as_dict = as_dict
        self.step = step
        self.finished = False
        self.end_seen = False
        self.superseded = False
        self.held: tuple[Any] | None = None
        self.request: Any = None
        self._draw = draw
        self._drawn = self._before = step

    def __next__(self) -> Any:
        return self._deliver(None)

    def _next_into(self, allocate: Deferring) -> Any:
        """As `next`, for a transformer to which some of the item may come pending.

        Args:
            allocate: says for which sources; others have no use for what that gives.
        """
        return self._deliver(allocate)

    def _deliver(self, allocate: Deferring | None) -> Any:
        if self.held is not None:
            item, self.held = self.held[0], None
        else:
            try:
                item = self._fetch(allocate)
            except StopIteration:
                self.step, self.end_seen = self._drawn, True
                raise
        self._before, self.step = self.step, self._drawn
        if not self.as_dict:
            return item
        return as_mapping(self.data_stream.sources, item)

    def __reduce__(self) -> tuple[Any, ...]:
        """Its stream, which goes on where it is; a copy that belongs to no stream as it is."""
        if not self.finished and getattr(self.data_stream, "epoch_iterator", None) is self:
            return _go_on, (self.data_stream, self.as_dict)
        return copyreg.__newobj__, (type(self),), vars(self).copy()  # type: ignore[attr-defined]

    def __copy__(self) -> "DataIterator":
        raise TypeError(
            "a shallow copy of an epoch iterator would move its stream; use copy.deepcopy, which "
            "copies the stream too"
        )

    def hold(self) -> Any:
        """The item that `next` will give, without delivering it.

        Raises:
            StopIteration: if there is none.
        """
        if self.held is None:
            self.held = (self._fetch(None),)
        return self.held[0]

    @property
    def drawn(self) -> int:
        """How many items of the epoch were requested, whether or not they were delivered."""
        return self._drawn

    def draw_all(self, requests: Iterator[Any] | None = None) -> Iterator[Any]:
        """Requests in the form in which this iterator takes them; for who gets the data elsewhere.

        Args:
            requests: where to take them from; default those of this epoch.
        """
        taken = self.request_iterator if requests is None else requests
        while taken is not None:
            try:
                yield self._draw(taken)
            except StopIteration:
                return

    def mark_delivered(self, step: int) -> None:
        """Count the first `step` items as delivered; for who gets the data elsewhere."""
        self._before, self.step, self._drawn = self.step, step, step

    def take_back(self) -> None:
        """Do not count the last item as delivered, until a later one is: it failed on its way."""
        self.step = self._before

    def mark_finished(self) -> None:
        """Note that the end of the epoch was delivered."""
        self.finished = self.end_seen = True

    def _fetch(self, allocate: Deferring | None) -> Any:
        if self.finished:
            raise StopIteration
        if self.superseded:
            raise RuntimeError(
                "this epoch iterator is over: its stream has begun another epoch, or was reset or "
                "restored, since; to iterate twice at a time make two streams (they can share the "
                "data set)"
            )
        try:
            stream = self.data_stream
            if self.request_iterator is None:
                item = stream.get_data() if allocate is None else stream._get_into(None, allocate)
                self._drawn += 1
            else:
                request = self.request = self._draw(self.request_iterator)
                self._drawn += 1
                item = (
                    stream.get_data(request)
                    if allocate is None
                    else stream._get_into(request, allocate)
                )
        except StopIteration:
            self.finished = True
            raise
        return item


def _go_on(data_stream: Any, as_dict: bool) -> Iterator[Any]:
    return data_stream.get_epoch_iterator(as_dict=as_dict)


def as_mapping(sources: tuple[str, ...], item: Any) -> Mapping[str, Any]:
    """An item as a dictionary from source name to data.

    Raises:
        ValueError: if it does not have an element for each source.
    """
    if len(item) != len(sources):
        raise ValueError(
            f"got {len(item)} arrays for the {len(sources)} sources {tuple(sources)}; what a "
            "transformer returns must have one element for each of its sources; if they are others "
            "now, assign their names to its `sources`"
        )
    return dict(zip(sources, item, strict=True))
