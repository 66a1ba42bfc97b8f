"""Transformers that compute with numbers: shapes, scales and types."""

import math
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fuel._streams._context import Allocate, Context, new_array
from fuel._streams._pending import as_array, pending_bytes
from fuel.config_parser import config
from fuel.streams import AbstractDataStream
from fuel.transformers._ragged import each, is_ragged
from fuel.transformers.sourcewise import AgnosticSourcewiseTransformer, SourcewiseTransformer

__all__ = ["Cast", "Flatten", "ForceFloatX", "ScaleAndShift", "WritingTransformer"]

_TWICE = 1 << 21
"""Up to so many bytes, which stay in a cache, it is faster to cast and then to multiply in place
than to do both in one pass."""
_LARGEST = float(np.finfo(np.float32).max)
_PLAIN = (int, float)


class WritingTransformer(AgnosticSourcewiseTransformer):
    """A sourcewise transformer that keeps axes, and writes into arrays it is given."""

    def __init__(
        self,
        data_stream: AbstractDataStream,
        which_sources: Iterable[str] | None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("axis_labels", data_stream.axis_labels)
        kwargs.setdefault("produces_examples", data_stream.produces_examples)
        super().__init__(data_stream, which_sources=which_sources, **kwargs)

    def apply(self, data: Any, context: Context) -> Any:
        """What becomes of an example or of a batch."""
        which, allocate = self.which_sources, context.allocate
        return tuple(
            [
                self._write(part, name, allocate) if name in which else as_array(part, name)
                for name, part in zip(self.sources, data, strict=True)
            ]
        )

    def transform_any_source(self, source_data: Any, source_name: str) -> Any:
        """What becomes of an example or a batch of one source."""
        return self._write(source_data, source_name, new_array)

    @abstractmethod
    def _write(self, data: Any, source: str, allocate: Allocate) -> Any:
        """The result for one source, in an array made by `allocate` if it is a new one."""


class Flatten(SourcewiseTransformer):
    """Examples as vectors: a batch gets the shape (examples, features). No data is moved.

    In a ragged batch each example becomes a vector.

    Args:
        data_stream: the stream to transform.
        which_sources: the sources to flatten; default all.

    Raises:
        ValueError: if the stream does not have one of `which_sources`.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        which_sources: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("produces_examples", data_stream.produces_examples)
        super().__init__(data_stream, which_sources=which_sources, **kwargs)
        if data_stream.axis_labels is not None and self.axis_labels is not None:
            flat = ("feature",) if self.produces_examples else ("batch", "feature")
            theirs = data_stream.axis_labels
            own = {
                name: None if theirs[name] is None else flat
                for name in self.which_sources
                if name in theirs
            }
            self.axis_labels = {**own, **self.axis_labels}

    def transform_source_example(self, source_example: Any, source_name: str) -> np.ndarray:
        """The example as a vector."""
        return np.asarray(source_example).reshape(-1)

    def transform_source_batch(self, source_batch: Any, source_name: str) -> np.ndarray:
        """The batch with one axis beside that of the examples."""
        if is_ragged(source_batch):
            return each(np.ravel, source_batch)
        batch = np.asarray(source_batch)
        return batch.reshape(len(batch), math.prod(batch.shape[1:]))

    def passes_on(self, source: str) -> str:
        """Every source is the child's, in another shape at most."""
        return source


class ScaleAndShift(WritingTransformer):
    """Data times a scale, plus a shift, in this order.

    Types follow NumPy: unsigned bytes times a Python float are 64-bit floats, 32-bit floats times
    one stay what they are, bytes times a Python integer stay bytes and wrap around. In a ragged
    batch, or a list of examples, each is computed by itself.

    Args:
        data_stream: the stream to transform.
        scale: what to multiply by.
        shift: what to add.
        which_sources: the sources to transform; default all.
        dtype: compute in this floating type instead, for instance "float32" or "floatX" (the
            configured one); three times faster than casting afterwards, and the last bit may
            differ from that.

    Raises:
        ValueError: if the stream does not have one of `which_sources`, or `dtype` is not floating.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        scale: Any,
        shift: Any,
        which_sources: Iterable[str] | None = None,
        *,
        dtype: DTypeLike | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_stream, which_sources, **kwargs)
        self.scale = scale
        self.shift = shift
        self.dtype = None if dtype is None else _dtype(dtype)
        if self.dtype is not None and self.dtype.kind not in "fc":
            raise ValueError(
                f"dtype={self.dtype} cannot hold scaled data; choose a floating type, or "
                "leave dtype out and cast afterwards"
            )

    def _knows_pending(self) -> bool:
        return self._is_exactly(ScaleAndShift) and self._is_simple()

    def _is_simple(self) -> bool:
        """Whether NumPy would compute in 32-bit floats alone."""
        scale, shift = self.scale, self.shift
        return (
            self.dtype == np.float32
            and type(scale) in _PLAIN
            and type(shift) in _PLAIN
            and abs(scale) <= _LARGEST
            and abs(shift) <= _LARGEST
        )

    def _write(self, data: Any, source: str, allocate: Allocate) -> Any:
        if self._is_simple() and (pending := pending_bytes(data)) is not None:
            return pending.as_floats(self.scale, self.shift).hand_on(source, allocate)
        data = as_array(data, source)
        scale, shift = self.scale, self.shift
        if isinstance(data, list) and type(scale) in (int, float):  # times one, it would repeat
            return [self._write(np.asarray(example), source, new_array) for example in data]
        if not (
            isinstance(data, np.ndarray) and data.ndim and _is_scalar(scale) and _is_scalar(shift)
        ):
            if is_ragged(data):
                return each(lambda example: self._write(example, source, new_array), data)
            result = data * scale + shift
            return result if self.dtype is None else np.asarray(result, self.dtype)
        if is_ragged(data):
            return each(lambda example: self._write(example, source, new_array), data)
        if self.dtype is not None:
            out = allocate(source, data.shape, self.dtype)
            if out.nbytes > _TWICE:
                np.multiply(data, scale, out=out, dtype=self.dtype, casting="unsafe")
            else:
                np.copyto(out, data, casting="unsafe")
                np.multiply(out, scale, out=out)
        else:
            dtype = np.result_type(data, scale)
            if np.result_type(dtype, shift) != dtype:
                return data * scale + shift
            out = allocate(source, data.shape, dtype)
            np.multiply(data, scale, out=out)
        if shift != 0:
            np.add(out, shift, out=out)
        return out


class Cast(WritingTransformer):
    """Data as another type. In a ragged batch, each example by itself.

    Args:
        data_stream: the stream to transform.
        dtype: the type; "floatX" is the configured one.
        which_sources: the sources to transform; default all.

    Raises:
        ValueError: if the stream does not have one of `which_sources`.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        dtype: DTypeLike,
        which_sources: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_stream, which_sources, **kwargs)
        self.dtype = _dtype(dtype)

    def _knows_pending(self) -> bool:
        return self._is_exactly(Cast) and self.dtype == np.float32

    def _write(self, data: Any, source: str, allocate: Allocate) -> Any:
        if self.dtype == np.float32 and (pending := pending_bytes(data)) is not None:
            return pending.as_floats().hand_on(source, allocate)
        data = as_array(data, source)
        if not isinstance(data, np.ndarray) or data.dtype == self.dtype:
            return np.asarray(data, dtype=self.dtype)
        if is_ragged(data):
            return each(lambda example: np.asarray(example, self.dtype), data)
        out = allocate(source, data.shape, self.dtype)
        np.copyto(out, data, casting="unsafe")
        return out


class ForceFloatX(WritingTransformer):
    """Arrays of floating type as the configured floating type; nothing else is touched.

    Args:
        data_stream: the stream to transform.
        which_sources: the sources to transform; default all.

    Raises:
        ValueError: if the stream does not have one of `which_sources`.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        which_sources: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_stream, which_sources, **kwargs)
        self.dtype = _dtype("floatX")

    def _write(self, data: Any, source: str, allocate: Allocate) -> Any:
        if is_ragged(data):
            return each(lambda example: self._write(example, source, new_array), data)
        if (
            not isinstance(data, np.ndarray | np.floating)
            or data.dtype.kind != "f"
            or data.dtype == self.dtype
        ):
            return data
        out = allocate(source, data.shape, self.dtype)
        np.copyto(out, data, casting="unsafe")
        return out if isinstance(data, np.ndarray) else out[()]


def _is_scalar(value: Any) -> bool:
    return isinstance(value, (int, float)) or np.ndim(value) == 0


def _dtype(dtype: DTypeLike) -> np.dtype:
    return np.dtype(config.floatX if isinstance(dtype, str) and dtype == "floatX" else dtype)
