"""Examples in an order that is new in each epoch."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import index
from typing import Any, ClassVar

import numpy as np

from fuel._indices import as_array, is_identity
from fuel._orders import BlockOrder, PassesOrder
from fuel._requests import IndexRequests
from fuel.config_parser import config
from fuel.exceptions import StateMismatchError
from fuel.schemes._base import BatchScheme, IndexScheme
from fuel.schemes._bijection import KeyedBijection
from fuel.schemes._epochs import AnyOrder, NumberedEpochs, declared_length
from fuel.schemes._seeded_orders import MANY, OrderWithNext, begin_order, seeded_order

__all__ = ["ShuffledExampleScheme", "ShuffledScheme"]

_TOO_MANY = 1 << 27
"""More examples than this are shuffled in constant memory: their order would take a gibibyte."""
_BLOCK = 1 << 15
"""Places of a constant-memory order that are computed at a time."""


class _Shuffling(NumberedEpochs):
    """What the shuffled schemes share: an order that is new in each epoch."""

    indices: Sequence[int]
    rng: np.random.RandomState | np.random.Generator | None
    examples_per_epoch: int | None
    constant_memory: bool
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

    def _set_size(self, examples_per_epoch: int | None, constant_memory: bool | None) -> None:
        for name, value in (
            ("examples_per_epoch", examples_per_epoch),
            ("constant_memory", constant_memory),
        ):
            if value and self.seed is None:
                raise ValueError(
                    f"{name}={value} needs an order that is known at every place: give seed="
                )
        self.examples_per_epoch = declared_length(examples_per_epoch, self.indices)
        if constant_memory is None:
            constant_memory = self.seed is not None and len(self.indices) > _TOO_MANY
        self.constant_memory = constant_memory

    def _order(self, epoch: int) -> AnyOrder:
        if self.rng is not None:
            order = as_array(self.indices)
            self.rng.shuffle(order)
            return order
        if (length := self.examples_per_epoch) is None:
            return self._seeded_pass(epoch)
        return PassesOrder(self._seeded_pass, len(self.indices), epoch * length, length)

    def _seeded_pass(self, number: int) -> AnyOrder:
        """All indices once, in an order that depends on seed and number alone."""
        assert self.seed is not None
        examples = len(self.indices)
        if not self.constant_memory:
            seed, purpose = self.seed, self.purpose
            order = seeded_order(purpose, seed, number, examples)
            if not is_identity(self.indices):
                order = as_array(self.indices)[order]
            if examples < MANY:
                return order
            begin_next = partial(begin_order, purpose, seed, number + 1, examples)
            return OrderWithNext(order, begin_next)
        bijection = KeyedBijection(examples, self.purpose, self.seed, number)
        given = self.indices if isinstance(self.indices, range) else as_array(self.indices)
        return BlockOrder(examples, partial(_mapped_block, bijection, given), _BLOCK)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Make the next epoch the one that would have followed `state`."""
        if self.rng is not None and "random" not in state:
            raise StateMismatchError(
                "the state is that of a scheme made with seed=, but this one was made with rng= "
                "(or neither); make it with the same seed="
            )
        super().load_state_dict(state if self.rng is not None else {"epoch": state["epoch"]})

    def fingerprint(self) -> str:
        """What the scheme is, with its seed and what else its order depends on."""
        name = f"{super().fingerprint()[:-1]}, seed={self.seed}"
        if self.examples_per_epoch is not None:
            name += f", examples_per_epoch={self.examples_per_epoch}"
        return f"{name}, constant_memory=True)" if self.constant_memory else f"{name})"


def _mapped_block(bijection: KeyedBijection, given: range | np.ndarray, block: int) -> np.ndarray:
    """The indices of a block of a constant-memory order."""
    stop = min(bijection.size, (block + 1) * _BLOCK)
    mapped = bijection(np.arange(block * _BLOCK, stop, dtype=np.int64))
    return mapped * given.step + given.start if isinstance(given, range) else given[mapped]


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
        drop_last: leave out a last request that would be shorter.
        examples_per_epoch: with `seed`: end an epoch after so many examples. The next epoch goes on
            there; after all examples comes another order of them, inside a batch if need be.
        constant_memory: with `seed`: whether to compute the order where it is asked for, by a keyed
            bijection, rather than to hold it whole. It is another order, as random, in no more than
            a few megabytes and from any place at once. Default: above 2**27 examples.

    Raises:
        TypeError: if an index or `seed` is not an integer, or `rng` no generator.
        ValueError: if both `rng` and `seed` are given; if an argument that needs `seed` comes
            without; or if `batch_size` or `examples_per_epoch` is not positive.

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
        drop_last: bool = False,
        examples_per_epoch: int | None = None,
        constant_memory: bool | None = None,
    ) -> None:
        super().__init__(examples, batch_size, drop_last=drop_last)
        self._set_randomness(rng, seed)
        self._set_size(examples_per_epoch, constant_memory)
        self.sorted_indices = sorted_indices

    def get_request_iterator(self) -> Iterator[list[int]]:
        """Begin the next epoch: an iterator over lists of indices."""
        return IndexRequests(
            self._next_order(),
            self.batch_size,
            sorted_indices=self.sorted_indices,
            drop_last=self.drop_last,
        )


class ShuffledExampleScheme(_Shuffling, IndexScheme):
    """Single indices, in a new order each epoch.

    Args:
        examples: number of examples, or the indices.
        rng: as for `ShuffledScheme`.
        seed: as for `ShuffledScheme`.
        examples_per_epoch: as for `ShuffledScheme`.
        constant_memory: as for `ShuffledScheme`.

    Raises:
        TypeError: if an index or `seed` is not an integer, or `rng` no generator.
        ValueError: as for `ShuffledScheme`.
    """

    def __init__(
        self,
        examples: int | Iterable[int],
        rng: np.random.RandomState | np.random.Generator | None = None,
        *,
        seed: int | None = None,
        examples_per_epoch: int | None = None,
        constant_memory: bool | None = None,
    ) -> None:
        super().__init__(examples)
        self._set_randomness(rng, seed)
        self._set_size(examples_per_epoch, constant_memory)

    def get_request_iterator(self) -> Iterator[int]:
        """Begin the next epoch: an iterator over indices."""
        return IndexRequests(self._next_order(), None)
