"""Transformers that data sets name as their defaults, for `DataStream.default_stream`."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from fuel.streams import AbstractDataStream
from fuel.transformers.image import ImagesFromBytes
from fuel.transformers.numeric import ScaleAndShift
from fuel.transformers.sourcewise import SourcewiseTransformer, checked_sources

__all__ = ["ToBytes", "rgb_images_from_encoded_bytes", "uint8_pixels_to_floatX"]


class ToBytes(SourcewiseTransformer):
    """Arrays of bytes as `bytes` objects; of a batch, a list of them.

    Their axes are `bytes`, after `batch` if there is one.

    Args:
        data_stream: the stream to transform.
        which_sources: the sources to transform; default all.

    Raises:
        TypeError: if an example is no array of 8-bit numbers.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        which_sources: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("produces_examples", data_stream.produces_examples)
        if "axis_labels" not in kwargs:
            known = data_stream.axis_labels or dict.fromkeys(data_stream.sources)
            own = ("bytes",) if kwargs["produces_examples"] else ("batch", "bytes")
            which = checked_sources(data_stream, which_sources)
            kwargs["axis_labels"] = {**known, **dict.fromkeys(which, own)}
        super().__init__(data_stream, which_sources=which_sources, **kwargs)

    def transform_source_example(self, source_example: Any, source_name: str) -> bytes:
        """The bytes of one array."""
        if isinstance(source_example, bytes):
            return source_example
        array = np.asarray(source_example)
        if array.dtype.kind not in "uiS" or (array.dtype.kind != "S" and array.itemsize != 1):
            raise TypeError(
                f"source {source_name!r} holds {array.dtype}, but bytes are made of 8-bit numbers; "
                "name the sources to convert in which_sources"
            )
        return array.tobytes()

    def transform_source_batch(self, source_batch: Any, source_name: str) -> list[bytes]:
        """The bytes of each array."""
        return [self.transform_source_example(example, source_name) for example in source_batch]


def uint8_pixels_to_floatX(which_sources: tuple[str, ...]) -> tuple[Any, ...]:  # noqa: N802 (theirs)
    """Pixels of 0 to 255 as floats of 0 to 1, of the configured `floatX`.

    Args:
        which_sources: the sources that hold pixels.

    Returns:
        A value for `Dataset.default_transformers`.
    """
    return ((ScaleAndShift, [1 / 255, 0], {"which_sources": which_sources, "dtype": "floatX"}),)


def rgb_images_from_encoded_bytes(which_sources: tuple[str, ...]) -> tuple[Any, ...]:
    """Contents of image files, as arrays of bytes, decoded to images of three colours.

    Args:
        which_sources: the sources that hold files.

    Returns:
        A value for `Dataset.default_transformers`.
    """
    return ((ImagesFromBytes, [], {"which_sources": which_sources}),)
