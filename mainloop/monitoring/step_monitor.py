"""Quantities that a training step accumulates while it trains."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import jax
import numpy as np

from mainloop._protocols import State
from mainloop.monitoring.aggregation import AbstractAggregation, Accumulated, as_aggregations


class StepMonitor:
    """What a training algorithm accumulates on the device for one reader.

    Args:
        quantities: names of outputs (their mean over examples) or aggregations.

    Attributes:
        accumulated: arrays in the order of `aggregations`; the training step replaces them.
        batches: how many batches they are of.
    """

    def __init__(self, quantities: Iterable[str | AbstractAggregation]) -> None:
        self.aggregations = as_aggregations(quantities)
        self.accumulated: list[Accumulated] = []
        self.batches = 0
        self.reset()

    def reset(self) -> None:
        """Forget what was accumulated."""
        self.accumulated = _initial(self.aggregations)
        self.batches = 0

    def read(self) -> dict[str, jax.Array]:
        """The results by name, still on the device; empty if there was no batch since `reset`."""
        if self.batches == 0:
            return {}
        results = _results(self.aggregations, self.accumulated)
        return {
            aggregation.record: result
            for aggregation, result in zip(self.aggregations, results, strict=True)
        }

    def state_dict(self) -> State:
        """What was accumulated so far."""
        return {
            "batches": self.batches,
            "accumulated": {
                aggregation.record: [np.array(part) for part in parts]
                for aggregation, parts in zip(self.aggregations, self.accumulated, strict=True)
            },
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on accumulating from `state`.

        Raises:
            ValueError: if other quantities were accumulated there.
        """
        names = [aggregation.record for aggregation in self.aggregations]
        if sorted(names) != sorted(state["accumulated"]):
            raise ValueError(
                f"the state is of {sorted(state['accumulated'])}, but {sorted(names)} are monitored"
            )
        self.batches = int(state["batches"])
        self.accumulated = [
            tuple(jax.device_put(np.array(part)) for part in state["accumulated"][name])
            for name in names
        ]


@partial(jax.jit, static_argnums=0)
def _initial(aggregations: tuple[AbstractAggregation, ...]) -> list[Accumulated]:
    return [aggregation.initial() for aggregation in aggregations]


@partial(jax.jit, static_argnums=0)
def _results(
    aggregations: tuple[AbstractAggregation, ...], accumulated: list[Accumulated]
) -> list[jax.Array]:
    return [
        aggregation.result(parts)
        for aggregation, parts in zip(aggregations, accumulated, strict=True)
    ]
