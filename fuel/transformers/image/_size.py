"""Images made at least so large."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fuel.streams import AbstractDataStream
from fuel.transformers.image._crop import checked_shape
from fuel.transformers.image._formats import ImageTransformer, is_batch_array
from fuel.transformers.image._resampling import checked_filter, enlarge
from fuel.transformers.sourcewise import SourcewiseTransformer

__all__ = ["MinimumImageDimensions"]


class MinimumImageDimensions(SourcewiseTransformer, ImageTransformer):
    """Images, enlarged if they are smaller than a window is to be; others go as they are.

    Height and width grow by the same factor, the least that will do, and are rounded up. Images are
    arrays `(channel, height, width)` or `(height, width)` of any number type. A batch that is one
    array gives one, any other a list.

    Args:
        data_stream: the stream to transform.
        minimum_shape: the least height and width.
        resample: `"nearest"`, `"bilinear"` or `"bicubic"`: what to take between the pixels.
        which_sources: the sources to transform; default all.

    Raises:
        ValueError: if `minimum_shape` is not two positive numbers, or there is no such filter.
        NotImplementedError: if an image has another number of axes.
        AxisLabelsMismatchError: if a source's axes are labelled otherwise.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        minimum_shape: Sequence[int],
        resample: str = "nearest",
        which_sources: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.minimum_shape = checked_shape("minimum_shape", minimum_shape)
        self.resample = checked_filter(resample)
        kwargs.setdefault("produces_examples", data_stream.produces_examples)
        kwargs.setdefault("axis_labels", data_stream.axis_labels)
        super().__init__(data_stream, which_sources=which_sources, **kwargs)

    def transform_source_example(self, source_example: Any, source_name: str) -> np.ndarray:
        """The image, enlarged if it is too small."""
        self.verify_example(source_name)
        return self._enlarged(source_example, source_name)

    def transform_source_batch(self, source_batch: Any, source_name: str) -> Any:
        """The images, each enlarged if it is too small."""
        self.verify_batch(source_name)
        if not is_batch_array(source_batch):
            return [self._enlarged(image, source_name) for image in source_batch]
        shape = self._shape(source_batch.shape[-2:])
        return enlarge(source_batch, shape, self.resample) if shape else source_batch

    def _enlarged(self, image: Any, source: str) -> np.ndarray:
        if not isinstance(image, np.ndarray) or image.ndim not in (2, 3):
            found = f"of shape {image.shape}" if isinstance(image, np.ndarray) else type(image)
            raise NotImplementedError(
                f"an image {found} came in source {source!r}; it must be an array (channel, "
                "height, width) or (height, width)"
            )
        shape = self._shape(image.shape[-2:])
        return enlarge(image, shape, self.resample) if shape else image

    def _shape(self, shape: tuple[int, ...]) -> tuple[int, int] | None:
        """What to enlarge an image of a shape to; None if it is large enough."""
        least = self.minimum_shape
        if shape[0] >= least[0] and shape[1] >= least[1]:
            return None
        if 0 in shape:
            raise ValueError(f"an image of {shape[0]} by {shape[1]} pixels cannot be enlarged")
        # The factor is n / d in whole numbers, for rounding up must not see a rounding error.
        n, d = max(zip(least, shape, strict=True), key=lambda pair: pair[0] / pair[1])
        return -(-shape[0] * n // d), -(-shape[1] * n // d)
