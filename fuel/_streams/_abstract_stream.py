"""What every stream offers."""

from collections.abc import Iterator, Mapping
from typing import Any

from fuel._shard import Shard
from fuel._streams._context import Context
from fuel._streams._copy import copied_state, load_copied_state
from fuel._streams._measuring import profile
from fuel._streams._pending import Deferring
from fuel._streams._placed import Placed
from fuel._streams._profile import Profile, QueueState
from fuel._streams._stream_state import STATE_VERSION, check_shard, check_state, shard_entry
from fuel.iterator import DataIterator
from fuel.schemes import IterationScheme

__all__ = ["AbstractDataStream", "AxisLabels"]

AxisLabels = Mapping[str, tuple[str, ...] | None]
"""For each source the names of its axes, or None if they are unknown."""


class AbstractDataStream(Placed):
    """A source of examples or batches that comes in epochs.

    A stream of your own defines `get_epoch_iterator` and `sources`; to be resumable also
    `state_dict` and `load_state_dict`.

    Args:
        iteration_scheme: what to request, if the stream takes requests.
        axis_labels: for each source the names of its axes.

    Raises:
        TypeError: if `iteration_scheme` is not one.
    """

    _produces_examples: bool | None = None

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

    def shard(self, index: int, count: int, *, even: bool = False) -> "AbstractDataStream":
        """One host's part of every epoch: the items `index`, `index` + `count`, and so on.

        All hosts make the same stream, and each takes its own shard of it. Together the shards have
        every item of the stream once, the same items in the same order whatever their number is:
        random transformers draw by an item's place in the whole. (With `count` shards of batches, a
        step of all hosts has `count` batches.) Take shards of the outermost stream, and use the
        shard and no longer the stream.

        A stream whose items can be made each by itself makes those of the shard only, in workers
        too. One that keeps something from item to item makes all, and passes its part on.

        A place is that of the whole stream. Between epochs a state of any shard fits any shard of
        any number; inside an epoch only the shard that it was taken from.

        Args:
            index: which shard, 0 to `count` - 1.
            count: how many shards there are.
            even: leave out the items of a last round that has not one for each shard, so that all
                shards have equally many. Programs whose hosts step together need that.

        Raises:
            TypeError: if a number is not an integer.
            ValueError: if there is no such shard.
            StateMismatchError: if this stream is inside an epoch.

        >>> from fuel.datasets import IndexableDataset
        >>> from fuel.schemes import SequentialScheme
        >>> from fuel.streams import DataStream
        >>> letters = IndexableDataset(["a", "b", "c", "d", "e", "f", "g"])
        >>> [batch for (batch,) in DataStream(letters, SequentialScheme(7, 2)).shard(1, 2)]
        [['c', 'd'], ['g']]
        """
        shard = Shard(index, count, even)
        if self._live is not None:
            self._check_between_epochs(shard)
        return self._part(shard)

    def _queue_state(self) -> QueueState | None:
        """How full the queue of this stream's workers is, if it has any."""
        return None

    def _settle(self) -> str | None:
        """Let who makes this stream's items not change any more; why it is who it is, if chosen."""
        return None

    def _context(self) -> Context:
        """Request and place of the item that was fetched last."""
        raise NotImplementedError(
            f"{type(self).__name__} does not know an item's place, which a transformer asks for"
        )

    def _check_between_epochs(self, shard: Shard) -> None:
        """Refuse to begin a shard inside an epoch of the whole stream."""
        try:
            place = self.state_dict()
        except NotImplementedError:  # a stream of the user's that does not count
            return
        check_shard(place, shard)

    @property
    def _makes_each_alone(self) -> bool:
        """Whether each item is made by itself, from a request, so that others may be left out."""
        return False

    def _gives_pending(self, sources: frozenset[str]) -> frozenset[str]:
        """Of which of `sources` the data may be pending, if a transformer takes that.

        Returns:
            Their names, as `_get_into` will ask `allocate` for them.
        """
        return frozenset()

    def _get_into(self, request: Any, allocate: Deferring) -> Any:
        """As `get_data`, but some of it may be pending; asked of a stream that gives such."""
        raise NotImplementedError(f"{type(self).__name__} gives nothing pending")

    @property
    def _is_intercepted(self) -> bool:
        """Whether `get_data` was replaced on this very stream, and `_get_into` was not, too."""
        return "get_data" in vars(self) and "_get_into" not in vars(self)

    def _part(self, shard: Shard) -> "AbstractDataStream":
        """The stream of a shard's items."""
        return PartOfStream(self, shard)


class PartOfStream(AbstractDataStream):
    """A shard of a stream that must make all its items: it passes on those of the shard.

    Args:
        stream: makes the items.
        shard: which ones.
    """

    def __init__(self, stream: AbstractDataStream, shard: Shard) -> None:
        super().__init__(axis_labels=stream.axis_labels)
        if stream.iteration_scheme is not None or stream._produces_examples is not None:
            self.produces_examples = stream.produces_examples
        self.data_stream = stream
        self._shard = shard
        self._items: Iterator[Any] | None = None
        self._taken = 0
        self._counted = 0
        self._item_context: Context | None = None
        self._loaded: Mapping[str, Any] | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the elements of an item; setting them renames."""
        return self.data_stream.sources

    @sources.setter
    def sources(self, value: tuple[str, ...]) -> None:
        self.data_stream.sources = value

    def get_data(self, request: Any = None) -> Any:
        """The shard's next item.

        Raises:
            ValueError: if there is a request.
            StopIteration: at the end of the epoch.
        """
        if request is not None:
            raise ValueError(f"a shard gives its items in turn and takes no request {request!r}")
        while self._taken % self._shard.count != self._shard.index:
            self._take()
        item = self._take()
        self._item_context = self._context_if_known()
        while self._shard.even and self._taken % self._shard.count:
            self._take()
        return item

    def get_epoch_iterator(self, as_dict: bool = False) -> Iterator[Any]:
        """Begin the next epoch; or go on with the one that `load_state_dict` put us in."""
        if (peeked := self._take_peeked(as_dict)) is not None:
            return peeked
        if self._loaded is not None and self._loaded["in_epoch"]:
            return self._continue_epoch(as_dict)
        if self._items is None and self._loaded is None:
            self.data_stream._check_between_epochs(self._shard)
        self._loaded = None
        self._items = self.data_stream.get_epoch_iterator()
        self._taken = self._counted = 0
        return self._follow(DataIterator(self, None, as_dict))

    def reset(self) -> None:
        """Make the next epoch a first one."""
        self._undo_peek()
        self._supersede()
        self._abandon_epoch()
        self.data_stream.reset()

    def next_epoch(self) -> None:
        """Bring the stream to its next epoch."""
        self._undo_peek()
        self._abandon_epoch()
        self.data_stream.next_epoch()

    def close(self) -> None:
        """Close the stream."""
        self.data_stream.close()

    def __getstate__(self) -> dict[str, Any]:
        """Everything but live iterators; the place instead of them."""
        return copied_state(self, _UNSAVED)

    def __setstate__(self, state: dict[str, Any]) -> None:
        load_copied_state(self, state, _UNSAVED)

    def _take(self) -> Any:
        """The next item of the whole stream."""
        assert self._items is not None
        self._taken += 1  # one that cannot be made counts too, once there is a later one
        try:
            item = next(self._items)
        except StopIteration:
            self._taken -= 1
            raise
        self._counted = self._taken
        return item

    def _context(self) -> Context:
        return super()._context() if self._item_context is None else self._item_context

    def _context_if_known(self) -> Context | None:
        try:
            return self.data_stream._context()
        except NotImplementedError:  # asked for only by transformers that use an item's place
            return None

    def _continue_epoch(self, as_dict: bool = False) -> Iterator[Any]:
        loaded, self._loaded = self._loaded, None
        self._items = self.data_stream._continue_epoch()
        self._taken = self._counted = 0 if loaded is None else loaded["taken"]
        return self._follow_from(loaded, as_dict)

    def _abandon_epoch(self) -> None:
        self._loaded = None
        self.data_stream._abandon_epoch()

    def _state(self) -> dict[str, Any]:
        """The place of the whole stream; inside an epoch with what was taken of it."""
        child, live = self.data_stream.state_dict(), self._live
        if self._loaded is not None:
            step, taken = self._loaded["step"], self._loaded["taken"]
        elif live is None or live.finished:
            step = taken = 0
        else:
            step, taken = live.step, self._counted
        if not taken:
            return child
        return {
            "version": STATE_VERSION,
            "stream": type(self).__name__,
            "step": step,
            "in_epoch": True,
            "taken": taken,
            "child": child,
            **shard_entry(self._shard),
        }

    def _load_state(self, state: Mapping[str, Any]) -> None:
        check_shard(state, self._shard)
        if state.get("stream") == type(self).__name__:
            check_state(state, type(self).__name__)
            self.data_stream.load_state_dict(state["child"])
            self._loaded = state
        else:
            self.data_stream.load_state_dict(state)
            self._loaded = {"in_epoch": state.get("in_epoch", False), "step": 0, "taken": 0}


_UNSAVED = ("_items", "_item_context", "_live", "_peeked", "_loaded")
