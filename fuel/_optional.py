"""Libraries that only some uses need."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

__all__ = ["optional_module"]


def optional_module(name: str, *, purpose: str, extra: str) -> ModuleType:
    """A module of a library that may not be installed.

    Args:
        name: of the module, such as `pyarrow.parquet`.
        purpose: what needs it, as the beginning of a sentence.
        extra: the extra of this distribution that installs it.

    Raises:
        ImportError: if it is not installed; says how to install it.

    >>> optional_module("no_such_library.part", purpose="reading tea leaves", extra="tea")
    Traceback (most recent call last):
    ImportError: reading tea leaves needs no_such_library: pip install 'bricks-fuel-mainloop[tea]'
    """
    library = name.partition(".")[0]
    if importlib.util.find_spec(library) is None:
        raise ImportError(f"{purpose} needs {library}: pip install 'bricks-fuel-mainloop[{extra}]'")
    return importlib.import_module(name)
