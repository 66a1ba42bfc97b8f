"""The errors that users of `fuel` may want to catch."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["AxisLabelsMismatchError", "ConfigurationError", "MissingInputFiles", "NeedURLPrefix"]


class AxisLabelsMismatchError(ValueError):
    """A source has other axis labels than a transformer needs."""


class ConfigurationError(Exception):
    """A setting is missing or wrong."""


class MissingInputFiles(Exception):  # noqa: N818 (Fuel's name)
    """Files that a converter needs are not there.

    Args:
        message: what is missing, where, and how to get it.
        filenames: the names of the missing files.
    """

    def __init__(self, message: str, filenames: Sequence[str]) -> None:
        super().__init__(message, filenames)
        self.message = message
        self.filenames = tuple(filenames)

    def __str__(self) -> str:
        return self.message


class NeedURLPrefix(Exception):  # noqa: N818 (Fuel's name)
    """A file has no public address: the user must say where a copy of it is."""
