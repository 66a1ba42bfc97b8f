"""What a graph gives on a stream of its own, recorded."""

from collections.abc import Iterable, Mapping
from typing import Any

from mainloop._protocols import GraphLike, State, StreamLike
from mainloop.extensions.simple import SimpleExtension
from mainloop.extensions.training_monitoring import record_name
from mainloop.monitoring.aggregation import AbstractAggregation
from mainloop.monitoring.evaluator import DatasetEvaluator


class DataStreamMonitoring(SimpleExtension):
    """Records outputs of a graph over one epoch of a stream, with the values of this moment.

    A mean is over examples, which the first axis of every source counts, so a short last batch
    counts for what it is. A record is `<prefix>_<name>_<suffix>`. Unless told otherwise it acts
    before the first and after every epoch.

    Args:
        graph: usually the graph without dropout and noise, on the trained parameters.
        data_stream: for example of a validation set; every time the next epoch of it.
        quantities: names of outputs (their mean over examples), or aggregations such as
            `Maximum("cost")`; all outputs if None.
        prefix: put before the names with an underscore.
        suffix: put behind the names with an underscore.
        name: under which the loop finds the extension.
        **triggers: as for every `SimpleExtension`.

    Raises:
        TypeError: if a quantity is neither a name nor an aggregation.
        ValueError: if two records have one name, or, when it acts, what
            `DatasetEvaluator.evaluate` raises.
    """

    def __init__(
        self,
        graph: GraphLike,
        data_stream: StreamLike,
        quantities: Iterable[str | AbstractAggregation] | None = None,
        *,
        prefix: str | None = None,
        suffix: str | None = None,
        name: str | None = None,
        **triggers: Any,
    ) -> None:
        super().__init__(name, **({"before_first_epoch": True, "after_epoch": True} | triggers))
        self.data_stream = data_stream
        self._evaluator = DatasetEvaluator(graph, quantities)
        self._prefix, self._suffix = prefix, suffix

    def do(self, which_callback: str, *args: Any) -> None:
        """Evaluate and record."""
        results = self._evaluator.evaluate(self.data_stream, self.main_loop.algorithm.values)
        row = self.main_loop.log.current_row
        for name, value in results.items():
            row[record_name(name, self._prefix, self._suffix)] = value

    def state_dict(self) -> State:
        """Where the stream stands, on which the order of its next epoch may depend."""
        return {**super().state_dict(), "data_stream": self.data_stream.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put the stream where it stood."""
        super().load_state_dict(state)
        self.data_stream.load_state_dict(state["data_stream"])
