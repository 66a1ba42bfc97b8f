"""Requests of groups of examples, planned from stored lengths."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import index
from typing import Any, NamedTuple

import numpy as np

from fuel._indices import describe_indices
from fuel._requests import Requests
from fuel.schemes._base import IterationScheme

__all__ = ["GroupScheme", "Groups", "checked_lengths"]


class Groups(NamedTuple):
    """The groups of an epoch.

    Attributes:
        order: `(examples,)` integers, the indices of the first group, then of the second, ...
        bounds: `(groups, 2)` integers, for each group where in `order` it begins and ends.
    """

    order: np.ndarray
    bounds: np.ndarray


class GroupScheme(IterationScheme):
    """A scheme whose requests are groups of indices that are chosen by the examples' lengths.

    The groups of an epoch depend on the lengths and on `(seed, epoch)` alone, so a place in it is
    a number. A subclass defines `groups`.

    Args:
        lengths: of each example.
        seed: what the order depends on; None for the same one in each epoch.

    Raises:
        TypeError: if a length, or the seed, is not an integer.
        ValueError: if a length is negative.
    """

    requests_examples = False

    def __init__(self, lengths: Iterable[int], seed: int | None) -> None:
        self.lengths = checked_lengths(lengths)
        self.seed = None if seed is None else index(seed)
        self.epoch = 0

    @abstractmethod
    def groups(self, epoch: int) -> Groups:
        """The groups of an epoch, from 0."""

    def get_request_iterator(self) -> Iterator[list[int]]:
        """Begin the next epoch: an iterator over lists of indices."""
        epoch, self.epoch = self.epoch, self.epoch + 1
        return _GroupRequests(self.groups(epoch))

    def state_dict(self) -> dict[str, Any]:
        """The number of epochs begun."""
        return {"epoch": self.epoch}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Make the next epoch the one that would have followed `state`."""
        self.epoch = state["epoch"]

    def fingerprint(self) -> str:
        """Name, number and checksum of the lengths, and seed."""
        lengths = describe_indices(self.lengths.tolist())
        return f"{type(self).__name__}(lengths of {lengths}, seed={self.seed})"


class _GroupRequests(Requests):
    """One group of indices after the other."""

    def __init__(self, groups: Groups) -> None:
        self.groups = groups
        self.given = 0

    def next_request(self) -> np.ndarray:
        """The indices of the next group."""
        order, bounds = self.groups
        if self.given >= len(bounds):
            raise StopIteration
        start, stop = bounds[self.given]
        self.given += 1
        return order[start:stop]

    def skip(self, count: int) -> None:
        """Leave out the next `count` groups."""
        self.given += count

    def remaining(self) -> int:
        """How many groups are left."""
        return max(0, len(self.groups.bounds) - self.given)


def checked_lengths(lengths: Iterable[int] | Sequence[int]) -> np.ndarray:
    """Lengths of examples as an array.

    Returns:
        `(examples,)` 64-bit integers.

    Raises:
        TypeError: if they are not integers.
        ValueError: if one is negative, or they are not one for each example.
    """
    array = np.asarray(lengths if isinstance(lengths, np.ndarray) else list(lengths))
    if array.ndim != 1:
        raise ValueError(f"lengths has the shape {array.shape}, but needs one number an example")
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"lengths are integers, not {array.dtype}")
    if array.size and array.min() < 0:
        raise ValueError(f"lengths must be zero or more, not {array.min()}")
    return array.astype(np.int64)
