"""Batches of bytes that are described and not made yet, so that all is done to them in one pass.

Where a transformer says that it takes them (`_takes_pending`) and what is before it that it gives
them (`_gives_pending`), it asks for its items by a `Deferring`, and may be handed a `Pending` in
place of an array: which rows, which window of each, which are mirrored, how they are scaled. The
last to know what to do with it makes the array, by compiled code that reads each byte once. The
numbers are those that NumPy makes, bit for bit. Who asks in any other way, and code that is not our
own, is given arrays.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fuel._streams._context import Allocate, new_array

try:
    from fuel import _native
except ImportError:  # there was no compiler where this was installed
    _native = None  # type: ignore[assignment]

__all__ = [
    "COMPILED",
    "CanDefer",
    "Deferring",
    "Pending",
    "as_array",
    "defers",
    "is_suitable",
    "keeps",
    "pending_bytes",
    "pending_of",
]

COMPILED = _native is not None
"""Whether the compiled code is there; if not, there is never anything pending."""
_BYTE, _FLOAT = np.dtype(np.uint8), np.dtype(np.float32)
_FIRST = np.zeros(1, np.int64)


class Deferring:
    """Allocates arrays, and tells for which sources none is wanted yet, but what is pending.

    Args:
        sources: names of those sources.
        allocate: makes the arrays of the others.
    """

    def __init__(self, sources: Iterable[str], allocate: Allocate = new_array) -> None:
        self.sources = frozenset(sources)
        self._allocate = allocate

    def __call__(self, source: str, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        """An array for a source's result."""
        return self._allocate(source, shape, dtype)


class CanDefer(ABC):
    """A data set that knows how to give what is pending, to who asks for it by `Deferring`."""

    @property
    @abstractmethod
    def _can_defer(self) -> bool:
        """Whether it reads in its own ways, and no others were put in place of them."""

    @abstractmethod
    def _is_quick(self, pending: frozenset[str]) -> bool:
        """Whether a batch takes next to no time and memory, once these sources are pending.

        Then nobody's code but ours runs, either.
        """

    @abstractmethod
    def get_data_into(self, state: Any, request: Any, allocate: Allocate) -> Any:
        """The data of a request, in arrays made by `allocate`, or pending where it defers."""


class Pending:
    """Some rows of an array of bytes, perhaps cut, mirrored and scaled, that are not gathered yet.

    Args:
        array: `(rows, ...)` unsigned bytes, C-contiguous.
        rows: which ones, as integers within the array; None for all, in order.
    """

    def __init__(self, array: np.ndarray, rows: np.ndarray | None = None) -> None:
        self._array = array
        self._rows = rows
        self._tops: np.ndarray | None = None
        self._lefts: np.ndarray | None = None
        self._across: np.ndarray | None = None
        self._down: np.ndarray | None = None
        self._affine: tuple[float, float] | None = None
        self._prepared: tuple[Any, ...] | None = None
        self.shape: tuple[int, ...] = (len(array if rows is None else rows), *array.shape[1:])

    @property
    def ndim(self) -> int:
        """How many axes the array will have."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype:
        """The type that the array will have: bytes, or 32-bit floats if it is scaled."""
        return _BYTE if self._affine is None else _FLOAT

    @property
    def nbytes(self) -> int:
        """How many bytes the array will have."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def cropped(self, tops: np.ndarray, lefts: np.ndarray, window: tuple[int, int]) -> Pending:
        """A window of each image of a batch `(batch, channel, height, width)`.

        Args:
            tops: the first row of each window, and
            lefts: its first column.
            window: height and width, which fit.
        """
        height, width = self.shape[-2:]
        if self._down is not None:  # the windows are those of the mirrored images
            tops = np.where(self._down, height - window[0] - tops, tops)
        if self._across is not None:
            lefts = np.where(self._across, width - window[1] - lefts, lefts)
        made = self._like(self.shape[:2] + window)
        made._tops = tops if self._tops is None else self._tops + tops
        made._lefts = lefts if self._lefts is None else self._lefts + lefts
        return made

    def mirrored(self, across: np.ndarray, down: np.ndarray) -> Pending:
        """The images of a batch `(batch, channel, height, width)`, some of them mirrored.

        Args:
            across: whether to exchange left and right, for each, and
            down: whether top and bottom.
        """
        made = self._like(self.shape)
        made._across = across if self._across is None else self._across ^ across
        made._down = down if self._down is None else self._down ^ down
        return made

    def as_floats(self, scale: float = 1.0, shift: float = 0.0) -> Pending:
        """Bytes as 32-bit floats, times a scale, plus a shift, in this order."""
        assert self._affine is None
        made = self._like(self.shape)
        made._affine = scale, shift
        return made

    def prepare(self) -> None:
        """Work out now what the compiled code will be told."""
        self._prepared = self._described()

    def hand_on(self, source: str, allocate: Allocate) -> Pending | np.ndarray:
        """Itself, if that is what `allocate` asks for; else an array, which that makes."""
        return self if defers(allocate, source) else self.gather(source, allocate)

    def gather(self, source: str, allocate: Allocate) -> np.ndarray:
        """All that it describes, in an array made by `allocate`."""
        out = allocate(source, self.shape, self.dtype)
        self.write(out)
        return out

    def write(self, out: np.ndarray) -> None:
        """All that it describes, to an array of its shape and type."""
        described = self._prepared or self._described()
        if self._affine is None:
            _native.gather_bytes(*described, out)
        else:
            _native.gather_floats(*described, out, *self._affine)

    def _like(self, shape: tuple[int, ...]) -> Pending:
        made = Pending(self._array, self._rows)
        made._tops, made._lefts = self._tops, self._lefts
        made._across, made._down = self._across, self._down
        made._affine = self._affine
        made.shape = shape
        return made

    def _described(self) -> tuple[Any, ...]:
        """The first arguments of the compiled functions, of as few and long rows as will do."""
        tops, lefts, across, down = self._tops, self._lefts, self._across, self._down
        picture: tuple[int, ...]
        if tops is None and across is None:
            examples = 1 if self._rows is None else len(self)
            picture = 1, 1, math.prod(self.shape) // examples
            rows = _FIRST if self._rows is None else _int64(self._rows)
            return self._array, rows, picture, picture[1:], None, None, None, None
        rows = np.arange(len(self)) if self._rows is None else self._rows
        picture, window = self._array.shape[1:], self.shape[2:]
        corners = (tops, lefts) if tops is None else (_int64(tops), _int64(lefts))
        return self._array, _int64(rows), picture, window, *corners, across, down


def defers(allocate: Allocate, source: str) -> bool:
    """Whether a source's result may be pending."""
    return type(allocate) is Deferring and source in allocate.sources


def keeps(thing: Any, kind: type, *methods: str) -> bool:
    """Whether methods of `kind` were not replaced, neither by a subclass nor on the very object."""
    own, actual = vars(thing), type(thing)
    return all(name not in own and getattr(actual, name) is getattr(kind, name) for name in methods)


def pending_of(data: Any) -> Pending | None:
    """`data` if it is pending; all of it, if it is an array that could be; else None."""
    if type(data) is Pending:
        return data
    return Pending(data) if is_suitable(data) and data.flags.c_contiguous else None


def pending_bytes(data: Any) -> Pending | None:
    """What `pending_of` gives, unless it is scaled already: that can be done once only."""
    pending = pending_of(data)
    return pending if pending is not None and pending.dtype is _BYTE else None


def as_array(data: Any, source: str, allocate: Allocate = new_array) -> Any:
    """`data`, gathered if it is pending."""
    return data.gather(source, allocate) if type(data) is Pending else data


def is_suitable(array: Any) -> bool:
    """Whether examples of an array may be pending, if it is C-contiguous."""
    is_array = COMPILED and type(array) is np.ndarray
    return is_array and array.dtype is _BYTE and array.ndim > 0 and array.size > 0


def _int64(values: Any) -> np.ndarray:
    """A copy, which nobody can change between the compiled code's look at it and its use."""
    return np.array(values, np.int64)
