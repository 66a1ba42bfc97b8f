"""Images from encoded bytes: JPEG, PNG and whatever else Pillow reads."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from fuel.streams import AbstractDataStream, AxisLabels
from fuel.transformers.image._decoding import decoded_image, image_pixels, pillow
from fuel.transformers.image._formats import EXAMPLE_AXES
from fuel.transformers.sourcewise import SourcewiseTransformer, checked_sources

__all__ = ["ImagesFromBytes"]


class ImagesFromBytes(SourcewiseTransformer):
    """Images as arrays `(channel, height, width)`, decoded from files' contents.

    An image in grey has one channel; grey of 16 bits is scaled to 8 where a colour mode is given. A
    batch gives a list, since images may differ in size. Needs Pillow, the extra `images`.

    Args:
        data_stream: the stream to transform; its sources are `bytes`, or arrays of them, one axis
            of `uint8`, as files of encoded images have them.
        color_mode: Pillow's name of what to convert to, for instance `"RGB"` or `"L"`; None to
            leave images as they are.
        which_sources: the sources to transform; default all.
        upright: whether images are turned as their files say that the camera was turned, as
            photographs of telephones often do.

    Raises:
        ImportError: if Pillow is not installed.
        TypeError: if what comes are no bytes.
        ValueError: if the bytes are no image that Pillow can read, or one without pixels to show as
            an array.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        color_mode: str | None = "RGB",
        which_sources: Iterable[str] | None = None,
        *,
        upright: bool = False,
        **kwargs: Any,
    ) -> None:
        pillow("Image")
        kwargs.setdefault("produces_examples", data_stream.produces_examples)
        kwargs.setdefault(
            "axis_labels",
            _labels(
                data_stream,
                checked_sources(data_stream, which_sources),
                kwargs["produces_examples"],
            ),
        )
        super().__init__(data_stream, which_sources=which_sources, **kwargs)
        self.color_mode = color_mode
        self.upright = upright

    def transform_source_example(self, source_example: Any, source_name: str) -> np.ndarray:
        """The image of a file's contents."""
        content = _content(source_example, source_name)
        try:
            pixels = image_pixels(decoded_image(content, self.color_mode, upright=self.upright))
        except Exception as error:  # over damaged files Pillow's readers raise errors of any kind
            raise ValueError(
                f"{len(content)} bytes of source {source_name!r}, which begin with "
                f"{content[:8]!r}, cannot be decoded as an image: {error}"
            ) from error
        return pixels

    def transform_source_batch(self, source_batch: Any, source_name: str) -> list[np.ndarray]:
        """The images of several files' contents."""
        return [self.transform_source_example(example, source_name) for example in source_batch]


def _labels(
    data_stream: AbstractDataStream, which: tuple[str, ...], produces_examples: bool
) -> AxisLabels:
    known = data_stream.axis_labels or {}
    own = EXAMPLE_AXES if produces_examples else ("batch", *EXAMPLE_AXES)
    return {name: own if name in which else known.get(name) for name in data_stream.sources}


def _content(value: Any, source_name: str) -> bytes:
    """The bytes of a file.

    Raises:
        TypeError: if it is neither `bytes` nor an array of them.
    """
    if isinstance(value, bytes):
        return value
    if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 1:
        return value.tobytes()
    raise TypeError(
        f"source {source_name!r} gave {_kind(value)}, but images are decoded from bytes objects or "
        "arrays of uint8 with one axis; name the sources to decode in which_sources"
    )


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and type {value.dtype}"
    return f"a {type(value).__name__}"
