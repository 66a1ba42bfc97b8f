"""What a main loop asks of the thing that learns."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

import jax

from mainloop._protocols import Batch, State, Values
from mainloop.monitoring.step_monitor import StepMonitor


class NotFiniteError(ArithmeticError):
    """The cost or a parameter became NaN or infinite; nothing computed since is worth keeping."""


class AbstractTrainingAlgorithm(ABC):
    """Something that changes parameters, a batch at a time.

    A main loop calls `initialize` when a run begins, then `process_batch` for every batch, with
    the next batch already given to `prepare`.

    Attributes:
        last_cost: of the batch processed last, a scalar that may still be being computed; None
            if there is none.
    """

    last_cost: jax.Array | None = None

    @property
    @abstractmethod
    def steps_done(self) -> int:
        """How many batches have been processed."""

    @property
    @abstractmethod
    def values(self) -> Values:
        """The current values by parameter path, as arrays that later steps leave alone."""

    @abstractmethod
    def set_values(self, values: Mapping[str, Any]) -> None:
        """Give parameters, by path, new values; those that are not named keep theirs."""

    @abstractmethod
    def write_back(self) -> None:
        """Put the current values into the parameter objects."""

    @abstractmethod
    def initialize(self) -> None:
        """Make ready for the first batch; nothing happens if that was done."""

    @abstractmethod
    def process_batch(self, batch: Batch) -> None:
        """Learn from one batch."""

    @abstractmethod
    def state_dict(self) -> State:
        """All that the next step depends on, besides its batch: JSON values and NumPy arrays.

        Raises:
            NotFiniteError: if the state holds NaN or infinity, so that it is never saved.
        """

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken."""

    def prepare(self, batch: Batch) -> Batch:
        """Return the batch as `process_batch` likes it best, for instance already on the device."""
        return batch

    def add_monitor(self, monitor: StepMonitor) -> None:
        """Accumulate for a monitor while training, from the next batch on.

        Raises:
            TypeError: if this algorithm has nothing that could be monitored.
        """
        raise TypeError(f"{type(self).__name__} computes nothing that could be monitored")

    def check_finite(self) -> None:
        """Wait for all that was computed so far.

        Raises:
            NotFiniteError: if the cost of any batch was NaN or infinite.
        """
        return

    def snapshot(self) -> Any:
        """Keep, cheaply, all that the next step depends on; None if that is not possible."""
        return None

    def explain_not_finite(self, snapshot: Any, batches: Iterable[Batch]) -> str | None:
        """Say where the first NaN or infinity came from.

        Args:
            snapshot: what `snapshot` gave before it happened.
            batches: all batches that were processed since then, in order.

        Returns:
            A sentence, or None if it did not happen again.
        """
        return None
