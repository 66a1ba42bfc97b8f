"""What a run needs from the objects it is given; nobody inherits these."""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import jax
import numpy as np

Array: TypeAlias = jax.Array | np.ndarray
Batch: TypeAlias = Mapping[str, Any]
State: TypeAlias = dict[str, Any]
Values: TypeAlias = dict[str, Any]


class ParameterLike(Protocol):
    """A named array that training changes."""

    @property
    def path(self) -> str:
        """Where it lives, for example `/mlp/linear_0.W`."""

    @property
    def roles(self) -> Iterable[Any]:
        """What it is for; `str(role)` is, for example, `WEIGHT`."""

    @property
    def value(self) -> Any:
        """Its current value."""

    @value.setter
    def value(self, value: Any) -> None: ...


class GraphLike(Protocol):
    """A pure function of parameter values and a batch, with named outputs."""

    @property
    def parameters(self) -> Sequence[Any]:
        """The parameters that the outputs depend on, in order of first use."""

    @property
    def trainable_parameters(self) -> Sequence[Any]:
        """The parameters less the frozen ones."""

    @property
    def sources(self) -> Sequence[str]:
        """The names of the batch's sources that the function takes."""

    def function(
        self, values: Values, batch: Batch, key: jax.Array | None = None
    ) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the outputs by name and the updates by parameter path."""

    def first_not_finite(
        self, values: Values, batch: Batch, key: jax.Array | None = None
    ) -> str | None:
        """Return the first variable, in order of computation, that holds a NaN or an infinity."""


@runtime_checkable
class StreamLike(Protocol):
    """Epochs of batches that can stop anywhere and go on exactly."""

    @property
    def sources(self) -> Sequence[str]:
        """The names of what a batch holds."""

    def get_epoch_iterator(self, as_dict: bool = False) -> Iterator[Any]:
        """Start the next epoch, or go on with one that `load_state_dict` came back into."""

    def state_dict(self) -> State:
        """Where the stream stands, counted in batches delivered."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Stand where `state` was taken."""


class LogLike(Protocol):
    """The records of a run: a row of named values for every number of iterations done.

    `status` is a plain dictionary in memory, so that writing to it costs next to nothing; a log in
    a file stores it together with its rows. The loop writes `iterations_done` there before it
    tells any extension, and `current_row` is the row of that number. Reading never creates a row.
    """

    status: dict[str, Any]

    @property
    def current_row(self) -> MutableMapping[str, Any]:
        """The row of `status["iterations_done"]`."""

    def __getitem__(self, time: int) -> Mapping[str, Any]:
        """Return the row of a number of iterations done, empty where nothing was recorded."""

    def flush(self) -> None:
        """Let other processes read what was recorded so far, if the log is in a file."""

    def state_dict(self) -> State:
        """What a run that goes on from here needs to continue this log without gap or repeat."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue the log at `state`; later rows, of the run that was lost, are superseded."""
