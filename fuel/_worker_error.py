"""What can go wrong with a worker process."""

from __future__ import annotations

from typing import Any

__all__ = ["RemoteError", "WorkerDiedError", "WorkerError"]


class WorkerError(RuntimeError):
    """An item could not be had from a worker process.

    Either the stream met an exception there, whose traceback is part of the message, or the process
    died again and again over the same item.
    """


class WorkerDiedError(Exception):
    """A worker ended, took too long or spoke nonsense; it can be replaced.

    The message is empty if its exit status tells more.
    """


class RemoteError(Exception):
    """An exception that a worker met.

    Args:
        message: with its text, its traceback and where it was.
    """

    def __init__(self, message: dict[str, Any]) -> None:
        super().__init__(message.get("error"))
        self.where = message.get("where")
        self.traceback = message.get("traceback")
