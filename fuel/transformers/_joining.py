"""What streams made of several streams share: a place that is the places of all."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fuel._streams._context import Context
from fuel._streams._copy import copied_state, load_copied_state
from fuel._streams._stream_state import STATE_VERSION, check_state
from fuel.iterator import DataIterator
from fuel.streams import AbstractDataStream, AxisLabels

__all__ = ["JoiningStream"]


class JoiningStream(AbstractDataStream):
    """A stream whose items come from several streams.

    A subclass defines `get_data` and `sources`, and takes items from `child_epoch_iterators`.

    Args:
        data_streams: the streams, all of examples or all of batches.
        axis_labels: for each source the names of its axes.

    Raises:
        ValueError: if there are no streams, or if they are of both kinds.
    """

    child_epoch_iterators: list[Iterator[Any]] | None

    def __init__(
        self, data_streams: Iterable[AbstractDataStream], axis_labels: AxisLabels | None
    ) -> None:
        super().__init__(axis_labels=axis_labels)
        self.data_streams = tuple(data_streams)
        kinds = {stream.produces_examples for stream in self.data_streams}
        if len(kinds) != 1:
            found = [
                "examples" if stream.produces_examples else "batches"
                for stream in self.data_streams
            ]
            raise ValueError(
                f"{type(self).__name__} needs one or more streams, all of examples or all of "
                f"batches, and got {found}"
            )
        self.produces_examples = kinds.pop()
        self.child_epoch_iterators = None
        self._loaded: Mapping[str, Any] | None = None

    @abstractmethod
    def get_data(self, request: Any = None) -> tuple[Any, ...]:
        """The next item; StopIteration at the end of the epoch."""

    def close(self) -> None:
        """Close all streams."""
        for stream in self.data_streams:
            stream.close()

    def reset(self) -> None:
        """Reset all streams; the next epoch is a first one for them."""
        self._undo_peek()
        self._supersede()
        self._abandon_epoch()
        self.child_epoch_iterators = None
        for stream in self.data_streams:
            stream.reset()

    def next_epoch(self) -> None:
        """Bring all streams to their next epoch."""
        self._undo_peek()
        self._abandon_epoch()
        for stream in self.data_streams:
            stream.next_epoch()

    def get_epoch_iterator(self, as_dict: bool = False) -> Iterator[Any]:
        """Begin the next epoch, here and in the streams; or go on with a loaded one."""
        if (peeked := self._take_peeked(as_dict)) is not None:
            return peeked
        if self._loaded is not None and self._loaded["in_epoch"]:
            return self._continue_epoch(as_dict)
        self.begin_streams()
        self._loaded = None
        return self._follow(DataIterator(self, None, as_dict))

    def begin_streams(self) -> None:
        """Begin an epoch in every stream."""
        if self._loaded is not None:
            self._abandon_epoch()
        self.child_epoch_iterators = [stream.get_epoch_iterator() for stream in self.data_streams]

    def own_state(self) -> dict[str, Any]:
        """What is kept beside the streams' places."""
        return {}

    def load_own_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `own_state` gave."""
        return None

    def describe(self) -> str:
        """What a saved place depends on beside the streams."""
        return f"{type(self).__name__} of {len(self.data_streams)}"

    def __getstate__(self) -> dict[str, Any]:
        """Everything but live iterators; the place instead of them."""
        return copied_state(self, _UNSAVED)

    def __setstate__(self, state: dict[str, Any]) -> None:
        load_copied_state(self, state, _UNSAVED)

    def _context(self) -> Context:
        """The item's own step; seed and epoch are those of the first stream."""
        assert self._live is not None
        context = self.data_streams[0]._context()
        place = context.place._replace(step=self._live.drawn - 1)
        return context._replace(request=None, place=place)

    def _continue_epoch(self, as_dict: bool = False) -> Iterator[Any]:
        loaded, self._loaded = self._loaded, None
        self.child_epoch_iterators = [stream._continue_epoch() for stream in self.data_streams]
        return self._follow_from(loaded, as_dict)

    def _abandon_epoch(self) -> None:
        self._loaded = None
        for stream in self.data_streams:
            stream._abandon_epoch()

    def _state(self) -> dict[str, Any]:
        if self._loaded is not None:
            return dict(self._loaded)
        live = self._live
        return {
            "version": STATE_VERSION,
            "stream": self.describe(),
            "step": 0 if live is None else live.step,
            "in_epoch": live is not None and not live.finished,
            "own": self.own_state(),
            "children": [stream.state_dict() for stream in self.data_streams],
        }

    def _load_state(self, state: Mapping[str, Any]) -> None:
        check_state(state, self.describe())
        for stream, place in zip(self.data_streams, state["children"], strict=True):
            stream.load_state_dict(place)
        self.load_own_state(state["own"])
        self.child_epoch_iterators = None
        self._loaded = dict(state)


_UNSAVED = ("child_epoch_iterators", "_live", "_peeked", "_loaded")
