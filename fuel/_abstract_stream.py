"""What every stream offers, and how it keeps its place while it is peeked into."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from fuel._context import Context
from fuel._profile import Profile, QueueState, profile
from fuel._stream_state import Peeked
from fuel.iterator import DataIterator, as_mapping
from fuel.schemes import IterationScheme

__all__ = ["AbstractDataStream", "AxisLabels"]

AxisLabels = Mapping[str, tuple[str, ...] | None]


class AbstractDataStream(ABC):
    """A source of examples or batches that comes in epochs.

    A stream of your own defines `get_epoch_iterator` and `sources`; to be resumable also
    `state_dict` and `load_state_dict`.

    Args:
        iteration_scheme: what to request, if the stream takes requests.
        axis_labels: for each source the names of its axes.

    Raises:
        TypeError: if `iteration_scheme` is not one.
    """

    sources: tuple[str, ...]
    _produces_examples: bool | None = None
    _live: DataIterator | None = None
    _peeked: Peeked | None = None

    def __init__(
        self,
        iteration_scheme: IterationScheme | None = None,
        axis_labels: AxisLabels | None = None,
    ) -> None:
        if iteration_scheme is not None and not isinstance(iteration_scheme, IterationScheme):
            raise TypeError(
                f"iteration_scheme={iteration_scheme!r} is no scheme; make one, for instance "
                "SequentialScheme(examples, batch_size)"
            )
        self.iteration_scheme = iteration_scheme
        self.axis_labels = axis_labels

    @property
    def produces_examples(self) -> bool:
        """Whether an item is one example rather than a batch; the scheme decides if there is one.

        Raises:
            ValueError: if neither a scheme nor the constructor says; or on setting it against a
            scheme.
        """
        if self.iteration_scheme is not None:
            return self.iteration_scheme.requests_examples
        if self._produces_examples is None:
            raise ValueError(
                f"it is unknown whether this {type(self).__name__} produces examples or batches; "
                "pass produces_examples= to its constructor"
            )
        return self._produces_examples

    @produces_examples.setter
    def produces_examples(self, value: bool) -> None:
        if self.iteration_scheme is not None:
            raise ValueError(
                f"the scheme {type(self.iteration_scheme).__name__} decides whether examples or "
                f"batches are produced; produces_examples cannot be set to {value}"
            )
        self._produces_examples = value

    @property
    def epoch_iterator(self) -> DataIterator | None:
        """The iterator of the running epoch, whose count is this stream's place, if there is one.

        Who has the items of a stream computed elsewhere takes requests from it, and tells it what
        was delivered.
        """
        return self._live

    def get_data(self, request: Any = None) -> Any:
        """The data of a request, one element for each source, as a tuple."""
        raise NotImplementedError(f"{type(self).__name__} gives data by epoch iterators only")

    def reset(self) -> None:
        """Make the next epoch a first one."""
        raise NotImplementedError(f"{type(self).__name__} cannot be reset")

    def close(self) -> None:
        """Release what the stream holds: files, processes, connections."""
        raise NotImplementedError(f"{type(self).__name__} cannot be closed")

    def next_epoch(self) -> None:
        """Get ready for another epoch; `get_epoch_iterator` does it by itself."""
        raise NotImplementedError(f"{type(self).__name__} has no next epoch")

    @abstractmethod
    def get_epoch_iterator(self, as_dict: bool = False) -> Iterator[Any]:
        """Begin the next epoch; or go on with the one that `load_state_dict` put us in.

        Args:
            as_dict: yield dictionaries from source name to data instead of tuples.
        """

    def iterate_epochs(self, as_dict: bool = False) -> Iterator[Iterator[Any]]:
        """Yield epoch iterators for ever."""
        while True:
            yield self.get_epoch_iterator(as_dict=as_dict)

    def __iter__(self) -> Iterator[Any]:
        """Begin the next epoch, as `get_epoch_iterator` does."""
        return self.get_epoch_iterator()

    def profile(self, items: int = 100, *, step_seconds: float = 0.0) -> Profile:
        """Measure where the time goes, stage by stage, on a copy: this stream stays where it is.

        Print what it returns. Workers of the copy are started and ended; the stages inside them
        are measured in this process, after.

        Args:
            items: how many to take, from this place on.
            step_seconds: what your program needs for an item, to see who waits for whom.

        Raises:
            ValueError: if `items` is not positive, or the stream has none.
        """
        if items < 1 or step_seconds < 0:
            raise ValueError(
                f"items={items} must be 1 or more, and step_seconds={step_seconds} 0 or more"
            )
        return profile(self, items, step_seconds)

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

    def _queue_state(self) -> QueueState | None:
        """How full the queue of this stream's workers is, if it has any."""
        return None

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

    def _context(self) -> Context:
        """Request and place of the item that was fetched last."""
        raise NotImplementedError(
            f"{type(self).__name__} does not know an item's place, which a transformer asks for"
        )

    def _follow(self, iterator: DataIterator) -> DataIterator:
        """Make `iterator` the one whose count is this stream's place."""
        self._supersede()
        self._live = iterator
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
