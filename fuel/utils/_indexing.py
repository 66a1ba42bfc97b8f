"""Picking several elements, and looking at memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

__all__ = ["buffer_", "iterable_fancy_indexing"]

buffer_: Final = memoryview
"""The memory of an object, not copied."""


def iterable_fancy_indexing(iterable: Any, request: Any) -> Any:
    """The elements at several places of a sequence, as a list; or at one place, or of a slice.

    >>> iterable_fancy_indexing("abc", [2, 0])
    ['c', 'a']
    """
    if isinstance(request, Iterable):
        return [iterable[place] for place in request]
    return iterable[request]
