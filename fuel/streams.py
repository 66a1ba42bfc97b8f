"""Data streams: a data set iterated over in epochs, by a scheme, resumable anywhere.

A stream's `state_dict` is its place: a few integers, and what the scheme needs to make the running
epoch again. It is counted where items are delivered. `load_state_dict` puts an equal stream there;
its next epoch iterator goes on with what was left of the epoch.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fuel._context import Context, Place, new_array
from fuel._requests import next_request, skip_requests
from fuel._stream_state import STATE_VERSION, Peeked, check_state
from fuel.config_parser import config
from fuel.iterator import DataIterator, as_mapping
from fuel.schemes import IterationScheme

if TYPE_CHECKING:
    from fuel.datasets.base import Dataset

__all__ = ["AbstractDataStream", "DataStream"]

AxisLabels = Mapping[str, tuple[str, ...] | None]


class AbstractDataStream(ABC):
    """A source of examples or batches that comes in epochs.

    A stream of your own defines `get_epoch_iterator` and `sources`; to be resumable also
    `state_dict` and `load_state_dict`.

    Args:
        iteration_scheme: what to request, if the stream takes requests.
        axis_labels: for each source the names of its axes.
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
        live, place = self._live, self.state_dict()
        if live is not None and not live.finished and not live.superseded:
            try:
                item = live.hold()
            except StopIteration:
                pass
            else:
                if self._peeked is None or not self._peeked.holds():
                    self._peeked = Peeked(live, place, place, None)
                return dict(as_mapping(self.sources, item))
        if self._peeked is not None and self._peeked.holds():
            return dict(as_mapping(self.sources, self._peeked.iterator.hold()))
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
        self._peeked = Peeked(iterator, place, after, live, handed_out=False)
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
        peeked, self._peeked = self._peeked, None
        if peeked is None or not peeked.holds():
            return None
        if not peeked.handed_out:
            peeked.iterator.as_dict = as_dict
            self._peeked = peeked
            peeked.handed_out = True
            return peeked.iterator
        self.load_state_dict(peeked.state())
        self._abandon_epoch()
        return None

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


class DataStream(AbstractDataStream):
    """Examples or batches of a data set, in the order of a scheme.

    Args:
        dataset: where the data is; it is opened now.
        iteration_scheme: what to request; without one the data set gives one example after another.
        axis_labels: names of the axes of each source; default those of the data set (without the
            batch axis if single examples are produced).
    """

    def __init__(
        self,
        dataset: "Dataset",
        iteration_scheme: IterationScheme | None = None,
        axis_labels: AxisLabels | None = None,
    ) -> None:
        super().__init__(iteration_scheme, axis_labels)
        if iteration_scheme is None:
            self.produces_examples = True
        if axis_labels is None and dataset.axis_labels is not None:
            self.axis_labels = dict(dataset.axis_labels)
            if self.produces_examples:
                self.axis_labels = {
                    source: labels and tuple(label for label in labels if label != "batch")
                    for source, labels in self.axis_labels.items()
                }
        self.dataset = dataset
        self.data_state = dataset.open()
        self.epoch = 0
        self._sources: tuple[str, ...] | None = None
        self._dataset_epochs = 0
        self._fresh_state = True
        self._epoch_start: dict[str, Any] | None = None
        self._loaded: Mapping[str, Any] | None = None
        self._fingerprint: str | None = None

    @classmethod
    def default_stream(cls, dataset: "Dataset", **kwargs: Any) -> AbstractDataStream:
        """A stream with the transformers that the data set calls its defaults.

        Args:
            dataset: where the data is.
            **kwargs: further arguments of the constructor.
        """
        return dataset.apply_default_transformers(cls(dataset, **kwargs))

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the elements of an item; setting them renames."""
        return self.dataset.sources if self._sources is None else self._sources

    @sources.setter
    def sources(self, value: tuple[str, ...]) -> None:
        self._sources = tuple(value)

    @property
    def seed(self) -> int:
        """The scheme's seed, else the configured default: what random transformers start from."""
        seed = None if self.iteration_scheme is None else self.iteration_scheme.seed
        return config.default_seed if seed is None else seed

    def get_data(self, request: Any = None) -> Any:
        """The data of a request, as a tuple in the order of `sources`."""
        return self.dataset.get_data(self.data_state, request)

    def reset(self) -> None:
        """Let the data set start anew; the next epoch is a first one for it."""
        self._supersede()
        self._abandon_epoch()
        self.data_state = self.dataset.reset(self.data_state)
        self._fresh_state = True
        self._dataset_epochs = 0

    def close(self) -> None:
        """Release the data set's files; iterating again opens them again."""
        self.dataset.close(self.data_state)

    def next_epoch(self) -> None:
        """Bring the data set to its next epoch."""
        self._abandon_epoch()
        self.data_state = self.dataset.next_epoch(self.data_state)
        self._dataset_epochs += 1

    def get_epoch_iterator(self, as_dict: bool = False) -> DataIterator:
        """Begin the next epoch; or go on with the one that `load_state_dict` put us in."""
        if (peeked := self._take_peeked(as_dict)) is not None:
            return peeked
        if self._loaded is not None and self._loaded["in_epoch"]:
            return self._continue_epoch(as_dict)
        self._loaded = None
        if self._fresh_state:
            self._fresh_state = False
        else:
            self.next_epoch()
        self.epoch += 1
        return self._begin(as_dict, 0)

    def __getstate__(self) -> dict[str, Any]:
        """Everything but open files and live iterators; the place instead of them."""
        state = {name: value for name, value in vars(self).items() if name not in _UNSAVED}
        return {**state, "_place": self.state_dict()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        place = state.pop("_place")
        vars(self).update(state)
        self.data_state = self.dataset.open()
        self._fingerprint = self._loaded = None
        self.load_state_dict(place)

    def _begin(self, as_dict: bool, step: int) -> DataIterator:
        """Iterate over the epoch that the scheme makes next, from `step` on."""
        requests = None
        draw: Callable[[Iterator[Any]], Any] = next
        if self.iteration_scheme is not None:
            self._epoch_start = self.iteration_scheme.state_dict()
            requests = self.iteration_scheme.get_request_iterator()
            skip_requests(requests, step)
            if type(self).get_data is DataStream.get_data and self.dataset.accepts_arrays:
                draw = next_request
        return self._follow(DataIterator(self, requests, as_dict, draw=draw, step=step))

    def _context(self) -> Context:
        assert self._live is not None
        return Context(
            self._live.request, Place(self.seed, self.epoch - 1, self._live.drawn - 1), new_array
        )

    def _continue_epoch(self, as_dict: bool = False) -> DataIterator:
        assert self._loaded is not None
        loaded, self._loaded = self._loaded, None
        if not loaded["in_epoch"]:
            iterator = self._follow(DataIterator(self, None, as_dict, step=loaded["step"]))
            iterator.finished = True
            return iterator
        if (position := loaded.get("dataset")) is not None:
            self.dataset.load_position(self.data_state, position)
        elif self.iteration_scheme is None:
            self.data_state = self.dataset.skip(self.data_state, loaded["step"])
        return self._begin(as_dict, loaded["step"])

    def _abandon_epoch(self) -> None:
        if (
            self._loaded is not None
            and self._loaded["in_epoch"]
            and self.iteration_scheme is not None
        ):
            self.iteration_scheme.get_request_iterator()  # the scheme moves past the epoch
        self._loaded = None

    def _state(self) -> dict[str, Any]:
        if self._loaded is not None:
            return dict(self._loaded)
        live, scheme = self._live, self.iteration_scheme
        in_epoch = live is not None and not live.finished
        state: dict[str, Any] = {
            "version": STATE_VERSION,
            "stream": self._describe(),
            "epoch": self.epoch,
            "step": 0 if live is None else live.step,
            "in_epoch": in_epoch,
            "dataset_epochs": self._dataset_epochs,
            "fresh": self._fresh_state,
        }
        if scheme is not None:
            state["scheme"] = self._epoch_start if in_epoch else scheme.state_dict()
        if in_epoch and (position := self.dataset.position(self.data_state)) is not None:
            state["dataset"] = position
        return state

    def _load_state(self, state: Mapping[str, Any]) -> None:
        check_state(state, self._describe())
        self.data_state = self.dataset.reset(self.data_state)
        if self.dataset.has_own_epochs:
            for _ in range(state["dataset_epochs"]):
                self.data_state = self.dataset.next_epoch(self.data_state)
        if self.iteration_scheme is not None:
            self.iteration_scheme.load_state_dict(state["scheme"])
        self.epoch = state["epoch"]
        self._dataset_epochs = state["dataset_epochs"]
        self._fresh_state = state["fresh"]
        self._loaded = dict(state)

    def _describe(self) -> str:
        if self._fingerprint is None:
            scheme = self.iteration_scheme
            requests = "examples in turn" if scheme is None else scheme.fingerprint()
            self._fingerprint = f"{requests} of {self.dataset.fingerprint()}"
        return self._fingerprint


_UNSAVED = ("data_state", "_live", "_peeked", "_loaded", "_epoch_start")
