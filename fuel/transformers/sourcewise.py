"""Transformers that do something to each of some sources."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

from fuel._streams._pending import COMPILED
from fuel.streams import AbstractDataStream
from fuel.transformers.base import AgnosticTransformer, Transformer
from fuel.transformers.batches import as_batch

__all__ = ["AgnosticSourcewiseTransformer", "SourcewiseMapping", "SourcewiseTransformer"]


class SourcewiseTransformer(Transformer, ABC):
    """A transformer that does something to each of some sources, independently.

    One of your own defines `transform_source_example` or `transform_source_batch`, or both.

    Args:
        data_stream: the stream to transform.
        produces_examples: whether items are single examples; usually what `data_stream` produces.
        which_sources: the sources to transform; default all.
        axis_labels: for each source the names of its axes; default those of the untouched sources.

    Raises:
        ValueError: if the stream does not have one of `which_sources`.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        produces_examples: bool | None = None,
        which_sources: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.which_sources = checked_sources(data_stream, which_sources)
        if "axis_labels" not in kwargs and data_stream.axis_labels is not None:
            kwargs["axis_labels"] = {
                source: labels
                for source, labels in data_stream.axis_labels.items()
                if source not in self.which_sources
            }
        super().__init__(data_stream, produces_examples, **kwargs)

    def transform_example(self, example: tuple[Any, ...]) -> tuple[Any, ...]:
        """What becomes of one example."""
        return self._transform(example, self.transform_source_example)

    def transform_batch(self, batch: tuple[Any, ...]) -> tuple[Any, ...]:
        """What becomes of a batch."""
        return self._transform(batch, self.transform_source_batch)

    def transform_source_example(self, source_example: Any, source_name: str) -> Any:
        """What becomes of one example of one source."""
        raise NotImplementedError(
            f"{type(self).__name__} does not define transform_source_example, but its stream "
            "produces examples"
        )

    def transform_source_batch(self, source_batch: Any, source_name: str) -> Any:
        """What becomes of a batch of one source."""
        raise NotImplementedError(
            f"{type(self).__name__} does not define transform_source_batch, but its stream "
            "produces batches"
        )

    def _is_exactly(self, kind: type) -> bool:
        """Whether this is of that very class, and nobody replaced its `apply`."""
        return COMPILED and type(self) is kind and "apply" not in vars(self)

    def _knows_pending(self) -> bool:
        """Whether it can do to batches that are pending what it does to arrays."""
        return False

    def _takes_pending(self) -> frozenset[str]:
        if self.produces_examples or not self._knows_pending():
            return frozenset()
        names = zip(self.data_stream.sources, self.sources, strict=False)
        return frozenset(child for child, own in names if own in self.which_sources)

    def _gives_pending(self, sources: frozenset[str]) -> frozenset[str]:
        if self.produces_examples or not self._knows_pending() or self._is_intercepted:
            return frozenset()
        return sources & frozenset(self.which_sources)

    def passes_on(self, source: str) -> str | None:
        """A source that is not transformed is passed on."""
        return None if source in self.which_sources else source

    def _transform(
        self, data: tuple[Any, ...], function: Callable[[Any, str], Any]
    ) -> tuple[Any, ...]:
        which = self.which_sources
        return tuple(
            [
                function(part, name) if name in which else part
                for name, part in zip(self.sources, data, strict=True)
            ]
        )


class AgnosticSourcewiseTransformer(AgnosticTransformer, SourcewiseTransformer):
    """A sourcewise transformer that does the same to examples and batches.

    One of your own defines `transform_any_source`.
    """

    @abstractmethod
    def transform_any_source(self, source_data: Any, source_name: str) -> Any:
        """What becomes of an example or a batch of one source."""

    def transform_any(self, data: tuple[Any, ...]) -> tuple[Any, ...]:
        """What becomes of an example or of a batch."""
        return self._transform(data, self.transform_any_source)

    def transform_source_example(self, source_example: Any, source_name: str) -> Any:
        """What becomes of one example of one source."""
        return self.transform_any_source(source_example, source_name)

    def transform_source_batch(self, source_batch: Any, source_name: str) -> Any:
        """What becomes of a batch of one source."""
        return self.transform_any_source(source_batch, source_name)


class SourcewiseMapping(AgnosticSourcewiseTransformer):
    """Applies a function to each of some sources.

    The function should keep nothing from call to call, for then it can be applied by any process
    and resumed anywhere.

    Args:
        data_stream: the stream to transform.
        mapping: gets what an item has of a source, an example or a batch, and returns what becomes
            of it.
        which_sources: the sources to transform; default all.
        keeps_axes: whether results have the axes of what they were made from, so that labels are
            kept.
        each_example: of a stream of batches, apply the function to each example, and make a batch
            of the results. A function of whole batches is many times faster.

    Raises:
        TypeError: if `mapping` cannot be called.
        ValueError: if the stream does not have one of `which_sources`.

    >>> from fuel.datasets import IterableDataset
    >>> from fuel.streams import DataStream
    >>> numbers = DataStream(IterableDataset({"x": [4, 9], "y": [0, 1]}))
    >>> list(SourcewiseMapping(numbers, str, which_sources="x").get_epoch_iterator())
    [('4', 0), ('9', 1)]
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        mapping: Callable[[Any], Any],
        which_sources: Iterable[str] | None = None,
        *,
        keeps_axes: bool = False,
        each_example: bool = False,
        **kwargs: Any,
    ) -> None:
        if not callable(mapping):
            raise TypeError(f"mapping={mapping!r} is no function")
        if keeps_axes:
            kwargs.setdefault("axis_labels", data_stream.axis_labels)
        kwargs.setdefault("produces_examples", data_stream.produces_examples)
        super().__init__(data_stream, which_sources=which_sources, **kwargs)
        self.mapping = mapping
        self.each_example = each_example

    def transform_any_source(self, source_data: Any, source_name: str) -> Any:
        """What the function makes of an example or a batch of one source."""
        if self.each_example and not self.produces_examples:
            return as_batch([self.mapping(example) for example in source_data])
        return self.mapping(source_data)


def checked_sources(
    data_stream: AbstractDataStream, which_sources: Iterable[str] | None
) -> tuple[str, ...]:
    """The sources a transformer is to work on: all, or those named.

    Raises:
        ValueError: if the stream does not have one of them.
    """
    if which_sources is None:
        return tuple(data_stream.sources)
    named = (which_sources,) if isinstance(which_sources, str) else tuple(which_sources)
    if unknown := [name for name in named if name not in data_stream.sources]:
        raise ValueError(
            f"which_sources names {unknown}, but the stream has {tuple(data_stream.sources)}"
        )
    return named
