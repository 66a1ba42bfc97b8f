"""The forms in which images come: one array, a list, or an array of arrays."""

from typing import Any

import numpy as np

from fuel._streams._pending import Pending, pending_of
from fuel.streams import AbstractDataStream
from fuel.transformers.axis_labels import ExpectsAxisLabels

__all__ = [
    "EXAMPLE_AXES",
    "ImageTransformer",
    "checked_image",
    "is_batch_array",
    "listed_images",
    "pending_images",
]

EXAMPLE_AXES = ("channel", "height", "width")


class ImageTransformer(ExpectsAxisLabels):
    """Mixin for transformers of images with the axes channel, height and width."""

    data_stream: AbstractDataStream

    def verify_example(self, source: str) -> None:
        """Compare the axis labels of a source of single images with those expected.

        Raises:
            AxisLabelsMismatchError: if they differ.
        """
        labels = self.data_stream.axis_labels or {}
        self.verify_axis_labels(EXAMPLE_AXES, labels.get(source), source)

    def verify_batch(self, source: str) -> None:
        """Compare the axis labels of a source of batches with those expected.

        Raises:
            AxisLabelsMismatchError: if they differ.
        """
        labels = self.data_stream.axis_labels or {}
        self.verify_axis_labels(("batch", *EXAMPLE_AXES), labels.get(source), source)


def is_batch_array(batch: Any) -> bool:
    """Whether a batch is one array with the axes batch, channel, height and width."""
    return isinstance(batch, np.ndarray) and batch.ndim == 4 and batch.dtype != object


def pending_images(batch: Any) -> Pending | None:
    """A batch of images that is pending, or could be; None if it is something else."""
    is_batch = type(batch) is Pending or is_batch_array(batch)
    return pending_of(batch) if is_batch and batch.ndim == 4 else None


def listed_images(batch: Any, source: str) -> list[np.ndarray]:
    """The images of a batch that comes as a list or as an array of arrays.

    Raises:
        ValueError: if it is anything else.
    """
    is_sequence = isinstance(batch, list | tuple) or (
        isinstance(batch, np.ndarray) and batch.dtype == object and batch.ndim == 1
    )
    images = list(batch) if is_sequence else []
    if not is_sequence or not all(map(_is_image, images)):
        raise ValueError(
            f"source {source!r} comes as {_described(batch)}; a batch of images is an array "
            "(batch, channel, height, width), or a list of arrays (channel, height, width)"
        )
    return images


def checked_image(example: Any, source: str) -> np.ndarray:
    """The example, if it is an image.

    Raises:
        ValueError: if not.
    """
    if not _is_image(example):
        raise ValueError(
            f"source {source!r} comes as {_described(example)}; an image is an array "
            "(channel, height, width)"
        )
    return example


def _is_image(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 3 and value.dtype != object


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.dtype != object:
        return f"an array of shape {value.shape}"
    if isinstance(value, list | tuple | np.ndarray):
        parts = sorted({_described(part) for part in value})
        return f"{len(value)} parts, among them {', '.join(parts[:3]) or 'none'}"
    return f"a {type(value).__name__}"
