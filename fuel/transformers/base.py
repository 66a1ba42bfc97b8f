"""What every transformer offers: a stream made of another stream, item by item."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fuel._random_state import has_random_state, load_random_states, random_states
from fuel._requests import skip_requests
from fuel._shard import Shard
from fuel._streams._context import NO_CONTEXT, Allocate, Context, new_array
from fuel._streams._copy import copied_state, load_copied_state
from fuel._streams._pending import Deferring
from fuel._streams._stream_state import STATE_VERSION, check_state
from fuel.iterator import DataIterator
from fuel.schemes import IterationScheme
from fuel.streams import AbstractDataStream, AxisLabels

__all__ = ["AgnosticTransformer", "Transformer"]


class Transformer(AbstractDataStream):
    """A stream whose items are those of another stream, transformed.

    A transformer of your own defines `transform_example` or `transform_batch`, or both. If it keeps
    nothing from item to item, worker processes may share its work. If it keeps something, say
    `stateless = False` and define `own_state` and `load_own_state`, and `start_epoch` if what it
    keeps belongs to one epoch; random generators that are its attributes are noticed and saved by
    themselves.

    Args:
        data_stream: the stream to transform.
        produces_examples: whether items are single examples; usually what `data_stream` produces.
        iteration_scheme: what to request of this transformer, if it takes requests.
        axis_labels: for each source the names of its axes.
    """

    stateless: bool = True
    """Whether an item depends on the child's item and its place alone."""
    uses_place: bool = False
    """Whether `apply` reads the place and the request in its context."""
    _deferring: tuple[DataIterator, Deferring] | None = None
    """The child's iterator and how it is asked, if some of its data is taken pending."""

    def __init__(
        self,
        data_stream: AbstractDataStream,
        produces_examples: bool | None = None,
        iteration_scheme: IterationScheme | None = None,
        axis_labels: AxisLabels | None = None,
    ) -> None:
        super().__init__(iteration_scheme, axis_labels)
        if produces_examples is not None:
            self.produces_examples = produces_examples
        self.data_stream = data_stream
        self.child_epoch_iterator: Iterator[Any] | None = None
        self._sources: tuple[str, ...] | None = None
        self._epoch_start: dict[str, Any] | None = None
        self._loaded: Mapping[str, Any] | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the elements of an item: the child's, unless set."""
        return self.data_stream.sources if self._sources is None else self._sources

    @sources.setter
    def sources(self, value: Iterable[str]) -> None:
        self._sources = tuple(value)

    def close(self) -> None:
        """Close the child."""
        self.data_stream.close()

    def reset(self) -> None:
        """Reset the child; the next epoch is a first one for it."""
        self._undo_peek()
        self._supersede()
        self._abandon_epoch()
        self.data_stream.reset()
        self.start_epoch()

    def next_epoch(self) -> None:
        """Bring the child to its next epoch."""
        self._undo_peek()
        self._abandon_epoch()
        self.data_stream.next_epoch()
        self.start_epoch()

    def get_epoch_iterator(self, as_dict: bool = False) -> Iterator[Any]:
        """Begin the next epoch, here and in the child; or go on with a loaded one."""
        if (peeked := self._take_peeked(as_dict)) is not None:
            return peeked
        if self._loaded is not None and self._loaded["in_epoch"]:
            return self._continue_epoch(as_dict)
        if self._loaded is not None:
            self._abandon_epoch()
        self._take_from(self.data_stream.get_epoch_iterator())
        self.start_epoch()
        return self._begin(as_dict, 0)

    def get_data(self, request: Any = None) -> Any:
        """The next item.

        Raises:
            ValueError: if there is a request.
            NotImplementedError: if the child produces examples and this batches, or the reverse.
            RuntimeError: if what is done to the item raises StopIteration.
            StopIteration: at the end of the epoch.
        """
        return self._make(request, new_array)

    def _get_into(self, request: Any, allocate: Deferring) -> Any:
        return self._make(request, allocate)

    def _make(self, request: Any, allocate: Allocate) -> Any:
        if request is not None:
            raise ValueError(
                f"{type(self).__name__} takes what its child gives, not the request {request!r}"
            )
        self.check_kind()
        assert self.child_epoch_iterator is not None
        iterator, deferring = self._deferring or (None, None)
        if "apply" in vars(self):  # what was put in its place on the way knows arrays only
            deferring, allocate = None, new_array
        if iterator is self.child_epoch_iterator and deferring is not None:
            data = iterator._next_into(deferring)
        else:
            data = next(self.child_epoch_iterator)
        try:
            context = self._context() if self.uses_place else NO_CONTEXT
            if allocate is not new_array:
                context = context._replace(allocate=allocate)
            return self.apply(data, context)
        except StopIteration as error:  # it must not be taken for the end of the epoch
            self._take_back()
            raise RuntimeError(
                f"{type(self).__name__} raised StopIteration over an item"
            ) from error
        except BaseException:
            self._take_back()
            raise

    def transform_example(self, example: tuple[Any, ...]) -> tuple[Any, ...]:
        """What becomes of one example."""
        raise NotImplementedError(
            f"{type(self).__name__} does not define transform_example, but its stream "
            "produces examples"
        )

    def transform_batch(self, batch: tuple[Any, ...]) -> tuple[Any, ...]:
        """What becomes of a batch."""
        raise NotImplementedError(
            f"{type(self).__name__} does not define transform_batch, but its stream "
            "produces batches"
        )

    def apply(self, data: Any, context: Context) -> Any:
        """What becomes of an item, as a function of the item and its context alone if stateless."""
        return (
            self.transform_example(data) if self.produces_examples else self.transform_batch(data)
        )

    def passes_on(self, source: str) -> str | None:
        """The child's source whose memory `source` shares, if no new array is made for it."""
        return None

    def _takes_pending(self) -> frozenset[str]:
        """Names of the child's sources whose data `apply` takes pending too (see `_pending`).

        Only a class that knows all of what its instances do with it may say so: not for subclasses.
        """
        return frozenset()

    @property
    def is_splittable(self) -> bool:
        """Whether `apply` is all there is to this transformer, so that any process can do it."""
        kind = type(self)
        return (
            self._adds_nothing()
            and kind.get_data is Transformer.get_data
            and kind.get_epoch_iterator is Transformer.get_epoch_iterator
        )

    def check_kind(self) -> None:
        """Refuse a child that produces the other kind of item."""
        if self.produces_examples is not self.data_stream.produces_examples:
            kinds = ("examples", "batches")
            child, own = kinds if self.data_stream.produces_examples else kinds[::-1]
            raise NotImplementedError(
                f"{type(self).__name__} is to produce {own}, but its child "
                f"{type(self.data_stream).__name__} produces {child}; define get_data to convert"
            )

    def start_epoch(self) -> None:
        """Forget what was kept of the epoch before, which may have been left early."""
        return None

    def own_state(self) -> dict[str, Any]:
        """What this transformer keeps from item to item, as JSON values and small arrays."""
        return {"random": states} if (states := random_states(self)) else {}

    def load_own_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `own_state` gave."""
        load_random_states(self, state.get("random", {}))

    def __getstate__(self) -> dict[str, Any]:
        """Everything but live iterators; the place instead of them."""
        return copied_state(self, _UNSAVED)

    def __setstate__(self, state: dict[str, Any]) -> None:
        load_copied_state(self, state, _UNSAVED)

    def _take_back(self) -> None:
        """Let the place be that of the item that failed here, so that it is not passed over."""
        if not self._makes_each_alone:
            return
        stream: AbstractDataStream = self.data_stream
        while isinstance(stream, Transformer):
            stream = stream.data_stream
        if isinstance(stream.epoch_iterator, DataIterator):
            stream.epoch_iterator.take_back()

    def _take_from(self, iterator: Iterator[Any]) -> None:
        """Take the child's items from `iterator`, pending where that is wanted and possible."""
        self.child_epoch_iterator, self._deferring = iterator, None
        if type(iterator) is not DataIterator or iterator.data_stream is not self.data_stream:
            return  # it is of a stream's own making, and does more than to ask for data
        if sources := self._sources_pending():
            self._deferring = iterator, Deferring(sources)

    def _sources_pending(self) -> frozenset[str]:
        """Names of the sources whose data comes pending, as whoever makes it calls them."""
        wanted = self._takes_pending()
        return self.data_stream._gives_pending(wanted) if wanted else wanted

    def _context(self) -> Context:
        """The context of the item that the data set gave last."""
        return self.data_stream._context()

    def _begin(self, as_dict: bool, step: int) -> DataIterator:
        scheme = self.iteration_scheme
        if scheme is None:
            return self._follow(DataIterator(self, None, as_dict, step=step))
        self._epoch_start = scheme.state_dict()
        requests = scheme.get_request_iterator()
        skip_requests(requests, step)
        return self._follow(DataIterator(self, requests, as_dict, step=step))

    def _continue_epoch(self, as_dict: bool = False) -> Iterator[Any]:
        loaded, self._loaded = self._loaded, None
        self._take_from(self.data_stream._continue_epoch())
        if loaded is None:
            return self._begin(as_dict, 0)
        self.load_own_state(loaded["own"])
        if loaded["in_epoch"]:
            return self._begin(as_dict, loaded["step"])
        iterator = self._follow(DataIterator(self))
        iterator.finished = True
        return iterator

    def _abandon_epoch(self) -> None:
        if (
            self._loaded is not None
            and self._loaded["in_epoch"]
            and self.iteration_scheme is not None
        ):
            self.iteration_scheme.get_request_iterator()  # the scheme moves past the epoch
        self._loaded = None
        self.data_stream._abandon_epoch()

    def _state(self) -> dict[str, Any]:
        """The child's place; with what this transformer adds, if it adds anything."""
        if self._loaded is not None:
            return dict(self._loaded)
        if self._adds_nothing():
            return self.data_stream.state_dict()
        live, scheme = self._live, self.iteration_scheme
        in_epoch = live is not None and not live.finished
        state: dict[str, Any] = {
            "version": STATE_VERSION,
            "stream": self._describe(),
            "step": 0 if live is None else live.step,
            "in_epoch": in_epoch,
            "own": self.own_state(),
            "child": self._child_state(),
        }
        if scheme is not None:
            state["scheme"] = self._epoch_start if in_epoch else scheme.state_dict()
        return state

    def _load_state(self, state: Mapping[str, Any]) -> None:
        if self._adds_nothing():
            self._loaded = None
            self.data_stream.load_state_dict(state)
            return
        check_state(state, self._describe())
        self.data_stream.load_state_dict(state["child"])
        if self.iteration_scheme is not None:
            self.iteration_scheme.load_state_dict(state["scheme"])
        self.load_own_state(state["own"])
        self._loaded = dict(state)

    def _child_state(self) -> dict[str, Any]:
        """The place from which the child goes on, for the state."""
        return self.data_stream.state_dict()

    @property
    def _makes_each_alone(self) -> bool:
        return self.is_splittable and self.data_stream._makes_each_alone

    def _part(self, shard: Shard) -> AbstractDataStream:
        if not self._makes_each_alone:
            return super()._part(shard)
        return self._over(self.data_stream._part(shard))

    def _over(self, data_stream: AbstractDataStream) -> "Transformer":
        """A transformer like this one, which keeps nothing, of another stream."""
        made = object.__new__(type(self))
        made.__setstate__({**self.__getstate__(), "data_stream": data_stream, "_place": None})
        return made

    def _adds_nothing(self) -> bool:
        """Whether the child's place is this transformer's place."""
        return (
            self.stateless
            and self.iteration_scheme is None
            and type(self).own_state is Transformer.own_state
            and not has_random_state(self)
        )

    def _describe(self) -> str:
        scheme = self.iteration_scheme
        return (
            type(self).__name__
            if scheme is None
            else f"{type(self).__name__} by {scheme.fingerprint()}"
        )


class AgnosticTransformer(Transformer):
    """A transformer that does the same to examples and batches: define `transform_any`."""

    @abstractmethod
    def transform_any(self, data: tuple[Any, ...]) -> tuple[Any, ...]:
        """What becomes of an example or of a batch."""

    def transform_example(self, example: tuple[Any, ...]) -> tuple[Any, ...]:
        """What becomes of one example."""
        return self.transform_any(example)

    def transform_batch(self, batch: tuple[Any, ...]) -> tuple[Any, ...]:
        """What becomes of a batch."""
        return self.transform_any(batch)


_UNSAVED = ("child_epoch_iterator", "_deferring", "_live", "_peeked", "_loaded", "_epoch_start")
