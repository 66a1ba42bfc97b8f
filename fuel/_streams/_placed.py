"""How a stream keeps its place, also while it is peeked into."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from fuel._streams._peeked import Peeked
from fuel.iterator import DataIterator, as_mapping

__all__ = ["Placed"]


class Placed(ABC):
    """A stream's place: told, gone to, and looked at.

    A subclass defines `_state` and `_load_state`, and follows the iterators that it gives out.
    """

    sources: tuple[str, ...]
    _live: DataIterator | None = None
    _peeked: Peeked | None = None

    @abstractmethod
    def get_epoch_iterator(self, as_dict: bool = False) -> Iterator[Any]:
        """Begin the next epoch; or go on with the one that `load_state_dict` put us in.

        Args:
            as_dict: yield dictionaries from source name to data instead of tuples.
        """

    def state_dict(self) -> dict[str, Any]:
        """The place of the next item, as JSON values and small arrays; to be taken at any moment.

        Raises:
            NotImplementedError: if the stream does not know its place.
        """
        if self._peeked is not None and self._peeked.holds():
            return self._peeked.state()
        return self._state()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go to a place; what comes next is what came next there.

        If the place is inside an epoch, the next call of `get_epoch_iterator` yields the rest of
        it.

        Args:
            state: the `state_dict` of a stream like this one.

        Raises:
            StateMismatchError: if it is of another version, or of a stream that differs in scheme,
                number of examples or kind, so that the place would mean something else here.
        """
        self._supersede()
        self._load_state(state)

    def peek(self) -> dict[str, Any]:
        """The item that would come next, as a dictionary, without moving.

        At the end of an epoch, the first of the next epoch.

        Raises:
            ValueError: if the next epoch is empty.
        """
        if self._peeked is not None and self._peeked.holds():
            return dict(as_mapping(self.sources, self._peeked.iterator.hold()))
        live, place = self._live, self.state_dict()
        if live is not None and not live.finished:
            try:
                item = live.hold()
            except StopIteration:
                return self._peek_next_epoch(live, place)
            self._peeked = Peeked(live, place, place, None, handed_out=True)
            return dict(as_mapping(self.sources, item))
        return self._peek_next_epoch(live, place)

    def _peek_next_epoch(self, live: DataIterator | None, place: dict[str, Any]) -> dict[str, Any]:
        after = self.state_dict()
        iterator = self.get_epoch_iterator()
        if not isinstance(iterator, DataIterator):
            raise NotImplementedError(f"{type(self).__name__} makes iterators that cannot peek")
        try:
            item = iterator.hold()
        except StopIteration:
            return self._peek_beyond_end(after)
        self._peeked = Peeked(iterator, place, after, live, began_epoch=True)
        return dict(as_mapping(self.sources, item))

    def _peek_beyond_end(self, place: dict[str, Any]) -> dict[str, Any]:
        """Peek where `place` was loaded and nothing was left of its epoch; then go back there."""
        item = next(self.get_epoch_iterator(), None)
        self.load_state_dict(place)
        if item is None:
            raise ValueError("the next epoch is empty, there is nothing to peek at")
        return dict(as_mapping(self.sources, item))

    def _state(self) -> dict[str, Any]:
        raise NotImplementedError(
            f"{type(self).__name__} does not know its place; define state_dict and load_state_dict"
        )

    def _load_state(self, state: Mapping[str, Any]) -> None:
        raise NotImplementedError(
            f"{type(self).__name__} cannot go to a place; define state_dict and load_state_dict"
        )

    def _take_peeked(self, as_dict: bool) -> DataIterator | None:
        """The iterator that `peek` began, if this is the epoch it began; undo any other peek."""
        peeked = self._peeked
        if peeked is None or not peeked.holds() or peeked.handed_out:
            self._undo_peek()
            return None
        peeked.iterator.as_dict = as_dict
        peeked.handed_out = True
        return peeked.iterator

    def _undo_peek(self) -> None:
        """Leave an epoch whose next item was peeked at as if it had not been."""
        peeked, self._peeked = self._peeked, None
        if peeked is None or not peeked.holds():
            return
        self.load_state_dict(peeked.state())
        if peeked.began_epoch and peeked.handed_out:
            self.get_epoch_iterator()
        elif not peeked.began_epoch:
            self._abandon_epoch()

    def _follow(self, iterator: DataIterator) -> DataIterator:
        """Make `iterator` the one whose count is this stream's place."""
        self._supersede()
        self._live = iterator
        return iterator

    def _follow_from(self, loaded: Mapping[str, Any] | None, as_dict: bool) -> DataIterator:
        """Follow an iterator over what is left of a loaded epoch; over a whole one if None was."""
        if loaded is None:
            return self._follow(DataIterator(self, None, as_dict))
        iterator = self._follow(DataIterator(self, None, as_dict, step=loaded["step"]))
        iterator.finished = not loaded["in_epoch"]
        return iterator

    def _supersede(self) -> None:
        if self._live is not None:
            self._live.superseded = True
            self._live.held = None
        self._live = self._peeked = None

    def _continue_epoch(self, as_dict: bool = False) -> Iterator[Any]:
        """What is left of the epoch of the loaded state, even if that is nothing."""
        return self.get_epoch_iterator(as_dict=as_dict)

    def _abandon_epoch(self) -> None:
        """Forget that a loaded state was inside an epoch: let the next epoch be a new one."""
        return None
