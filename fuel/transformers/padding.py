"""Sequences of different lengths as one array, with a mask."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fuel._streams._context import Allocate, Context
from fuel.config_parser import config
from fuel.streams import AbstractDataStream
from fuel.transformers.base import Transformer
from fuel.transformers.sourcewise import checked_sources

__all__ = ["Padding"]


class Padding(Transformer):
    """Pads the sequences of a batch with zeros to one length, and adds masks.

    A source `name` is followed by the source `name_mask`, whose shape is (examples, length): one
    where there is data, zero where there is padding. The type of padded data is the one that holds
    all the batch's examples; an empty list is of no type.

    Args:
        data_stream: a stream of batches.
        mask_sources: the sources to pad; default all.
        mask_dtype: of the masks; default the configured floatX.
        lengths: pad to the least of these that is long enough, rather than to the longest sequence
            of the batch. A compiled function then sees as many shapes as there are lengths.

    Raises:
        ValueError: if the stream produces examples, does not have one of `mask_sources`, or has a
            source by the name of a mask; on use, if sequences differ in other axes than the first,
            or if one is longer than all `lengths`.

    >>> from fuel.datasets import IndexableDataset
    >>> from fuel.schemes import SequentialScheme
    >>> from fuel.streams import DataStream
    >>> words = IndexableDataset({"words": [[1, 2, 3], [4]]})
    >>> padded = Padding(DataStream(words, SequentialScheme(2, 2)), mask_dtype="int8")
    >>> padded.peek()
    {'words': array([[1, 2, 3],
           [4, 0, 0]]), 'words_mask': array([[1, 1, 1],
           [1, 0, 0]], dtype=int8)}
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        mask_sources: Iterable[str] | None = None,
        mask_dtype: DTypeLike | None = None,
        *,
        lengths: Iterable[int] | None = None,
        **kwargs: Any,
    ) -> None:
        if data_stream.produces_examples:
            raise ValueError(
                f"Padding pads batches, but {type(data_stream).__name__} produces examples; make "
                "batches first, with Batch or a batch scheme"
            )
        self.mask_sources = checked_sources(data_stream, mask_sources)
        self.mask_dtype = np.dtype(config.floatX if mask_dtype is None else mask_dtype)
        self.lengths = None if lengths is None else sorted(lengths)
        if self.lengths is not None and (not self.lengths or self.lengths[0] < 1):
            raise ValueError(f"lengths={self.lengths} must be one or more positive numbers")
        sources: list[str] = []
        labels = None if data_stream.axis_labels is None else dict(data_stream.axis_labels)
        for source in data_stream.sources:
            sources.append(source)
            if source in self.mask_sources:
                sources.append(source + "_mask")
                if labels is not None:
                    own = labels.get(source)
                    labels[source + "_mask"] = own and tuple(own[:2])
        if twice := sorted({source for source in sources if sources.count(source) > 1}):
            raise ValueError(f"the stream has sources by the names of masks, {twice}; Rename them")
        if labels is not None:
            kwargs.setdefault("axis_labels", labels)
        kwargs.setdefault("produces_examples", False)
        super().__init__(data_stream, **kwargs)
        self.sources = sources

    def apply(self, data: Any, context: Context) -> tuple[Any, ...]:
        """The batch with its sequences padded, and their masks."""
        result: list[Any] = []
        for source, part in zip(self.data_stream.sources, data, strict=True):
            if source in self.mask_sources:
                result.extend(self._padded(source, part, context.allocate))
            else:
                result.append(part)
        return tuple(result)

    def passes_on(self, source: str) -> str | None:
        """A source that is not padded is passed on."""
        known = source in self.data_stream.sources and source not in self.mask_sources
        return source if known else None

    def _padded(
        self, source: str, examples: Any, allocate: Allocate
    ) -> tuple[np.ndarray, np.ndarray]:
        rectangle = isinstance(examples, np.ndarray) and examples.dtype != object
        arrays = examples if rectangle else [np.asarray(example) for example in examples]
        shapes = {examples.shape[1:]} if rectangle else {array.shape for array in arrays}
        self._check(source, shapes)
        lengths = [len(array) for array in arrays]
        length = self._length(source, max(lengths, default=0))
        rest = next(iter(shapes))[1:] if shapes else ()
        shape = (len(arrays), length, *rest)
        out = allocate(source, shape, examples.dtype if rectangle else _type(examples, arrays))
        filled = np.arange(length) < np.reshape(lengths, (-1, 1))
        mask = allocate(source + "_mask", shape[:2], self.mask_dtype)
        mask[...] = filled
        if rectangle:
            width = examples.shape[1]
            out[:, :width] = examples
            out[:, width:] = 0
        else:
            out[...] = np.zeros((), out.dtype)
            if arrays:
                out[filled] = np.concatenate(arrays, dtype=out.dtype, casting="unsafe")
        return out, mask

    def _check(self, source: str, shapes: set[tuple[int, ...]]) -> None:
        if () in shapes:
            raise ValueError(
                f"the examples of source {source!r} are no sequences, so they cannot be padded; "
                "name those that are in mask_sources"
            )
        if len({shape[1:] for shape in shapes}) > 1:
            raise ValueError(
                f"the sequences of source {source!r} have the shapes {sorted(shapes)}; to be "
                "padded, they must differ in their first axis only"
            )

    def _length(self, source: str, longest: int) -> int:
        if self.lengths is None:
            return longest
        place = bisect_left(self.lengths, longest)
        if place == len(self.lengths):
            raise ValueError(
                f"source {source!r} has a sequence of {longest} elements, but the greatest of "
                f"lengths is {self.lengths[-1]}; add a greater one, or filter long sequences out"
            )
        return self.lengths[place]


def _type(examples: Sequence[Any], arrays: Sequence[np.ndarray]) -> np.dtype:
    """The type that holds all examples; what is empty counts only if it is an array."""
    types = {
        array.dtype
        for example, array in zip(examples, arrays, strict=True)
        if array.size or isinstance(example, np.ndarray)
    }
    return np.result_type(*types) if types else np.dtype(config.floatX)
