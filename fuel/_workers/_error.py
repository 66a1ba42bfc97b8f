"""What can go wrong with a worker process."""

from __future__ import annotations

from typing import Any

from fuel._streams._context import Place

__all__ = ["RemoteError", "WorkerDiedError", "WorkerError", "show_request"]


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
        message: with its text, its traceback, where it was, and perhaps what it was about.
    """

    def __init__(self, message: dict[str, Any]) -> None:
        super().__init__(message.get("error"))
        self.where = message.get("where")
        self.wanted = message.get("wanted")
        self.traceback = message.get("traceback")


def show_request(place: Place, request: Any) -> str:
    """Which item it was, for messages; a long request is shortened."""
    text = " ".join(str(request).split())
    if len(text) > 200:
        text = f"{text[:160]} … {text[-30:]}"
    return f"step {place.step} of epoch {place.epoch}, request {text}"
