"""Windows that slide over sequences."""

from typing import Any

from fuel.streams import AbstractDataStream
from fuel.transformers._pieces import PiecesTransformer

__all__ = ["NGrams", "Window"]


class Window(PiecesTransformer):
    """Pairs of a source and a target window that slide over each sequence, one step at a time.

    Of the first two windows the one that comes first stands at the beginning of a sequence.
    Sequences that are too short for both give nothing.

    Args:
        offset: where the target window begins, seen from the beginning of the source window if they
            may overlap, and from its end if not. It may be negative.
        source_window: elements in a source window.
        target_window: elements in a target window.
        overlapping: whether `offset` counts from the beginning of the source window.
        data_stream: a stream of examples with one source, sequences that can be sliced.
        target_source: name of the source of targets.

    Raises:
        ValueError: if the stream produces batches or has several sources, or if a window is empty.

    >>> from fuel.datasets import IterableDataset
    >>> from fuel.streams import DataStream
    >>> letters = DataStream(IterableDataset(["abcd"]))
    >>> list(Window(0, 2, 1, False, letters).get_epoch_iterator())
    [('ab', 'c'), ('bc', 'd')]
    """

    def __init__(
        self,
        offset: int,
        source_window: int,
        target_window: int,
        overlapping: bool,
        data_stream: AbstractDataStream,
        target_source: str = "targets",
        **kwargs: Any,
    ) -> None:
        _check_child(type(self).__name__, data_stream, target_source)
        for name, size in (("source_window", source_window), ("target_window", target_window)):
            if size < 1:
                raise ValueError(f"{name}={size} must be 1 or more")
        distance = offset if overlapping else source_window + offset
        self._source_start, self._target_start = max(0, -distance), max(0, distance)
        _keep_labels(kwargs, data_stream, target_source, drop=0)
        kwargs.setdefault("produces_examples", True)
        super().__init__(data_stream, **kwargs)
        self.offset = offset
        self.source_window = source_window
        self.target_window = target_window
        self.overlapping = overlapping
        self.target_source = target_source
        self.sources = (*data_stream.sources, target_source)

    def next_item(self, request: Any) -> tuple[Any, ...]:
        """The next pair of windows.

        Raises:
            StopIteration: if there is none.
        """
        reach = max(
            self._source_start + self.source_window, self._target_start + self.target_window
        )
        while not self._held or self._given + reach > len(self._held[0][0]):
            self.release()
            self._given = 0
            self.fetch()
        (sequence,) = self._held[0]
        source = self._given + self._source_start
        target = self._given + self._target_start
        self._given += 1
        return (
            sequence[source : source + self.source_window],
            sequence[target : target + self.target_window],
        )


class NGrams(Window):
    """So many elements of a sequence, and the one that follows, at every place of it.

    Args:
        ngram_order: elements in a source window.
        data_stream: a stream of examples with one source, sequences that can be sliced.
        target_source: name of the source of targets.

    Raises:
        ValueError: if the stream produces batches or has several sources, or if `ngram_order` is
            not positive.

    >>> from fuel.datasets import IterableDataset
    >>> from fuel.streams import DataStream
    >>> numbers = DataStream(IterableDataset([[1, 2, 3, 4]]))
    >>> list(NGrams(2, numbers).get_epoch_iterator())
    [([1, 2], 3), ([2, 3], 4)]
    """

    def __init__(
        self,
        ngram_order: int,
        data_stream: AbstractDataStream,
        target_source: str = "targets",
        **kwargs: Any,
    ) -> None:
        _check_child(type(self).__name__, data_stream, target_source)
        _keep_labels(kwargs, data_stream, target_source, drop=1)
        super().__init__(0, ngram_order, 1, False, data_stream, target_source, **kwargs)
        self.ngram_order = ngram_order

    def next_item(self, request: Any) -> tuple[Any, ...]:
        """The next elements and the one that follows them."""
        source, (target,) = super().next_item(request)
        return source, target


def _check_child(name: str, data_stream: AbstractDataStream, target_source: str) -> None:
    if not data_stream.produces_examples:
        raise ValueError(
            f"{name} slides over single sequences, but {type(data_stream).__name__} produces "
            "batches; Unpack them"
        )
    if len(sources := tuple(data_stream.sources)) != 1:
        raise ValueError(
            f"{name} slides over one source, but the stream has {sources}; choose one with "
            "FilterSources"
        )
    if target_source in sources:
        raise ValueError(f"target_source={target_source!r} is the source that is there already")


def _keep_labels(
    kwargs: dict[str, Any], data_stream: AbstractDataStream, target_source: str, drop: int
) -> None:
    """The windows' axes are the sequences'; those of single targets lack the first."""
    if data_stream.axis_labels is not None:
        (source,) = data_stream.sources
        labels = data_stream.axis_labels.get(source)
        target = labels and tuple(labels[drop:])
        kwargs.setdefault("axis_labels", {source: labels, target_source: target})
