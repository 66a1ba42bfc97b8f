"""Sources that say of themselves that they hold encoded images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fuel.transformers.image import ImagesFromBytes

__all__ = ["COLOR_MODE", "decoders"]

COLOR_MODE = "color_mode"
"""Attribute of a source of encoded images: Pillow's name of the mode to decode them to."""


def decoders(color_modes: Mapping[str, str | None]) -> tuple[Any, ...]:
    """What decodes the images of a file.

    Args:
        color_modes: of the sources; None for those that hold no encoded images.

    Returns:
        A value for `Dataset.default_transformers`; empty if there are none.
    """
    return tuple(
        (ImagesFromBytes, [mode], {"which_sources": (source,), "upright": True})
        for source, mode in color_modes.items()
        if mode is not None
    )
