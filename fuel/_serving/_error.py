"""What can go wrong between a client and its server."""

from __future__ import annotations

from fuel._workers._error import WorkerError

__all__ = ["ServerError"]


class ServerError(WorkerError):
    """An item could not be had from a server.

    Either the stream met an exception there, whose traceback is part of the message; or the server
    cannot be reached, refused the client, or has another kind of stream than was expected.
    """
