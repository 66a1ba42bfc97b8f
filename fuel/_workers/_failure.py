"""What a worker says of an exception that it met."""

from __future__ import annotations

import traceback
from contextlib import suppress
from typing import Any

from fuel._streams._chain import root
from fuel._streams._context import Place
from fuel._workers._error import show_request
from fuel.datasets.base import Dataset
from fuel.streams import AbstractDataStream, DataStream
from fuel.transformers.base import Transformer

__all__ = ["describe_failure"]


def describe_failure(error: BaseException, whole: AbstractDataStream | None) -> dict[str, Any]:
    """The message about an error: its text, its traceback, where it was, and what it was about.

    Args:
        error: that was met.
        whole: the stream, if it is run as a whole: then only it knows which item was wanted.
    """
    return {
        "type": "error",
        "where": _where(error),
        "wanted": None if whole is None else _wanted(whole),
        "error": "".join(traceback.format_exception_only(error)).strip(),
        "traceback": "".join(traceback.format_exception(error)),
    }


def _where(error: BaseException) -> str:
    """The innermost transformer or data set that an error passed through, and the source."""
    kind: type | None = None
    sources: tuple[str, ...] = ()
    source = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        who = frame.f_locals.get("self")
        if isinstance(who, (Transformer, Dataset)):
            kind, sources, source = type(who), _sources_of(who), ""
        for variable in ("source_name", "source", "name"):
            named = frame.f_locals.get(variable)
            if isinstance(named, str) and named in sources:
                source = named
    if kind is None:
        return "the stream"
    if not sources:
        return kind.__name__
    named = f"source {source!r}" if source else f"sources {', '.join(map(repr, sources))}"
    return f"{kind.__name__}, {named},"


def _sources_of(holder: Transformer | Dataset) -> tuple[str, ...]:
    with suppress(Exception):  # what failed may be unable to tell
        return tuple(holder.sources)
    return ()


def _wanted(stream: AbstractDataStream) -> str | None:
    """Which item a stream that runs as a whole was at; None if it had not begun to make one."""
    innermost = root(stream)
    live = innermost.epoch_iterator if isinstance(innermost, DataStream) else None
    if live is None or live.request is None:
        return None
    assert isinstance(innermost, DataStream)
    place = Place(innermost.seed, innermost.epoch - 1, live.drawn - 1)
    return show_request(place, live.request)
