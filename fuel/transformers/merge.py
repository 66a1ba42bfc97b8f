"""Several streams side by side."""

from collections.abc import Iterable
from typing import Any

from fuel.iterator import DataIterator
from fuel.streams import AbstractDataStream, AxisLabels
from fuel.transformers._joining import JoiningStream

__all__ = ["Merge"]


class Merge(JoiningStream):
    """Items that are one of each stream, side by side. An epoch ends with the shortest of them.

    Args:
        data_streams: the streams, all of examples or all of batches.
        sources: names of all their sources, in turn.
        axis_labels: for each source the names of its axes; default those the streams have.

    Raises:
        ValueError: if there are no streams, if they are of both kinds, or if `sources` does not
            have one name, each different, for each source.

    >>> from fuel.datasets import IterableDataset
    >>> from fuel.streams import DataStream
    >>> english, french = (IterableDataset([["one", "two"]]), IterableDataset([["un", "deux"]]))
    >>> pairs = Merge((DataStream(english), DataStream(french)), ("english", "french"))
    >>> pairs.peek()
    {'english': ['one', 'two'], 'french': ['un', 'deux']}
    """

    def __init__(
        self,
        data_streams: Iterable[AbstractDataStream],
        sources: Iterable[str],
        axis_labels: AxisLabels | None = None,
    ) -> None:
        data_streams = tuple(data_streams)
        super().__init__(data_streams, axis_labels)
        self.sources = (sources,) if isinstance(sources, str) else tuple(sources)
        theirs = [(stream, source) for stream in data_streams for source in stream.sources]
        if len(theirs) != len(self.sources) or len(set(self.sources)) != len(self.sources):
            raise ValueError(
                f"sources={self.sources} must be different names, one for each of "
                f"{[source for _, source in theirs]}"
            )
        if axis_labels is None and any(stream.axis_labels is not None for stream in data_streams):
            self.axis_labels = {
                name: (stream.axis_labels or {}).get(source)
                for name, (stream, source) in zip(self.sources, theirs, strict=True)
            }

    def get_data(self, request: Any = None) -> tuple[Any, ...]:
        """The next item of each stream, side by side.

        If one of them fails the others move on all the same, so that what comes next belongs
        together again.

        Raises:
            ValueError: if there is a request.
            StopIteration: if a stream has ended.
        """
        if request is not None:
            raise ValueError(f"Merge takes what its streams give, not the request {request!r}")
        assert self.child_epoch_iterators is not None
        merged: list[Any] = []
        failure: Exception | None = None
        ended = False
        for iterator in self.child_epoch_iterators:
            try:
                merged.extend(next(iterator))
            except StopIteration:
                ended = True
                break
            except Exception as error:
                failure = failure or error
                if isinstance(iterator, DataIterator):
                    iterator.mark_delivered(iterator.drawn)
        if failure is not None:
            raise failure
        if ended:
            raise StopIteration
        return tuple(merged)
