"""Costs looked at late, so that no step waits for one and every one is looked at."""

import math
from typing import Any

import numpy as np

from mainloop.algorithms.base import NotFiniteError

_EVERY = 32


class CostWatch:
    """Finds a cost that is NaN or infinite, at most 64 batches after it came.

    Every 32 batches, the costs of the 32 batches before those are read: they were computed long
    ago, so reading them waits for nothing.

    Attributes:
        found: what was wrong with the first bad cost, None while there is none.
    """

    def __init__(self) -> None:
        self._new: list[Any] = []
        self._old: list[Any] = []
        self._steps = 0
        self.found: str | None = None

    def reset(self, steps: int) -> None:
        """Forget all costs; the next one is that of step `steps + 1`."""
        self._new, self._old, self._steps, self.found = [], [], steps, None

    def add(self, cost: Any) -> None:
        """Note the cost of a batch.

        Raises:
            NotFiniteError: if an earlier one is NaN or infinite.
        """
        self._new.append(cost)
        if len(self._new) == _EVERY:
            self._read(self._old)
            self._old, self._new = self._new, []

    def check(self) -> None:
        """Wait for all costs so far.

        Raises:
            NotFiniteError: if one is NaN or infinite.
        """
        costs = self._old + self._new
        self._old, self._new = [], []
        self._read(costs)

    def _read(self, costs: list[Any]) -> None:
        # One by one: on the host, jax.device_get is ten times slower.
        values = [float(np.asarray(cost)) for cost in costs]
        for number, value in enumerate(values, start=self._steps + 1):
            if self.found is None and not math.isfinite(value):
                self.found = f"the cost of batch {number} is {value}"
        self._steps += len(costs)
        if self.found is not None:
            raise NotFiniteError(self.found)
