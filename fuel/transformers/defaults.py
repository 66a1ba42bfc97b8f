"""Transformers that data sets name as their defaults, for `DataStream.default_stream`."""

from typing import Any

from fuel.transformers.numeric import ScaleAndShift

__all__ = ["uint8_pixels_to_floatX"]


def uint8_pixels_to_floatX(which_sources: tuple[str, ...]) -> tuple[Any, ...]:  # noqa: N802 (theirs)
    """Pixels of 0 to 255 as floats of 0 to 1, of the configured `floatX`.

    Args:
        which_sources: the sources that hold pixels.

    Returns:
        A value for `Dataset.default_transformers`.
    """
    return ((ScaleAndShift, [1 / 255, 0], {"which_sources": which_sources, "dtype": "floatX"}),)
