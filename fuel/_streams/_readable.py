"""What a stream needs of a data set."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

__all__ = ["HasData", "Readable"]


@runtime_checkable
class HasData(Protocol):
    """The least by which a data set is told from data."""

    def open(self) -> Any:
        """A state to read with."""

    def get_data(self, state: Any = None, request: Any = None) -> Any:
        """The data of a request."""


class Readable(Protocol):
    """A data set, as a stream sees it; `fuel.datasets.Dataset` says what each member means."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of what `get_data` gives."""

    @property
    def axis_labels(self) -> Mapping[str, tuple[str, ...] | None] | None:
        """Names of the axes of the sources."""

    @property
    def accepts_arrays(self) -> bool:
        """Whether requests may be slices and arrays."""

    @property
    def has_own_epochs(self) -> bool:
        """Whether epochs may show different data."""

    @property
    def reads_by_request_alone(self) -> bool:
        """Whether data depends on the request alone, so that requests may be left out."""

    def open(self) -> Any:
        """A state to read with."""

    def reset(self, state: Any) -> Any:
        """The state of a first epoch."""

    def next_epoch(self, state: Any) -> Any:
        """The state of the next epoch."""

    def close(self, state: Any) -> None:
        """Release what a state holds."""

    def get_data(self, state: Any = None, request: Any = None) -> Any:
        """The data of a request."""

    def position_of(self, state: Any) -> dict[str, Any] | None:
        """Where a state stands in an epoch."""

    def load_position(self, state: Any, position: Mapping[str, Any]) -> None:
        """Bring a state to a position."""

    def skip(self, state: Any, count: int) -> Any:
        """The state after some more examples."""

    def fingerprint(self) -> str:
        """What a saved place depends on."""

    def apply_default_transformers(self, stream: Any) -> Any:
        """A stream wrapped in the default transformers."""
