"""What training computes anyway, recorded."""

from collections.abc import Iterable, Mapping
from typing import Any

from mainloop._protocols import State
from mainloop.extensions.simple import SimpleExtension
from mainloop.monitoring.aggregation import AbstractAggregation
from mainloop.monitoring.step_monitor import StepMonitor


class TrainingDataMonitoring(SimpleExtension):
    """Records outputs of the training graph, accumulated since the last record.

    The values are those that the training steps computed, each before its update and with its
    dropout and noise; the step accumulates them on the device, weighted by examples, which the
    first axis of every source counts. A record is `<prefix>_<name>_<suffix>`.

    Besides the outputs, `total_gradient_norm` and `total_step_norm` can be monitored: the joint
    norms of all gradients, and of all changes that the step rule made of them.

    Args:
        quantities: names of outputs (their mean over examples), or aggregations such as
            `Maximum("cost")`.
        prefix: put before the names with an underscore.
        suffix: put behind the names with an underscore.
        name: under which the loop finds the extension.
        **triggers: when to record, for example `after_epoch=True` or `every_n_batches=100`.

    Raises:
        TypeError: if a quantity is neither a name nor an aggregation.
        ValueError: if two records have one name, or, at the first batch, an output does not exist
            or is neither a scalar nor a value an example, or sources disagree about the number of
            examples by which a scalar is to be weighed.
    """

    def __init__(
        self,
        quantities: Iterable[str | AbstractAggregation],
        prefix: str | None = None,
        suffix: str | None = None,
        name: str | None = None,
        **triggers: Any,
    ) -> None:
        super().__init__(name, **triggers)
        self._prefix, self._suffix = prefix, suffix
        self._monitor = StepMonitor(quantities)

    def before_training(self) -> None:
        """Let the training step accumulate."""
        self.main_loop.algorithm.add_monitor(self._monitor)

    def do(self, which_callback: str, *args: Any) -> None:
        """Record the results and begin anew; nothing if there was no batch since."""
        row = self.main_loop.log.current_row
        for name, value in self._monitor.read().items():
            row[record_name(name, self._prefix, self._suffix)] = value
        self._monitor.reset()

    def state_dict(self) -> State:
        """What was accumulated since the last record."""
        return {**super().state_dict(), "monitor": self._monitor.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on accumulating."""
        super().load_state_dict(state)
        self._monitor.load_state_dict(state["monitor"])


def record_name(name: str, prefix: str | None, suffix: str | None) -> str:
    """Join a name with what goes before and behind it."""
    return "_".join(part for part in (prefix, name, suffix) if part)
