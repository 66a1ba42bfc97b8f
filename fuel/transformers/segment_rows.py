"""Rows of sequences that follow each other, in segments."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from fuel._indices import positive
from fuel.config_parser import config
from fuel.streams import AbstractDataStream
from fuel.transformers._buffered import BufferedTransformer
from fuel.transformers.batches import batch_labels

__all__ = ["SegmentRows"]


class _Reached(NamedTuple):
    """How far a row has come: which of the held sequences it is in, and where; -1 for none."""

    sequence: int
    offset: int


class SegmentRows(BufferedTransformer):
    """Batches of segments of a fixed length, in rows that go on from batch to batch.

    Each row is one sequence after the other: where one ends, the next that no row has begun follows
    at once. A recurrent network thus goes from batch to batch with the states it reached, and
    nothing is padded until an epoch ends. Two sources are added, of the shape (rows, length):
    `begins`, booleans, says where a sequence begins and the state is to be reset; `mask` is one
    where there is data and zero where, at the end of an epoch, a row has run out of it.

    Args:
        data_stream: a stream of examples whose sources are all sequences, as long as each other.
        rows: in a batch.
        length: elements in a segment.
        begins_source: name of the source of beginnings.
        mask_source: name of the source of masks.
        mask_dtype: of the masks; default the configured floatX.

    Raises:
        ValueError: if the stream produces batches or has sources of these names, or if a number is
            not positive; on use, if the sources of an example differ in length.

    >>> from fuel.datasets import IterableDataset
    >>> from fuel.streams import DataStream
    >>> numbers = DataStream(IterableDataset([[1, 2, 3], [4, 5, 6, 7], [8, 9]]))
    >>> for data, begins, _ in SegmentRows(numbers, 2, 2).get_epoch_iterator():
    ...     print(data.tolist(), begins.astype(int).tolist())
    [[1, 2], [4, 5]] [[1, 0], [1, 0]]
    [[3, 8], [6, 7]] [[0, 1], [0, 0]]
    [[9, 0], [0, 0]] [[0, 0], [0, 0]]
    """

    _begun: int
    _reached: list[_Reached]

    def __init__(
        self,
        data_stream: AbstractDataStream,
        rows: int,
        length: int,
        *,
        begins_source: str = "begins",
        mask_source: str = "mask",
        mask_dtype: DTypeLike | None = None,
        **kwargs: Any,
    ) -> None:
        if not data_stream.produces_examples:
            raise ValueError(
                f"SegmentRows takes single sequences, but {type(data_stream).__name__} produces "
                "batches; Unpack them, or use Segments"
            )
        self.rows = positive("rows", rows)
        self.length = positive("length", length)
        sources = (*data_stream.sources, begins_source, mask_source)
        if len(set(sources)) < len(sources):
            raise ValueError(
                f"the sources {sources} would not all be different; choose other names for "
                "begins_source and mask_source"
            )
        if (labels := batch_labels(data_stream.axis_labels)) is not None:
            axes = labels.get(data_stream.sources[0])
            added = axes and tuple(axes[:2])
            kwargs.setdefault("axis_labels", {**labels, begins_source: added, mask_source: added})
        kwargs.setdefault("produces_examples", False)
        super().__init__(data_stream, **kwargs)
        self.sources = sources
        self.mask_dtype = np.dtype(config.floatX if mask_dtype is None else mask_dtype)
        self._forget()

    def next_item(self, request: Any) -> tuple[Any, ...]:
        """The next segment of every row.

        Raises:
            ValueError: if the sources of an example differ in length.
            StopIteration: if no row has anything left.
        """
        begun = self._begun
        reached: list[_Reached] = []
        pieces: list[tuple[int, int, _Reached, int]] = []  # row, where in it, from where, how many
        for row, place in enumerate(self._reached):
            filled = 0
            while filled < self.length:
                if place.sequence < 0:
                    if begun == len(self._held) and not self._fetch_sequence():
                        break
                    place, begun = _Reached(begun, 0), begun + 1
                left = len(self._held[place.sequence][0]) - place.offset
                count = min(left, self.length - filled)
                if count:
                    pieces.append((row, filled, place, count))
                filled += count
                ended = count == left
                place = _Reached(-1, 0) if ended else _Reached(place.sequence, place.offset + count)
            reached.append(place)
        if not pieces:
            raise StopIteration
        item = self._written(pieces)
        unfinished = [place.sequence for place in reached if place.sequence >= 0]
        done = min(unfinished, default=begun)
        self.release(done)
        self._begun = begun - done
        self._reached = [
            _Reached(place.sequence - done, place.offset) if place.sequence >= 0 else place
            for place in reached
        ]
        return item

    def start_epoch(self) -> None:
        """Hold nothing."""
        super().start_epoch()
        self._forget()

    def own_state(self) -> dict[str, Any]:
        """How many sequences are held, how many of them are begun, and how far each row is."""
        if not self.is_running:
            return {**super().own_state(), "begun": 0, "rows": []}
        rows = [list(place) for place in self._reached]
        return {**super().own_state(), "begun": self._begun, "rows": rows}

    def load_own_state(self, state: Any) -> None:
        """Restore what `own_state` gave."""
        super().load_own_state(state)
        self._forget()
        if state["rows"]:
            self._begun = state["begun"]
            self._reached = [_Reached(*place) for place in state["rows"]]

    def _forget(self) -> None:
        self._begun = 0
        self._reached = [_Reached(-1, 0)] * self.rows

    def _fetch_sequence(self) -> bool:
        """Hold one more sequence; say whether there was one."""
        try:
            example = self.fetch()
        except StopIteration:
            return False
        lengths = [len(sequence) for sequence in example]
        if len(set(lengths)) != 1:
            del self._held[-1], self._places[-1]
            raise ValueError(
                f"the sources {self.data_stream.sources} of an example have the lengths "
                f"{lengths}, but are cut into segments together; leave others out with "
                "FilterSources"
            )
        return True

    def _written(self, pieces: list[tuple[int, int, _Reached, int]]) -> tuple[np.ndarray, ...]:
        shape = (self.rows, self.length)
        return (
            *self._sources_written(shape, pieces),
            *self._marks_written(shape, pieces),
        )

    def _sources_written(
        self, shape: tuple[int, int], pieces: list[tuple[int, int, _Reached, int]]
    ) -> Iterator[np.ndarray]:
        for number in range(len(self.data_stream.sources)):
            parts = [
                np.asarray(self._held[place.sequence][number])[place.offset : place.offset + count]
                for _, _, place, count in pieces
            ]
            dtype = np.result_type(*{part.dtype for part in parts})
            out = np.zeros((*shape, *parts[0].shape[1:]), dtype)
            for (row, start, _, count), part in zip(pieces, parts, strict=True):
                out[row, start : start + count] = part
            yield out

    def _marks_written(
        self, shape: tuple[int, int], pieces: list[tuple[int, int, _Reached, int]]
    ) -> tuple[np.ndarray, np.ndarray]:
        begins, mask = np.zeros(shape, bool), np.zeros(shape, self.mask_dtype)
        for row, start, place, count in pieces:
            begins[row, start] = place.offset == 0
            mask[row, start : start + count] = 1
        return begins, mask
