"""Items that fulfil a condition."""

from collections.abc import Callable
from typing import Any

from fuel._streams._context import Context
from fuel.streams import AbstractDataStream
from fuel.transformers.base import Transformer

__all__ = ["Filter"]


class Filter(Transformer):
    """Keeps the items, examples or whole batches, for which a condition holds.

    Args:
        data_stream: the stream to choose from.
        predicate: gets an item as a tuple, and says whether to keep it. It should depend on the
            item alone.

    Raises:
        TypeError: if `predicate` cannot be called.

    >>> from fuel.datasets import IterableDataset
    >>> from fuel.streams import DataStream
    >>> numbers = DataStream(IterableDataset(range(6)))
    >>> list(Filter(numbers, lambda example: example[0] % 2).get_epoch_iterator())
    [(1,), (3,), (5,)]
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        predicate: Callable[[tuple[Any, ...]], Any],
        **kwargs: Any,
    ) -> None:
        if not callable(predicate):
            raise TypeError(f"predicate={predicate!r} is no function")
        kwargs.setdefault("produces_examples", data_stream.produces_examples)
        kwargs.setdefault("axis_labels", data_stream.axis_labels)
        super().__init__(data_stream, **kwargs)
        self.predicate = predicate

    def get_data(self, request: Any = None) -> Any:
        """The next item for which the condition holds."""
        while (data := super().get_data(request)) is None:
            pass
        return data

    def apply(self, data: Any, context: Context) -> Any:
        """The item, or None if it is left out."""
        return data if self.predicate(data) else None
