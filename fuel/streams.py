"""Data streams: a data set iterated over in epochs, by a scheme, resumable anywhere.

A stream's `state_dict` is its place: a few integers, and what the scheme needs to make the running
epoch again. It is counted where items are delivered. `load_state_dict` puts an equal stream there;
its next epoch iterator goes on with what was left of the epoch.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from fuel._indices import positive
from fuel._requests import next_request, skip_requests
from fuel._serving._stream import ServerDataStream
from fuel._shard import WHOLE, Shard
from fuel._streams._abstract_stream import AbstractDataStream, AxisLabels
from fuel._streams._context import Context, Place, new_array
from fuel._streams._pending import CanDefer, Deferring
from fuel._streams._readable import HasData, Readable
from fuel._streams._stream_state import STATE_VERSION, check_shard, check_state, shard_entry
from fuel.config_parser import config
from fuel.iterator import DataIterator
from fuel.schemes import IterationScheme, ShardedScheme

__all__ = ["AbstractDataStream", "AxisLabels", "DataStream", "ServerDataStream"]


class DataStream(AbstractDataStream):
    """Examples or batches of a data set, in the order of a scheme.

    Args:
        dataset: where the data is; it is opened now.
        iteration_scheme: what to request; without one the data set gives one example after another.
        axis_labels: names of the axes of each source; default those of the data set. If single
            examples are produced, an axis "batch" is left out.
        examples_per_epoch: without a scheme: end an epoch after so many examples. The next epoch
            goes on there, and when the data set has no more, with its beginning; a data set that
            never ends gets epochs this way.

    Raises:
        TypeError: if `dataset` is data rather than a data set.
        ValueError: if `examples_per_epoch` is not positive, or comes with a scheme.
    """

    def __init__(
        self,
        dataset: Readable,
        iteration_scheme: IterationScheme | None = None,
        axis_labels: AxisLabels | None = None,
        *,
        examples_per_epoch: int | None = None,
    ) -> None:
        super().__init__(iteration_scheme, axis_labels)
        if not isinstance(dataset, HasData):
            raise TypeError(
                f"dataset is a {type(dataset).__name__}, which is no data set; for arrays, lists "
                'and whatever has a length and examples by index, give IndexableDataset({"x": it})'
            )
        if examples_per_epoch is not None:
            positive("examples_per_epoch", examples_per_epoch)
            if iteration_scheme is not None:
                raise ValueError(
                    f"examples_per_epoch={examples_per_epoch} is for streams without a scheme, but "
                    f"there is {type(iteration_scheme).__name__}; give it to the scheme"
                )
        self.examples_per_epoch = examples_per_epoch
        if iteration_scheme is None:
            self.produces_examples = True
        labels = dataset.axis_labels if axis_labels is None else axis_labels
        if labels is not None and self.produces_examples:
            labels = {source: _of_an_example(names) for source, names in labels.items()}
        self.axis_labels = None if labels is None else dict(labels)
        self.dataset = dataset
        self.data_state = dataset.open()
        self._default_seed: int = config.default_seed
        self.epoch = 0
        self._sources: tuple[str, ...] | None = None
        self._dataset_epochs = 0
        self._read = 0
        self._sought: Mapping[str, Any] | None = None
        self._fresh_state = True
        self._epoch_start: dict[str, Any] | None = None
        self._loaded: Mapping[str, Any] | None = None
        self._fingerprint: str | None = None

    @classmethod
    def default_stream(cls, dataset: Readable, **kwargs: Any) -> AbstractDataStream:
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
        """What random transformers start from: the scheme's seed, else the configured default.

        The default is that of when the stream was made.
        """
        seed = None if self.iteration_scheme is None else self.iteration_scheme.seed
        return self._default_seed if seed is None else seed

    def get_data(self, request: Any = None) -> Any:
        """The data of a request, as a tuple in the order of `sources`."""
        if self.examples_per_epoch is None:
            return self.dataset.get_data(self.data_state, request)
        return self._read_on(self.examples_per_epoch)

    def reset(self) -> None:
        """Let the data set start anew; the next epoch is a first one for it."""
        self._undo_peek()
        self._supersede()
        self._abandon_epoch()
        self.data_state = self.dataset.reset(self.data_state)
        self._fresh_state = True
        self._dataset_epochs = self._read = 0
        self._sought = None

    def close(self) -> None:
        """Release the data set's files; iterating again opens them again."""
        self.dataset.close(self.data_state)

    def next_epoch(self) -> None:
        """Bring the data set to its next epoch."""
        self._undo_peek()
        self._abandon_epoch()
        self._begin_pass()

    def get_epoch_iterator(self, as_dict: bool = False) -> DataIterator:
        """Begin the next epoch; or go on with the one that `load_state_dict` put us in."""
        if (peeked := self._take_peeked(as_dict)) is not None:
            return peeked
        if self._loaded is not None and self._loaded["in_epoch"]:
            return self._continue_epoch(as_dict)
        self._loaded = None
        if self._fresh_state:
            self._fresh_state = False
        elif self.examples_per_epoch is None:
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
        self._fingerprint, self._loaded = place["stream"], None  # the data is read when asked for
        self.load_state_dict(place)

    def _begin(self, as_dict: bool, step: int) -> DataIterator:
        """Iterate over the epoch that the scheme makes next, from `step` on."""
        requests = None
        draw: Callable[[Iterator[Any]], Any] = next
        if self.iteration_scheme is not None:
            self._epoch_start = self.iteration_scheme.state_dict()
            requests = self.iteration_scheme.get_request_iterator()
            if step and self._must_read_again():
                for request in islice(requests, step):
                    self.dataset.get_data(self.data_state, request)
            else:
                skip_requests(requests, step)
            if type(self).get_data is DataStream.get_data and self.dataset.accepts_arrays:
                draw = next_request
        return self._follow(DataIterator(self, requests, as_dict, draw=draw, step=step))

    def _context(self) -> Context:
        assert self._live is not None
        step = self._whole_step(self._live.drawn - 1)
        return Context(self._live.request, Place(self.seed, self.epoch - 1, step), new_array)

    def _whole_step(self, step: int) -> int:
        """The place in the whole epoch of item number `step`: what randomness depends on."""
        scheme = self.iteration_scheme
        return step if scheme is None else scheme.shard.whole_step(step)

    @property
    def _makes_each_alone(self) -> bool:
        return (
            self.iteration_scheme is not None
            and self.dataset.reads_by_request_alone
            and type(self).get_data is DataStream.get_data
            and type(self).get_epoch_iterator is DataStream.get_epoch_iterator
        )

    def _part(self, shard: Shard) -> AbstractDataStream:
        if self.iteration_scheme is None or not self._makes_each_alone:
            return super()._part(shard)
        scheme = copy.deepcopy(self.iteration_scheme)
        part = object.__new__(type(self))
        part.__setstate__(
            {
                **self.__getstate__(),
                "iteration_scheme": ShardedScheme(
                    scheme, shard.index, shard.count, even=shard.even
                ),
            }
        )
        return part

    def _gives_pending(self, sources: frozenset[str]) -> frozenset[str]:
        if (
            self.iteration_scheme is None
            or type(self).get_data is not DataStream.get_data
            or self._is_intercepted
            or not isinstance(self.dataset, CanDefer)
            or not self.dataset._can_defer
        ):
            return frozenset()
        names = zip(self.sources, self.dataset.sources, strict=False)
        return frozenset(theirs for own, theirs in names if own in sources)

    def _get_into(self, request: Any, allocate: Deferring) -> Any:
        dataset = self.dataset
        if isinstance(dataset, CanDefer) and dataset._can_defer:  # it may be another one by now
            return dataset.get_data_into(self.data_state, request, allocate)
        return self.get_data(request)

    def _begin_pass(self) -> None:
        """Bring the data set to its next epoch."""
        self.data_state = self.dataset.next_epoch(self.data_state)
        self._dataset_epochs += 1
        self._read, self._sought = 0, None

    def _read_on(self, length: int) -> Any:
        """The next example of an epoch of `length`, from the data set's beginning after its end."""
        assert self._live is not None
        if self._live.drawn >= length:
            raise StopIteration
        if (sought := self._sought) is not None:
            self._sought, self._read = None, sought["read"]
            if sought["position"] is not None:
                self.dataset.load_position(self.data_state, sought["position"])
            else:
                self.data_state = self.dataset.skip(self.data_state, self._read)
        try:
            example = self.dataset.get_data(self.data_state)
        except StopIteration:
            if not self._read:
                raise
            self._begin_pass()
            example = self.dataset.get_data(self.data_state)
        self._read += 1
        return example

    def _must_read_again(self) -> bool:
        """Whether the place in an epoch can be found only by reading up to it."""
        return (
            not self.dataset.reads_by_request_alone
            and self.dataset.position_of(self.data_state) is None
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
        elif self.iteration_scheme is None and self.examples_per_epoch is None:
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
            "fresh": self._fresh_state,
        }
        if self.dataset.has_own_epochs:
            state["dataset_epochs"] = self._dataset_epochs
        if scheme is not None:
            state["scheme"] = self._epoch_start if in_epoch else scheme.state_dict()
            state |= shard_entry(scheme.shard)
        position = self.dataset.position_of(self.data_state)
        if self.examples_per_epoch is not None:
            state["pass"] = self._sought or {"read": self._read, "position": position}
        elif in_epoch and position is not None:
            state["dataset"] = position
        return state

    def _load_state(self, state: Mapping[str, Any]) -> None:
        check_state(state, self._describe())
        scheme = self.iteration_scheme
        shard = WHOLE if scheme is None else scheme.shard
        check_shard(state, shard)
        self.data_state = self.dataset.reset(self.data_state)
        if self.dataset.has_own_epochs:
            self._dataset_epochs = state["dataset_epochs"]
            for _ in range(self._dataset_epochs):
                self.data_state = self.dataset.next_epoch(self.data_state)
        if scheme is not None:
            scheme.load_state_dict(state["scheme"])
        if self.examples_per_epoch is not None:
            self._sought, self._read = state["pass"], state["pass"]["read"]
        self.epoch = state["epoch"]
        self._fresh_state = state["fresh"]
        own = {name: value for name, value in state.items() if name != "shard"}
        self._loaded = {**own, **shard_entry(shard)}

    def _describe(self) -> str:
        if self._fingerprint is None:
            scheme = self.iteration_scheme
            requests = "examples in turn" if scheme is None else scheme.fingerprint()
            if self.examples_per_epoch is not None:
                requests += f", {self.examples_per_epoch} an epoch,"
            self._fingerprint = f"{requests} of {self.dataset.fingerprint()}"
        return self._fingerprint


_UNSAVED = ("data_state", "_live", "_peeked", "_loaded", "_epoch_start")


def _of_an_example(labels: Sequence[str] | None) -> tuple[str, ...] | None:
    return labels if labels is None else tuple(label for label in labels if label != "batch")
