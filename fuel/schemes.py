"""Iteration schemes: which examples, in which order, in batches of which size.

A scheme is asked for a new request iterator at each epoch. Its `state_dict` says what the *next*
epoch will be; a place inside an epoch is counted by the stream, so it is the state at the epoch's
start and a number of requests, never the remaining order.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import index
from typing import Any, ClassVar

import numpy as np

from fuel._indices import (
    as_array,
    describe_indices,
    given_indices,
    in_order,
    is_identity,
    positive,
)
from fuel._random_state import load_random_states, random_states
from fuel._requests import ChainedRequests, ConstantRequests, IndexRequests
from fuel._shuffle import seeded_order
from fuel.config_parser import config
from fuel.exceptions import StateMismatchError

__all__ = [
    "BatchScheme",
    "BatchSizeScheme",
    "ConcatenatedScheme",
    "ConstantScheme",
    "IndexScheme",
    "IterationScheme",
    "SequentialExampleScheme",
    "SequentialScheme",
    "ShuffledExampleScheme",
    "ShuffledScheme",
    "cross_validation",
]


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

    Raises:
        TypeError: if an index is not an integer.
        ValueError: if `batch_size` or a number of examples is not sensible.
    """

    requests_examples = False

    def __init__(self, examples: int | Iterable[int], batch_size: int) -> None:
        self.indices = given_indices(examples)
        self.batch_size = positive("batch_size", batch_size)

    def fingerprint(self) -> str:
        """Name, number or checksum of the examples, and batch size."""
        return (
            f"{type(self).__name__}({describe_indices(self.indices)}, batch_size={self.batch_size})"
        )


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


class ConcatenatedScheme(IterationScheme):
    """Several schemes, one after the other within each epoch.

    Raises:
        ValueError: if there are none, or if some request examples and others batches.
    """

    def __init__(self, schemes: Iterable[IterationScheme]) -> None:
        self.schemes = list(schemes)
        kinds = {scheme.requests_examples for scheme in self.schemes}
        if len(kinds) != 1:
            raise ValueError(
                f"schemes to concatenate must be one or more, all of examples or all of batches; "
                f"got {[type(scheme).__name__ for scheme in self.schemes]}"
            )
        self.requests_examples = kinds.pop()

    def get_request_iterator(self) -> Iterator[Any]:
        """Begin the next epoch in every scheme; iterate over all their requests."""
        return ChainedRequests([scheme.get_request_iterator() for scheme in self.schemes])

    def state_dict(self) -> dict[str, Any]:
        """The states of the schemes."""
        return {"schemes": [scheme.state_dict() for scheme in self.schemes]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore every scheme."""
        for scheme, part in zip(self.schemes, state["schemes"], strict=True):
            scheme.load_state_dict(part)

    def fingerprint(self) -> str:
        """The fingerprints of the schemes."""
        return f"{type(self).__name__}({', '.join(s.fingerprint() for s in self.schemes)})"


class ConstantScheme(BatchSizeScheme):
    """The same batch size again and again.

    Args:
        batch_size: the request.
        num_examples: end when the requests add up to this; the last one may be smaller.
        times: end after so many requests. With neither, requests never end (the data may); zero of
            either gives an empty epoch.

    Raises:
        ValueError: if both limits are given, if one is negative, or if `batch_size` is not
        positive.
    """

    def __init__(
        self, batch_size: int, num_examples: int | None = None, times: int | None = None
    ) -> None:
        if num_examples is not None and times is not None:
            raise ValueError(f"give num_examples={num_examples} or times={times}, not both")
        for name, limit in (("num_examples", num_examples), ("times", times)):
            if limit is not None and limit < 0:
                raise ValueError(f"{name}={limit} must be zero or more")
        self.batch_size = positive("batch_size", batch_size)
        self.num_examples = num_examples
        self.times = times

    def get_request_iterator(self) -> Iterator[int]:
        """Begin the next epoch: an iterator over equal integers."""
        if self.times is not None:
            return ConstantRequests(self.batch_size, self.times * self.batch_size)
        return ConstantRequests(self.batch_size, self.num_examples)

    def fingerprint(self) -> str:
        """Name and arguments."""
        limit = f"num_examples={self.num_examples}, times={self.times}"
        return f"{type(self).__name__}(batch_size={self.batch_size}, {limit})"


class SequentialScheme(BatchScheme):
    """Batches in the order of the indices."""

    def get_request_iterator(self) -> Iterator[list[int]]:
        """Begin the next epoch: an iterator over lists of indices."""
        return IndexRequests(in_order(self.indices), self.batch_size)


class SequentialExampleScheme(IndexScheme):
    """Single indices in their order."""

    def get_request_iterator(self) -> Iterator[int]:
        """Begin the next epoch: an iterator over indices."""
        return IndexRequests(in_order(self.indices), None)


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


def cross_validation(
    scheme_class: type[Any],
    num_examples: int,
    num_folds: int,
    strict: bool = True,
    **kwargs: Any,
) -> Iterator[tuple[Any, ...]]:
    """Yield a training and a validation scheme for each fold.

    Fold i validates on the examples `num_examples * i // num_folds` to
    `num_examples * (i + 1) // num_folds`, and trains on the others.

    Args:
        scheme_class: a scheme whose first argument is examples.
        num_examples: how many there are in all.
        num_folds: how many pairs to yield.
        strict: require folds of equal size; if not, a pair is followed by its validation size.
        **kwargs: further arguments of `scheme_class`.

    Raises:
        ValueError: if `num_folds` is not positive, or if strict and `num_examples` is not divisible
            by it.
    """
    positive("num_folds", num_folds)
    if strict and num_examples % num_folds:
        raise ValueError(
            f"{num_examples} examples are not divisible into {num_folds} equal folds; "
            "pass strict=False for folds that differ by one"
        )
    for fold in range(num_folds):
        begin = num_examples * fold // num_folds
        end = num_examples * (fold + 1) // num_folds
        train = scheme_class([*range(begin), *range(end, num_examples)], **kwargs)
        valid = scheme_class(range(begin, end), **kwargs)
        yield (train, valid) if strict else (train, valid, end - begin)
