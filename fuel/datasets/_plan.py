"""How the examples of a request are read from all sources of a data set."""

from collections.abc import Iterable, Sequence
from typing import Any

from fuel._selection import checked_request
from fuel._streams._context import Allocate
from fuel._subset import Subset
from fuel.datasets._readers import Reader

__all__ = ["ReadPlan"]


class ReadPlan:
    """Which reader reads which rows for which source; looked up once, not at every request.

    Args:
        sources: names of the sources.
        readers: one for each source.
        num_examples: how many examples there are to choose from.
        subsets: for each source the rows that they are; None if all that the readers have.
    """

    def __init__(
        self,
        sources: Iterable[str],
        readers: Sequence[Reader],
        num_examples: int,
        subsets: Sequence[Subset] | None = None,
    ) -> None:
        self.readers = tuple(readers)
        self.num_examples = num_examples
        changes: list[Subset | None] = [None] * len(readers)
        if subsets is not None:  # sources of one split mostly share their subset
            for place, subset in enumerate(subsets):
                if not place or subset is not subsets[place - 1]:
                    changes[place] = subset
        self._parts = tuple(zip(sources, readers, changes, strict=True))

    def read(self, request: Any, allocate: Allocate) -> tuple[Any, ...]:
        """The examples of a request, for each source, in arrays made by `allocate`.

        Raises:
            ValueError: if the request is empty, reaches outside, or is of a wrong kind.
        """
        selection = checked_request(request, self.num_examples)
        data, rows = [], selection
        for source, reader, subset in self._parts:
            if subset is not None:
                rows = subset.translate(selection)
            data.append(reader.read(rows, source, allocate))
        return tuple(data)
