"""Examples of all classes alike, however many there are of each."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from fuel._indices import describe_numbers
from fuel._shuffle import philox
from fuel.schemes._epochs import AnyOrder, declared_length
from fuel.schemes._seeded import SeededBatches, SeededExamples, SeededOrder

__all__ = ["BalancedExampleScheme", "BalancedScheme", "checked_labels"]


class _Balancing(SeededOrder):
    """What the balanced schemes share."""

    indices: Sequence[int]

    def _set_classes(self, labels: np.ndarray, examples_per_epoch: int | None) -> None:
        length = len(labels) if examples_per_epoch is None else examples_per_epoch
        self.examples_per_epoch = declared_length(length, self.indices)
        _, self._classes = np.unique(labels, return_inverse=True)

    def fingerprint(self) -> str:
        """What the order depends on."""
        name = f"{super().fingerprint()[:-1]}, examples_per_epoch={self.examples_per_epoch}"
        return f"{name}, classes {describe_numbers(self._classes)})"

    def _order(self, epoch: int) -> AnyOrder:
        assert self.examples_per_epoch is not None
        classes, sizes = self._classes, np.bincount(self._classes)
        members = np.split(np.argsort(classes, kind="stable"), np.cumsum(sizes)[:-1])
        wanted = _rounds(len(sizes), self.examples_per_epoch, ("classes", self.seed, epoch))
        order = np.empty(self.examples_per_epoch, np.int64)
        places = np.split(np.argsort(wanted, kind="stable"), np.cumsum(np.bincount(wanted))[:-1])
        for number, (theirs, where) in enumerate(zip(members, places, strict=False)):
            turns = _rounds(len(theirs), len(where), ("members", self.seed, epoch, number))
            order[where] = theirs[turns]
        return order


class BalancedScheme(_Balancing, SeededBatches):
    """Batches in which all classes are equally frequent.

    An epoch is a series of rounds, each with one example of every class, the classes shuffled; so
    the numbers of examples of two classes in a batch differ by two at most, and if the number of
    classes divides `batch_size`, not at all. The examples of a class come in turn, in a new random
    order each time that all have come: within an epoch, two of one class differ by one at most in
    how often they come. Epochs depend on `(seed, epoch)` alone.

    Args:
        labels: `(examples,)` or `(examples, 1)` integers or strings: the class of each example.
        batch_size: examples in a request; the last of an epoch may be shorter.
        seed: default the configured `default_seed`.
        examples_per_epoch: how many examples are an epoch; default as many as there are labels.
        drop_last: leave out a last request that would be shorter.

    Raises:
        TypeError: if `seed` is not an integer.
        ValueError: if there are no labels, or they have another shape; or if a number is not
            positive.

    >>> scheme = BalancedScheme(["cat", "cat", "cat", "cat", "dog", "cat"], 2, seed=1)
    >>> list(scheme.get_request_iterator())
    [[3, 4], [4, 1], [0, 4]]
    """

    def __init__(
        self,
        labels: ArrayLike,
        batch_size: int,
        *,
        seed: int | None = None,
        examples_per_epoch: int | None = None,
        drop_last: bool = False,
    ) -> None:
        given = checked_labels(labels)
        super().__init__(len(given), batch_size, drop_last=drop_last)
        self._set_seed(seed)
        self._set_classes(given, examples_per_epoch)


class BalancedExampleScheme(_Balancing, SeededExamples):
    """Single examples of all classes in turn, so that all come equally often.

    They come in the order of `BalancedScheme`.

    Args:
        labels: as for `BalancedScheme`.
        seed: as for `BalancedScheme`.
        examples_per_epoch: as for `BalancedScheme`.

    Raises:
        TypeError: if `seed` is not an integer.
        ValueError: as for `BalancedScheme`.

    >>> scheme = BalancedExampleScheme(["cat", "cat", "cat", "cat", "dog", "cat"], seed=1)
    >>> list(scheme.get_request_iterator())
    [3, 4, 4, 1, 0, 4]
    """

    def __init__(
        self,
        labels: ArrayLike,
        *,
        seed: int | None = None,
        examples_per_epoch: int | None = None,
    ) -> None:
        given = checked_labels(labels)
        super().__init__(len(given))
        self._set_seed(seed)
        self._set_classes(given, examples_per_epoch)


def checked_labels(labels: ArrayLike) -> np.ndarray:
    """Labels as an array with one axis.

    Raises:
        ValueError: if they have more, or if there are none.
    """
    given = np.asarray(labels)
    if given.ndim == 2 and given.shape[1] == 1:
        given = given[:, 0]
    if given.ndim != 1 or not len(given):
        raise ValueError(
            f"labels have shape {given.shape}, but one label for each of one or more examples is "
            "needed; if they are one-hot, pass labels.argmax(1)"
        )
    return given


def _rounds(count: int, length: int, key: Sequence[str | int]) -> np.ndarray:
    """`length` numbers: all of 0 to `count` - 1 in a random order, again and again in others."""
    purpose, *numbers = key
    rounds = -(-length // count)
    bits = philox(f"fuel.schemes.balance.{purpose}", *map(int, numbers))
    keys = bits.random_raw(rounds * count).reshape(rounds, count)
    return np.argsort(keys, axis=1, kind="stable").reshape(-1)[:length]
