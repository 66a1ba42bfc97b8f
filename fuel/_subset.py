"""Part of the examples of a data set, and the translation of requests to it."""

import zlib
from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from fuel._selection import Selection, checked_request

__all__ = ["Subset"]


class Subset:
    """Some of a number of examples, in their order, each once.

    Args:
        list_or_slice: which examples. A list may be in any order and repeat itself; indices without
            gaps become a slice. A slice has step 1 and non-negative ends.
        original_num_examples: how many examples there are.

    Raises:
        TypeError: if it is given by something else.
        ValueError: if an index or a slice reaches outside of the examples.

    >>> Subset([5, 3, 4], 10).list_or_slice
    slice(3, 6, None)
    """

    def __init__(
        self, list_or_slice: slice | Sequence[int] | np.ndarray, original_num_examples: int
    ) -> None:
        self.original_num_examples = int(original_num_examples)
        self._indices: np.ndarray | None = None
        if isinstance(list_or_slice, slice):
            self._slice = self._checked_slice(list_or_slice)
        else:
            indices = self._checked_indices(list_or_slice)
            count = len(indices)
            start = int(indices[0]) if count else 0
            self._slice = slice(start, start + count)
            if not count or indices[-1] - start != count - 1:
                self._indices = indices

    @classmethod
    def empty_subset(cls, original_num_examples: int) -> "Subset":
        """No example at all."""
        return cls([], original_num_examples)

    @classmethod
    def subset_of(cls, subset: "Subset", list_or_slice: slice | Sequence[int]) -> "Subset":
        """Part of a subset; `list_or_slice` counts within it.

        Raises:
            ValueError: if it reaches outside.
        """
        part = cls(list_or_slice, subset.num_examples)
        if part.is_empty:
            return cls.empty_subset(subset.original_num_examples)
        chosen = subset.translate(part._indices if part._indices is not None else part._slice)
        assert not isinstance(chosen, int)
        return cls(chosen, subset.original_num_examples)

    @property
    def is_list(self) -> bool:
        """Whether there are gaps, or no example was given."""
        return self._indices is not None

    @property
    def is_empty(self) -> bool:
        """Whether there is no example."""
        return self.num_examples == 0

    @property
    def num_examples(self) -> int:
        """How many examples there are."""
        if self._indices is not None:
            return len(self._indices)
        return int(self._slice.stop - self._slice.start)

    @property
    def list_or_slice(self) -> list[int] | slice:
        """The examples as a slice if there are no gaps, else as a sorted list."""
        return self._slice if self._indices is None else self._indices.tolist()

    @property
    def description(self) -> str:
        """Which examples they are, in a few words; different ones have different words."""
        if self._indices is None:
            return f"rows {self._slice.start} to {self._slice.stop}"
        return f"rows of checksum {zlib.crc32(self._indices.astype('<i8').tobytes()):08x}"

    def get_list_representation(self) -> list[int]:
        """The examples as a sorted list."""
        if self._indices is not None:
            return self._indices.tolist()
        return list(range(self._slice.start, self._slice.stop))

    def translate(self, selection: Selection) -> Selection:
        """Where in the original the examples of a checked request are.

        Args:
            selection: what `checked_request` gave for this subset's number of examples.
        """
        if self._indices is not None:
            chosen = self._indices[selection]
            return int(chosen) if isinstance(selection, int) else chosen
        offset = self._slice.start
        if not offset:
            return selection
        if isinstance(selection, slice):
            return slice(selection.start + offset, selection.stop + offset, selection.step)
        return selection + offset

    def index_within_subset(
        self, indexable: Any, subset_request: Any, sort_indices: bool = False
    ) -> Any:
        """The elements of `indexable` that a request within this subset means.

        Args:
            indexable: has `original_num_examples` elements.
            subset_request: an integer, a slice or a list of indices.
            sort_indices: read in increasing order and put in the order asked for afterwards, as an
                HDF5 data set needs it.
        """
        selection = self.translate(checked_request(subset_request, self.num_examples))
        stays_slice = isinstance(subset_request, slice) and isinstance(selection, slice)
        if stays_slice or isinstance(selection, int):
            return indexable[selection]
        if isinstance(indexable, list | tuple):
            return [indexable[place] for place in _as_list(selection)]
        if isinstance(selection, np.ndarray) and sort_indices:
            return self.sorted_fancy_indexing(indexable, selection)
        return indexable[selection]

    @staticmethod
    def sorted_fancy_indexing(indexable: Any, request: Sequence[int] | np.ndarray) -> Any:
        """Elements of `indexable` as requested, but read in increasing order, each once."""
        distinct, places = np.unique(np.asarray(request), return_inverse=True)
        return np.asarray(indexable[distinct])[places]

    @staticmethod
    def slice_to_numerical_args(slice_: slice, num_examples: int) -> tuple[int, int, int]:
        """Start, stop and step of a slice, with what was left out filled in."""
        start = 0 if slice_.start is None else slice_.start
        stop = num_examples if slice_.stop is None else slice_.stop
        return start, stop, 1 if slice_.step is None else slice_.step

    def __getitem__(self, request: Any) -> Any:
        if isinstance(request, slice) and request == slice(None):
            return self.list_or_slice
        selection = self.translate(checked_request(request, self.num_examples))
        if isinstance(selection, int) or (isinstance(request, slice) and not self.is_list):
            return selection
        return _as_list(selection)

    def __add__(self, other: "Subset") -> "Subset":
        if self.original_num_examples != other.original_num_examples:
            raise ValueError(
                f"subsets of {self.original_num_examples} and of {other.original_num_examples} "
                "examples have no union"
            )
        if self.is_empty or other.is_empty:
            return other if self.is_empty else self
        touch = self._slice.start <= other._slice.stop and other._slice.start <= self._slice.stop
        if touch and not self.is_list and not other.is_list:
            start = min(self._slice.start, other._slice.start)
            stop = max(self._slice.stop, other._slice.stop)
            return Subset(slice(start, stop, 1), self.original_num_examples)
        both = np.concatenate([np.asarray(part._as_array()) for part in (self, other)])
        return Subset(both, self.original_num_examples)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Subset)
            and self.original_num_examples == other.original_num_examples
            and np.array_equal(self._as_array(), other._as_array())
        )

    __hash__ = None  # type: ignore[assignment]  # equal by value, and values are arrays

    def __repr__(self) -> str:
        return f"Subset({self.list_or_slice}, {self.original_num_examples})"

    def _list_request_sanity_check(self, request: Sequence[int], num_examples: int) -> None:
        """Refuse a list of indices that is empty or reaches outside of so many examples."""
        checked_request(request, num_examples)

    def _slice_request_sanity_check(self, request: slice, num_examples: int) -> None:
        """Refuse a slice that is empty or reaches outside of so many examples."""
        checked_request(request, num_examples)

    def _as_array(self) -> np.ndarray:
        if self._indices is not None:
            return self._indices
        return np.arange(self._slice.start, self._slice.stop)

    def _checked_slice(self, wanted: slice) -> slice:
        total = self.original_num_examples
        start, stop, step = self.slice_to_numerical_args(wanted, total)
        is_within = 0 <= start <= stop <= total and start < total
        if index(step) != 1 or not (is_within or start == stop == total == 0):
            raise ValueError(
                f"{wanted} is not part of {total} examples; it needs step 1, start < {total} and "
                f"0 <= start <= stop <= {total}"
            )
        return slice(int(start), int(stop), wanted.step)

    def _checked_indices(self, wanted: Sequence[int] | np.ndarray) -> np.ndarray:
        if not isinstance(wanted, Sequence | np.ndarray):
            raise TypeError(
                f"a subset is given by a slice or a list of indices, not by {wanted!r}; the first "
                "ones are slice(0, count)"
            )
        indices = np.unique(np.asarray(wanted))
        if not len(indices):
            return indices.astype(np.int64)
        if indices.dtype.kind not in "iu":
            raise ValueError(f"a subset is given by integers, but these are {indices.dtype} values")
        if indices[0] < 0 or indices[-1] >= self.original_num_examples:
            raise ValueError(
                f"the subset has indices {indices[0]} to {indices[-1]}, but there are "
                f"{self.original_num_examples} examples"
            )
        return indices.astype(np.int64)


def _as_list(selection: slice | np.ndarray) -> list[int]:
    if isinstance(selection, slice):
        return list(range(selection.start, selection.stop, selection.step))
    return selection.tolist()
