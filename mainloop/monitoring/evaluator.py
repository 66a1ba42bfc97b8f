"""The outputs of a graph over a whole stream."""

from collections.abc import Iterable, Mapping
from typing import Any

import jax

from mainloop._protocols import Batch, GraphLike, StreamLike
from mainloop._sources import check_sources
from mainloop.monitoring.aggregation import (
    AbstractAggregation,
    Accumulated,
    Mean,
    aggregate,
    as_aggregations,
)


class DatasetEvaluator:
    """Outputs of a graph, aggregated over the examples of a stream, on the device.

    Args:
        graph: whose outputs are looked at. Nothing random may be left in it.
        quantities: names of outputs (their mean over examples) or aggregations; all outputs if
            None.

    Raises:
        ValueError: if two quantities have one name.
    """

    def __init__(
        self, graph: GraphLike, quantities: Iterable[str | AbstractAggregation] | None = None
    ) -> None:
        self.graph = graph
        self._aggregations = None if quantities is None else as_aggregations(quantities)
        self._step = jax.jit(self._accumulate, donate_argnums=1)

    def evaluate(
        self, data_stream: StreamLike, values: Mapping[str, Any] | None = None
    ) -> dict[str, jax.Array]:
        """Return the results of the next epoch of a stream by name, scalars on the device.

        Args:
            data_stream: gives the batches; sources that the graph does not take are left out.
            values: of the graph's parameters by path; a parameter that is not among them has its
                current value.

        Raises:
            ValueError: if a batch lacks a source, an output does not exist, is not a scalar or
                a value an example, or cannot be weighed because the sources have first axes of
                different lengths, or the stream has no batch.
        """
        used = {
            parameter.path: values[parameter.path]
            if values is not None and parameter.path in values
            else parameter.value
            for parameter in self.graph.parameters
        }
        accumulated: list[Accumulated] | None = None
        for batch in data_stream.get_epoch_iterator(as_dict=True):
            chosen = check_sources(batch, self.graph.sources, on_unused="ignore")
            if accumulated is None:
                accumulated = self._begin(used, chosen)
            accumulated = self._step(used, accumulated, chosen)
        if accumulated is None:
            raise ValueError(f"there is nothing to monitor: {data_stream} gave no batch")
        assert self._aggregations is not None
        return {
            aggregation.record: aggregation.result(parts)
            for aggregation, parts in zip(self._aggregations, accumulated, strict=True)
        }

    def _begin(self, values: dict[str, Any], batch: Batch) -> list[Accumulated]:
        if self._aggregations is None:
            outputs, _ = jax.eval_shape(self.graph.function, values, batch)
            self._aggregations = tuple(Mean(name) for name in outputs)
        return [aggregation.initial() for aggregation in self._aggregations]

    def _accumulate(
        self, values: dict[str, Any], accumulated: list[Accumulated], batch: Batch
    ) -> list[Accumulated]:
        outputs, _ = self.graph.function(values, batch)
        assert self._aggregations is not None
        return aggregate(self._aggregations, accumulated, outputs, batch)
