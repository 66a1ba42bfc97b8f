"""The examples of a batch in order."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["SortMapping"]


class SortMapping:
    """A function for `Mapping` that sorts the examples of a batch.

    Examples of equal keys stay in their order. Arrays stay arrays, lists stay lists.

    Args:
        key: gets an example as a tuple, and gives what to sort by.
        reverse: sort from the greatest to the least.

    >>> sort_by_length = SortMapping(key=lambda example: len(example[0]))
    >>> sort_by_length((["abc", "d", "ef"], np.array([0, 1, 2])))
    (['d', 'ef', 'abc'], array([1, 2, 0]))
    """

    def __init__(self, key: Callable[[tuple[Any, ...]], Any], reverse: bool = False) -> None:
        self.key = key
        self.reverse = reverse

    def __call__(self, batch: Sequence[Any]) -> tuple[Any, ...]:
        """The batch with its examples sorted.

        Raises:
            ValueError: if its sources have different lengths.
        """
        keys = [self.key(example) for example in zip(*batch, strict=True)]
        order = sorted(range(len(keys)), key=keys.__getitem__, reverse=self.reverse)
        return tuple(
            part[order] if isinstance(part, np.ndarray) else [part[place] for place in order]
            for part in batch
        )
