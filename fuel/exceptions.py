"""Errors and warnings of data sets and their streams that somebody may want to catch."""

from collections.abc import Sequence

__all__ = [
    "AxisLabelsMismatchError",
    "ConfigurationError",
    "InProcessWarning",
    "MissingInputFiles",
    "NeedURLPrefix",
    "StateMismatchError",
]


class AxisLabelsMismatchError(ValueError):
    """A source's axes are not those that a transformer works on."""


class ConfigurationError(Exception):
    """A setting is asked for that was never given a value."""


class MissingInputFiles(FileNotFoundError):  # noqa: N818 (Fuel's name)
    """Raw files that a converter needs are not there.

    Args:
        message: what was being done.
        filenames: the files that are missing.
    """

    def __init__(self, message: str, filenames: Sequence[str]) -> None:
        super().__init__(message)  # of two arguments OSError would make an error number
        self.args = (message, filenames)
        self.filenames = filenames

    def __str__(self) -> str:
        return str(self.args[0])


class NeedURLPrefix(Exception):  # noqa: N818 (Fuel's name)
    """A file has no public address, so the user must say where it is."""


class StateMismatchError(ValueError):
    """A saved place does not belong to the stream that is asked to go on from it."""


class InProcessWarning(UserWarning):
    """Items that a worker process was to make are made in this process, as it cannot make them."""
