"""Random numbers for transformers: as a function of an item's place, or from a generator given."""

import math
import operator
from typing import Protocol

import numpy as np

from fuel._shuffle import philox
from fuel._streams._context import Place

__all__ = ["Draws", "GivenDraws", "NumPyGenerator", "PlacedDraws"]

NumPyGenerator = np.random.RandomState | np.random.Generator
_HALF = np.uint64(32)


class Draws(Protocol):
    """What transformers ask of random numbers; a count of None asks for a single one."""

    def below(self, limit: int, count: int | None = None) -> np.ndarray:
        """Integers from 0 to `limit` - 1, all equally likely."""

    def uniform(self, low: float, high: float, count: int | None = None) -> np.ndarray:
        """64-bit floats from `low` to `high`, all equally likely."""

    def coins(self, probability: float, shape: tuple[int, ...]) -> np.ndarray:
        """Booleans that are each true with a probability."""

    def normal(self, shape: tuple[int, ...]) -> np.ndarray:
        """32-bit floats of mean 0 and deviation 1, normally distributed."""


class PlacedDraws:
    """Random numbers that are a function of a purpose, a number and an item's place alone.

    They are Philox's (J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random
    numbers: as easy as 1, 2, 3", SC 2011): the key is a hash of purpose, seed and number, and the
    counter begins at (epoch, step), so that going to a place is setting a counter, and no two
    places share a number. NumPy guarantees Philox's bits; all but the normal numbers are made of
    them here, and so remain what they are when NumPy changes.

    Args:
        purpose: what the numbers are for.
        number: tells apart several users of one purpose.
    """

    def __init__(self, purpose: str, number: int) -> None:
        self.purpose = purpose
        self.number = number
        self._seed: int | None = None
        self.move_to(Place(0, 0, 0))

    def move_to(self, place: Place) -> None:
        """Draw what belongs to a place from now on."""
        if place.seed != self._seed:
            self._seed = place.seed
            self._bits = philox(self.purpose, place.seed, self.number)
            self._generator = np.random.Generator(self._bits)
            self._state = self._bits.state
            self._counter = self._state["state"]["counter"]
        self._counter[2:] = place.step, place.epoch
        self._bits.state = self._state

    def below(self, limit: int, count: int | None = None) -> np.ndarray:
        """Integers from 0 to `limit` - 1, each with a probability of 1 / `limit` within 2**-32.

        Args:
            limit: at most 2**32.
            count: how many.

        Returns:
            `(count,)` 64-bit integers; of no axes if `count` is None.
        """
        products = self._bits.random_raw(1 if count is None else count)
        products >>= _HALF
        products *= np.uint64(operator.index(limit))
        products >>= _HALF
        numbers = products.view(np.int64)
        return numbers[0] if count is None else numbers

    def uniform(self, low: float, high: float, count: int | None = None) -> np.ndarray:
        """Floats from `low` to `high`, which itself comes by rounding only.

        Returns:
            `(count,)` 64-bit floats; of no axes if `count` is None.
        """
        return (self._raw(count) >> np.uint64(11)) * (2.0**-53 * (high - low)) + low

    def coins(self, probability: float, shape: tuple[int, ...]) -> np.ndarray:
        """Booleans, each true with a probability, which is rounded to a multiple of 2**-32."""
        size = math.prod(shape)
        threshold = round(probability * 2**32)
        if threshold == 0:
            return np.zeros(shape, bool)
        words = self._bits.random_raw((size + 1) // 2).astype("<u8", copy=False).view("<u4")
        return (words[:size] <= np.uint32(threshold - 1)).reshape(shape)

    def normal(self, shape: tuple[int, ...]) -> np.ndarray:
        """Normally distributed 32-bit floats; NumPy may change them with its version."""
        return self._generator.standard_normal(shape, dtype=np.float32)

    def _raw(self, count: int | None) -> np.ndarray:
        raw = self._bits.random_raw(1 if count is None else count)
        return raw[0] if count is None else raw

    def __reduce__(self) -> tuple[type["PlacedDraws"], tuple[str, int]]:
        return PlacedDraws, (self.purpose, self.number)


class GivenDraws:
    """Random numbers from a generator that goes on from item to item, by NumPy's own methods.

    Args:
        rng: where the numbers come from.
    """

    def __init__(self, rng: NumPyGenerator) -> None:
        self._rng = rng

    def below(self, limit: int, count: int | None = None) -> np.ndarray:
        """Integers from 0 to `limit` - 1."""
        if isinstance(self._rng, np.random.RandomState):
            return np.asarray(self._rng.randint(0, limit, count))
        return np.asarray(self._rng.integers(0, limit, count))

    def uniform(self, low: float, high: float, count: int | None = None) -> np.ndarray:
        """64-bit floats from `low` to `high`."""
        return np.asarray(self._rng.uniform(low, high, count))

    def coins(self, probability: float, shape: tuple[int, ...]) -> np.ndarray:
        """Booleans, each true with a probability."""
        return np.asarray(self._rng.random(shape) < probability)

    def normal(self, shape: tuple[int, ...]) -> np.ndarray:
        """Normally distributed 32-bit floats."""
        return np.asarray(self._rng.standard_normal(shape), np.float32)
