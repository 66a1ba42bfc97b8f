"""Long sequences in segments, for truncated backpropagation through time."""

from typing import Any

import numpy as np

from fuel.streams import AbstractDataStream
from fuel.transformers._pieces import PiecesTransformer
from fuel.transformers.batches import as_batch

__all__ = ["Segments"]


class Segments(PiecesTransformer):
    """Cuts sequences into segments of a fixed length, one after the other.

    A recurrent network goes from segment to segment with the state it reached, and gradients stay
    within a segment: truncated backpropagation through time (Williams & Peng 1990). The source
    `begins` says where the state is to be reset: whether a segment is the first of its sequence.

    Of a stream of examples, the segments of each sequence come in turn, and `begins` is a boolean.
    Of a stream of batches, a batch of `n` sequences of one length, padded if need be, becomes
    batches of `n` segments; row `i` goes on in row `i`, and `begins` is an array of `n` booleans.

    The last segment of a sequence is shorter if the length does not divide; to have all of one
    length, let `Padding(..., lengths=...)` pad to its multiples. `SegmentRows` fills rows with one
    sequence after the other, so that nothing is padded but the end of an epoch.

    Args:
        data_stream: a stream whose sources are all sequences, as long as each other.
        length: elements in a segment.
        begins_source: name of the source that is added.

    Raises:
        ValueError: if `length` is not positive, or the stream has a source `begins_source`; on use,
            if the sources of an item differ in length, or a batch is ragged.

    >>> from fuel.datasets import IterableDataset
    >>> from fuel.streams import DataStream
    >>> texts = DataStream(IterableDataset(["abcde", "fg"]))
    >>> list(Segments(texts, 2).get_epoch_iterator())
    [('ab', True), ('cd', False), ('e', False), ('fg', True)]
    """

    _count_name = "start"

    def __init__(
        self,
        data_stream: AbstractDataStream,
        length: int,
        *,
        begins_source: str = "begins",
        **kwargs: Any,
    ) -> None:
        if length < 1:
            raise ValueError(f"length={length} must be 1 or more")
        if begins_source in data_stream.sources:
            raise ValueError(
                f"the stream has a source {begins_source!r} already; choose another begins_source"
            )
        examples = data_stream.produces_examples
        if data_stream.axis_labels is not None:
            begins: tuple[str, ...] = () if examples else ("batch",)
            kwargs.setdefault("axis_labels", {**data_stream.axis_labels, begins_source: begins})
        kwargs.setdefault("produces_examples", examples)
        super().__init__(data_stream, **kwargs)
        self.length = length
        self.begins_source = begins_source
        self.sources = (*data_stream.sources, begins_source)

    def next_item(self, request: Any) -> tuple[Any, ...]:
        """The next segment, or batch of segments.

        Raises:
            ValueError: if the sources of an item differ in length, or a batch is ragged.
            StopIteration: if there is none.
        """
        while not self._held or self._given >= self._length_of(self._held[0]):
            self.release()
            self._given = 0
            self._check(self.fetch())
        item = self._held[0]
        part = slice(self._given, self._given + self.length)
        begins = self._given == 0
        self._given += self.length
        if self.produces_examples:
            return (*(sequence[part] for sequence in item), begins)
        return (*(_array(batch)[:, part] for batch in item), np.full(len(item[0]), begins))

    def _length_of(self, item: tuple[Any, ...]) -> int:
        return len(item[0] if self.produces_examples else item[0][0])

    def _check(self, item: tuple[Any, ...]) -> None:
        if self.produces_examples:
            lengths = [len(sequence) for sequence in item]
        else:
            shapes = [_array(batch).shape for batch in item]
            if any(len(shape) < 2 for shape in shapes):
                self.release()
                raise ValueError(
                    f"the sources {self.data_stream.sources} have the shapes {shapes}, but must be "
                    "batches of sequences of one length, (examples, length, ...); ragged ones can "
                    "be padded by Padding, others left out by FilterSources"
                )
            lengths = [shape[1] for shape in shapes]
        if len(set(lengths)) != 1:
            self.release()
            raise ValueError(
                f"the sources {self.data_stream.sources} of an item have the lengths {lengths}, "
                "but are cut into segments together; leave others out with FilterSources"
            )


def _array(batch: Any) -> np.ndarray:
    return batch if isinstance(batch, np.ndarray) else as_batch(batch)
