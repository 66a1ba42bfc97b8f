"""The annotated computation graph, as a value that can be queried, rewritten and evaluated."""

from collections.abc import Callable, Mapping
from typing import Any


class ComputationGraph:
    """The computation of a function of named sources, annotated by bricks."""

    def __init__(self, fn: Callable[..., Any], batch: Mapping[str, Any]) -> None:
        self._fn = fn
        self._batch = dict(batch)
