"""What every iteration scheme offers."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fuel._indices import describe_indices, given_indices, positive
from fuel._random_state import load_random_states, random_states
from fuel._shard import WHOLE, Shard

__all__ = ["BatchScheme", "BatchSizeScheme", "IndexScheme", "IterationScheme"]


class IterationScheme(ABC):
    """Gives, for each epoch, an iterator over requests.

    A scheme of your own defines `get_request_iterator` and `requests_examples`. Random generators
    that are its attributes are saved and restored by themselves; one that keeps anything else from
    epoch to epoch overrides `state_dict` and `load_state_dict`.
    """

    requests_examples: bool
    """Whether a request is for one example rather than for a batch."""
    seed: int | None = None
    """What the order of a scheme made with `seed=` depends on, beside the epoch."""
    shard: Shard = WHOLE
    """Which of the requests of the whole epoch these are."""

    @abstractmethod
    def get_request_iterator(self) -> Iterator[Any]:
        """Begin the next epoch: an iterator over its requests."""

    def state_dict(self) -> dict[str, Any]:
        """What the next epoch depends on, as JSON values and small arrays."""
        return {"random": states} if (states := random_states(self)) else {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Make the next epoch the one that would have followed `state`."""
        load_random_states(self, state.get("random", {}))

    def fingerprint(self) -> str:
        """What a saved place depends on, in words; it fits schemes of equal fingerprint only."""
        return type(self).__name__


class BatchSizeScheme(IterationScheme):
    """Requests are batch sizes: how many examples, whichever come."""

    requests_examples = False


class BatchScheme(IterationScheme):
    """Requests are batches of indices.

    Args:
        examples: number of examples, standing for indices 0 to `examples` - 1; or the indices.
        batch_size: examples in a request; the last request of an epoch may be shorter.
        drop_last: leave out a last request that would be shorter.

    Raises:
        TypeError: if an index is not an integer.
        ValueError: if `batch_size` or a number of examples is not sensible.
    """

    requests_examples = False

    def __init__(
        self, examples: int | Iterable[int], batch_size: int, *, drop_last: bool = False
    ) -> None:
        self.indices = given_indices(examples)
        self.batch_size = positive("batch_size", batch_size)
        self.drop_last = drop_last

    def fingerprint(self) -> str:
        """Name, number or checksum of the examples, and batch size."""
        examples = describe_indices(self.indices)
        dropping = ", drop_last=True" if self.drop_last else ""
        return f"{type(self).__name__}({examples}, batch_size={self.batch_size}{dropping})"


class IndexScheme(IterationScheme):
    """Requests are single indices.

    Args:
        examples: number of examples, standing for indices 0 to `examples` - 1; or the indices.

    Raises:
        TypeError: if an index is not an integer.
    """

    requests_examples = True

    def __init__(self, examples: int | Iterable[int]) -> None:
        self.indices = given_indices(examples)

    def fingerprint(self) -> str:
        """Name, and number or checksum of the examples."""
        return f"{type(self).__name__}({describe_indices(self.indices)})"
