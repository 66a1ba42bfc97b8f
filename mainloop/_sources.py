"""Whether a batch has the sources that a graph takes."""

import warnings
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from mainloop._protocols import Batch

OnUnused: TypeAlias = Literal["raise", "warn", "ignore"]


class UnusedSourcesWarning(UserWarning):
    """A batch brings sources that the graph does not take."""


def check_sources(batch: Batch, sources: Sequence[str], on_unused: OnUnused) -> dict[str, Any]:
    """Return the sources of a batch that a graph takes, in the graph's order.

    Args:
        batch: arrays by source.
        sources: what the graph takes.
        on_unused: what to do about further sources of the batch, which are left out.

    Raises:
        ValueError: if a source is missing, or, with `raise`, if there are further ones.
    """
    missing = [source for source in sources if source not in batch]
    unused = [source for source in batch if source not in sources]
    named = f"the batch has {_listed(batch)}, the graph takes {_listed(sources)}"
    if missing:
        raise ValueError(f"didn't find all sources: {named}; missing: {_listed(missing)}")
    if unused and on_unused == "raise":
        raise ValueError(
            f"not all sources are used: {named}; unused: {_listed(unused)}. Drop them from the "
            "stream, or pass on_unused_sources='ignore'"
        )
    if unused and on_unused == "warn":
        warnings.warn(
            f"not all sources are used: {named}; unused: {_listed(unused)}",
            UnusedSourcesWarning,
            stacklevel=3,
        )
    return {source: batch[source] for source in sources}


def _listed(names: Any) -> str:
    return ", ".join(names) or "none"
