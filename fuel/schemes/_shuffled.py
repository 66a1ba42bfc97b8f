"""Examples in an order that is new in each epoch."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import index
from typing import Any, ClassVar

import numpy as np

from fuel._indices import as_array, is_identity
from fuel._requests import IndexRequests
from fuel._shuffle import seeded_order
from fuel.config_parser import config
from fuel.exceptions import StateMismatchError
from fuel.schemes._base import BatchScheme, IndexScheme, IterationScheme

__all__ = ["ShuffledExampleScheme", "ShuffledScheme"]


class _Shuffling(IterationScheme):
    """What the shuffled schemes share: an order that is new in each epoch."""

    indices: Sequence[int]
    rng: np.random.RandomState | np.random.Generator | None
    purpose: ClassVar[str] = "fuel.schemes.shuffle"

    def _set_randomness(
        self, rng: np.random.RandomState | np.random.Generator | None, seed: int | None
    ) -> None:
        if rng is not None and seed is not None:
            raise ValueError(f"give rng or seed={seed}, not both")
        if rng is not None and not isinstance(rng, np.random.RandomState | np.random.Generator):
            raise TypeError(
                f"rng={rng!r} is no random generator of NumPy's; for an order that depends on a "
                "number give seed="
            )
        if seed is None and rng is None:
            rng = np.random.RandomState(config.default_seed)
        self.rng, self.seed = rng, None if seed is None else index(seed)
        self.epoch = 0

    def _next_order(self) -> np.ndarray:
        epoch, self.epoch = self.epoch, self.epoch + 1
        if self.seed is not None:
            order = seeded_order(self.purpose, self.seed, epoch, len(self.indices))
            return order if is_identity(self.indices) else as_array(self.indices)[order]
        assert self.rng is not None
        order = as_array(self.indices)
        self.rng.shuffle(order)
        return order

    def state_dict(self) -> dict[str, Any]:
        """The number of epochs begun; with `rng=`, also its state."""
        return {"epoch": self.epoch, **super().state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Make the next epoch the one that would have followed `state`."""
        if self.rng is not None and "random" not in state:
            raise StateMismatchError(
                "the state is that of a scheme made with seed=, but this one was made with rng= "
                "(or neither); make it with the same seed="
            )
        self.epoch = state["epoch"]
        super().load_state_dict(state if self.rng is not None else {})

    def fingerprint(self) -> str:
        """What the scheme is, with its seed."""
        return super().fingerprint()[:-1] + f", seed={self.seed})"


class ShuffledScheme(_Shuffling, BatchScheme):
    """Batches of indices, in a new order each epoch.

    Args:
        examples: number of examples, or the indices.
        batch_size: examples in a request; the last of an epoch may be shorter.
        rng: the generator that shuffles a fresh copy of the indices in each epoch; default
            `RandomState(config.default_seed)`. These are Fuel's own orders.
        sorted_indices: sort the indices within each batch.
        seed: instead of `rng`: the order depends on `(seed, epoch)` alone, is the same with every
            version of NumPy, and a place in it is a few integers.

    Raises:
        TypeError: if an index or `seed` is not an integer, or `rng` no generator.
        ValueError: if both `rng` and `seed` are given, or `batch_size` is not positive.

    >>> list(ShuffledScheme(5, 2, seed=1).get_request_iterator())
    [[2, 4], [3, 0], [1]]
    """

    def __init__(
        self,
        examples: int | Iterable[int],
        batch_size: int,
        rng: np.random.RandomState | np.random.Generator | None = None,
        sorted_indices: bool = False,
        *,
        seed: int | None = None,
    ) -> None:
        super().__init__(examples, batch_size)
        self._set_randomness(rng, seed)
        self.sorted_indices = sorted_indices

    def get_request_iterator(self) -> Iterator[list[int]]:
        """Begin the next epoch: an iterator over lists of indices."""
        return IndexRequests(
            self._next_order(), self.batch_size, sorted_indices=self.sorted_indices
        )


class ShuffledExampleScheme(_Shuffling, IndexScheme):
    """Single indices, in a new order each epoch.

    Args:
        examples: number of examples, or the indices.
        rng: as for `ShuffledScheme`.
        seed: as for `ShuffledScheme`.

    Raises:
        TypeError: if an index or `seed` is not an integer, or `rng` no generator.
        ValueError: if both `rng` and `seed` are given.
    """

    def __init__(
        self,
        examples: int | Iterable[int],
        rng: np.random.RandomState | np.random.Generator | None = None,
        *,
        seed: int | None = None,
    ) -> None:
        super().__init__(examples)
        self._set_randomness(rng, seed)

    def get_request_iterator(self) -> Iterator[int]:
        """Begin the next epoch: an iterator over indices."""
        return IndexRequests(self._next_order(), None)
