"""Transformers that rename and choose sources."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from fuel.streams import AbstractDataStream
from fuel.transformers.base import AgnosticTransformer

__all__ = ["FilterSources", "Rename"]

logger = logging.getLogger(__name__)


class Rename(AgnosticTransformer):
    """Gives sources other names. Two may swap theirs.

    Args:
        data_stream: the stream to transform.
        names: from old to new name.
        on_non_existent: what to do about an old name that the stream does not have: "raise", "warn"
            (in the log), or "ignore".

    Raises:
        KeyError: if an old name does not exist, or if two sources would have one name.
        ValueError: if `on_non_existent` is none of the three.
    """

    def __init__(
        self,
        data_stream: AbstractDataStream,
        names: Mapping[str, str],
        on_non_existent: str = "raise",
        **kwargs: Any,
    ) -> None:
        if on_non_existent not in ("raise", "warn", "ignore"):
            raise ValueError(f"on_non_existent is raise, warn or ignore, not {on_non_existent!r}")
        old = data_stream.sources
        if unknown := [name for name in names if name not in old]:
            message = f"{unknown} cannot be renamed, the stream has the sources {tuple(old)}"
            if on_non_existent == "raise":
                raise KeyError(message)
            if on_non_existent == "warn":
                logger.warning(message)
        new = tuple(names.get(name, name) for name in old)
        if twice := sorted({name for name in new if new.count(name) > 1}):
            raise KeyError(f"after renaming, several sources would be called {twice}")
        if data_stream.axis_labels is not None:
            kwargs.setdefault(
                "axis_labels",
                {
                    names.get(name, name) if name in old else name: labels
                    for name, labels in data_stream.axis_labels.items()
                },
            )
        kwargs.setdefault("produces_examples", data_stream.produces_examples)
        super().__init__(data_stream, **kwargs)
        self.sources = new

    def transform_any(self, data: tuple[Any, ...]) -> tuple[Any, ...]:
        """The item itself."""
        return data

    def passes_on(self, source: str) -> str:
        """The child's name of a source."""
        return self.data_stream.sources[self.sources.index(source)]


class FilterSources(AgnosticTransformer):
    """Keeps some sources, in the child's order.

    Args:
        data_stream: the stream to transform.
        sources: names of the sources to keep.

    Raises:
        ValueError: if the stream does not have one of them.
    """

    def __init__(
        self, data_stream: AbstractDataStream, sources: Iterable[str], **kwargs: Any
    ) -> None:
        wanted = (sources,) if isinstance(sources, str) else tuple(sources)
        if unknown := [name for name in wanted if name not in data_stream.sources]:
            raise ValueError(f"the stream has {tuple(data_stream.sources)}, and not {unknown}")
        if data_stream.axis_labels is not None:
            kept = {
                name: labels for name, labels in data_stream.axis_labels.items() if name in wanted
            }
            kwargs.setdefault("axis_labels", kept)
        kwargs.setdefault("produces_examples", data_stream.produces_examples)
        super().__init__(data_stream, **kwargs)
        self.sources = tuple(name for name in data_stream.sources if name in wanted)

    def transform_any(self, data: tuple[Any, ...]) -> tuple[Any, ...]:
        """The elements of the sources kept."""
        named = zip(self.data_stream.sources, data, strict=True)
        return tuple(part for name, part in named if name in self.sources)

    def passes_on(self, source: str) -> str:
        """A source that is kept is the child's."""
        return source
