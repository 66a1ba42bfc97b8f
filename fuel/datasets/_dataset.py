"""What every data set offers."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NoReturn

from fuel._streams._context import Allocate
from fuel.schemes import IterationScheme
from fuel.streams import AbstractDataStream, AxisLabels, DataStream

__all__ = ["Dataset", "common_length"]

_MISSING: Any = object()


class Dataset(ABC):
    """Where data comes from. Data sets are shared: what moves is in the state that `open` gives.

    A data set of your own sets `provides_sources` and defines `get_data`, and if it needs a state
    the methods `open`, `close`, `reset` or `next_epoch`.

    Args:
        sources: names of the sources wanted, in this order; default all that are provided.
        axis_labels: for each source the names of its axes.

    Raises:
        ValueError: if a source is not provided, or none is wanted, or none is provided at all.
    """

    provides_sources: tuple[str, ...] = ()
    """Names of all sources, in the order in which `filter_sources` gets their data."""
    default_transformers: tuple[tuple[type[Any], list[Any], dict[str, Any]], ...] = ()
    """Class, positional and keyword arguments of what `DataStream.default_stream` adds."""
    stateless: ClassVar[bool | None] = None
    """Whether data depends on the request alone, so that several processes can each read a part.
    None: it does if none of `open`, `reset` and `next_epoch` was redefined."""
    # for classes whose constructor does not call this one's, as some written for Fuel do not
    _sources: tuple[str, ...] | None = None
    _axis_labels: AxisLabels | None = None
    _example_iteration_scheme: Any = _MISSING

    def __init__(
        self, sources: Iterable[str] | None = None, axis_labels: AxisLabels | None = None
    ) -> None:
        if not self.provides_sources:
            raise ValueError(
                f"{type(self).__name__} provides no sources; name them in provides_sources, in the "
                "class or before its constructor calls this one"
            )
        self._axis_labels = axis_labels
        if sources is not None:
            self.sources = self._checked_sources(sources)

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources that `get_data` gives, in its order."""
        return self.provides_sources if self._sources is None else self._sources

    @sources.setter
    def sources(self, value: Iterable[str]) -> None:
        self._sources = tuple(value)

    @property
    def axis_labels(self) -> AxisLabels | None:
        """For each source the names of its axes, if known."""
        return self._axis_labels

    @axis_labels.setter
    def axis_labels(self, value: AxisLabels | None) -> None:
        self._axis_labels = value

    @property
    def example_iteration_scheme(self) -> IterationScheme | None:
        """The scheme that goes through all examples, one by one.

        Raises:
            AttributeError: if the data set has not set `_example_iteration_scheme`.
        """
        if self._example_iteration_scheme is _MISSING:
            raise AttributeError(
                f"{type(self).__name__} offers no example_iteration_scheme; set one in the "
                "constructor: SequentialExampleScheme(num_examples), or None if get_data takes no "
                "requests"
            )
        return self._example_iteration_scheme

    @example_iteration_scheme.setter
    def example_iteration_scheme(self, value: IterationScheme | None) -> None:
        self._example_iteration_scheme = value

    def get_example_stream(self) -> DataStream:
        """A stream of all examples, one by one."""
        return DataStream(self, iteration_scheme=self.example_iteration_scheme)

    def open(self) -> Any:
        """A state to read with; None if none is needed."""
        return None

    def reset(self, state: Any) -> Any:
        """The state of a first epoch."""
        self.close(state)
        return self.open()

    def next_epoch(self, state: Any) -> Any:
        """The state of the epoch after this one."""
        return self.reset(state)

    def close(self, state: Any) -> None:
        """Release what `state` holds."""
        return None

    @abstractmethod
    def get_data(self, state: Any = None, request: Any = None) -> Any:
        """The data of a request, as a tuple in the order of `sources`.

        Args:
            state: what `open` gave.
            request: an index, a slice or a list of indices, or None for the next example.

        Raises:
            StopIteration: if a data set that decides itself what comes has nothing more.
        """

    def get_data_into(self, state: Any, request: Any, allocate: Allocate) -> Any:
        """As `get_data`; arrays are made by `allocate` if the data set knows how to.

        It is asked only of a data set that says `accepts_arrays`.
        """
        return self.get_data(state, request)

    def filter_sources(self, data: Sequence[Any]) -> tuple[Any, ...]:
        """Of data for all of `provides_sources`, that of `sources`, in the order provided."""
        return tuple(
            part
            for part, name in zip(data, self.provides_sources, strict=True)
            if name in self.sources
        )

    @property
    def produces_examples(self) -> NoReturn:
        """What every stream knows, and transformers ask first: a data set is none.

        Raises:
            TypeError: always; it says how to make a stream.
        """
        raise TypeError(
            f"{type(self).__name__} is a data set, and a stream is needed here; give "
            "DataStream(dataset, iteration_scheme=...), or dataset.get_example_stream()"
        )

    def apply_default_transformers(self, stream: AbstractDataStream) -> AbstractDataStream:
        """`stream`, wrapped in the default transformers one after the other.

        Where one names `which_sources`, it is applied to those of them that the stream has.
        """
        for transformer, args, kwargs in self.default_transformers:
            if (named := kwargs.get("which_sources")) is not None:
                present = tuple(name for name in named if name in stream.sources)
                if not present:
                    continue
                kwargs = {**kwargs, "which_sources": present}
            stream = transformer(stream, *args, **kwargs)
        return stream

    @property
    def accepts_arrays(self) -> bool:
        """Whether requests may be slices and integer arrays where a scheme makes lists."""
        return False

    @property
    def has_own_epochs(self) -> bool:
        """Whether `next_epoch` was redefined, so that epochs may show different data."""
        return type(self).next_epoch is not Dataset.next_epoch

    @property
    def reads_by_request_alone(self) -> bool:
        """Whether data depends on the request alone (see `stateless`)."""
        if self.stateless is not None:
            return self.stateless
        kind = type(self)
        return (kind.open, kind.reset, kind.next_epoch) == (
            Dataset.open,
            Dataset.reset,
            Dataset.next_epoch,
        )

    def position_of(self, state: Any) -> dict[str, Any] | None:
        """Where `state` stands in an epoch, as JSON values; None if skipping finds the place."""
        return None

    def load_position(self, state: Any, position: Mapping[str, Any]) -> None:
        """Bring `state` to where `position` was taken."""
        raise NotImplementedError(f"{type(self).__name__} gives no positions and takes none")

    def skip(self, state: Any, count: int) -> Any:
        """The state after `count` more examples; they are read, if there is no shorter way."""
        for _ in range(count):
            self.get_data(state)
        return state

    def fingerprint(self) -> str:
        """What a saved place depends on, in words; a place fits data of equal fingerprint only."""
        return "data"

    def _checked_sources(self, sources: Iterable[str]) -> tuple[str, ...]:
        wanted = (sources,) if isinstance(sources, str) else tuple(sources)
        unknown = [source for source in wanted if source not in self.provides_sources]
        if not wanted or unknown:
            raise ValueError(
                f"sources {wanted} were asked for, but this {type(self).__name__} provides "
                f"{tuple(self.provides_sources)}"
            )
        if len(set(wanted)) != len(wanted):
            raise ValueError(f"sources {wanted} name one twice; name each once")
        return wanted


def common_length(containers: Mapping[str, Any]) -> int:
    """The length that all containers have.

    Raises:
        ValueError: if they differ in length.
    """
    lengths = {source: len(container) for source, container in containers.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"the sources differ in length: {lengths}")
    return next(iter(lengths.values()))
