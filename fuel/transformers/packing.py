"""Several sequences in a row of fixed length."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fuel._first_fit import Rows
from fuel._indices import positive
from fuel._streams._context import Context
from fuel.streams import AbstractDataStream
from fuel.transformers.base import Transformer

__all__ = ["Pack"]


class Pack(Transformer):
    """Packs the sequences of a batch into rows of a fixed length, several in a row.

    Each sequence goes to the first row that has room for it (first fit). The rest of a row is zero.
    Two sources are added, of the shape (rows, row_length): `segments` is 0 where a row is not
    filled, and else the number of the sequence in its row, from 1; `positions` counts the elements
    of a sequence from 0. Attention within sequences is where two elements' segments are equal and
    not 0; where `positions` is 0 and `segments` is not, a recurrent state is reset.

    To have all batches of one number of rows: with stored lengths, request batches by `PackScheme`
    and give `rows`; else read some hundreds of sequences at a time, pack these, and cut what comes
    into batches, `Cache(Pack(Batch(stream, ConstantScheme(500)), 1024), ConstantScheme(8))`.

    Args:
        data_stream: a stream of batches whose sources are all sequences, as long as each other.
        row_length: elements in a row.
        rows: in every batch, empty ones at its end if need be; default as many as are filled.
        segments_source: name of the source of segment numbers.
        positions_source: name of the source of positions.

    Raises:
        ValueError: if the stream produces examples or has sources of these names; on use, if a
            sequence is longer than a row, if sequences do not fit in `rows`, or if sources differ
            in lengths.

    >>> from fuel.datasets import IndexableDataset
    >>> from fuel.schemes import SequentialScheme
    >>> from fuel.streams import DataStream
    >>> words = IndexableDataset({"words": [[1, 2, 3], [4, 5, 6, 7], [8]]})
    >>> for name, part in Pack(DataStream(words, SequentialScheme(3, 3)), 5).peek().items():
    ...     print(name, part.tolist())
    words [[1, 2, 3, 8, 0], [4, 5, 6, 7, 0]]
    segments [[1, 1, 1, 2, 0], [1, 1, 1, 1, 0]]
    positions [[0, 1, 2, 0, 0], [0, 1, 2, 3, 0]]
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        row_length: int,
        *,
        rows: int | None = None,
        segments_source: str = "segments",
        positions_source: str = "positions",
        **kwargs: Any,
    ) -> None:
        if data_stream.produces_examples:
            raise ValueError(
                f"Pack packs batches, but {type(data_stream).__name__} produces examples; make "
                "batches first, with Batch or a PackScheme"
            )
        self.row_length = positive("row_length", row_length)
        self.rows = None if rows is None else positive("rows", rows)
        sources = (*data_stream.sources, segments_source, positions_source)
        if len(set(sources)) < len(sources):
            raise ValueError(
                f"the sources {sources} would not all be different; choose other names for "
                "segments_source and positions_source"
            )
        if (labels := data_stream.axis_labels) is not None:
            axes = labels.get(data_stream.sources[0])
            added = axes and tuple(axes[:2])
            kwargs.setdefault(
                "axis_labels", {**labels, segments_source: added, positions_source: added}
            )
        kwargs.setdefault("produces_examples", False)
        super().__init__(data_stream, **kwargs)
        self.sources = sources

    def apply(self, data: Any, context: Context) -> tuple[Any, ...]:
        """The batch as rows."""
        columns = [[np.asarray(example) for example in part] for part in data]
        lengths = self._lengths(columns)
        rows = Rows(self.row_length, self.rows)
        for number, length in enumerate(lengths):
            if not rows.add(number, length):
                raise ValueError(
                    f"{len(lengths)} sequences of {sum(lengths)} elements do not fit in "
                    f"{self.rows} rows of {self.row_length}; give fewer at a time, as PackScheme "
                    "does, or leave rows out"
                )
        shape = (self.rows or len(rows.filled), self.row_length)
        places = _places(rows.filled, lengths)
        result = []
        for source, column in zip(self.data_stream.sources, columns, strict=True):
            dtype = np.result_type(*{example.dtype for example in column})
            out = context.allocate(source, (*shape, *column[0].shape[1:]), dtype)
            out[...] = np.zeros((), dtype)
            for number, _, row, start, stop in places:
                out[row, start:stop] = column[number]
            result.append(out)
        segments, positions = (
            context.allocate(source, shape, np.int32) for source in self.sources[-2:]
        )
        segments[...] = positions[...] = 0
        for _, segment, row, start, stop in places:
            segments[row, start:stop] = segment
            positions[row, start:stop] = np.arange(stop - start)
        return (*result, segments, positions)

    def _lengths(self, columns: Sequence[Sequence[np.ndarray]]) -> list[int]:
        if any(example.ndim == 0 for column in columns for example in column):
            raise ValueError(
                f"not all of the sources {self.data_stream.sources} are sequences, so they cannot "
                "be packed together; leave others out with FilterSources"
            )
        lengths = [[len(example) for example in column] for column in columns]
        if any(other != lengths[0] for other in lengths):
            raise ValueError(
                f"the sources {self.data_stream.sources} have sequences of different lengths, but "
                "are packed together; leave others out with FilterSources"
            )
        if (longest := max(lengths[0], default=0)) > self.row_length:
            raise ValueError(
                f"a sequence of {longest} elements does not fit in a row of {self.row_length}; "
                "choose a greater row_length, or cut sequences with Segments first"
            )
        return lengths[0]


def _places(
    filled: Sequence[Sequence[int]], lengths: Sequence[int]
) -> list[tuple[int, int, int, int, int]]:
    """For each sequence its number, its number in its row, the row, its start, and its stop."""
    places = []
    for row, numbers in enumerate(filled):
        start = 0
        for segment, number in enumerate(numbers, 1):
            stop = start + lengths[number]
            places.append((number, segment, row, start, stop))
            start = stop
    return places
