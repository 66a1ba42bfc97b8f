"""Shuffled orders of any number of examples in a few bytes: a keyed bijection."""

import numpy as np

from fuel._shuffle import philox

__all__ = ["KeyedBijection"]

_ROUNDS = 8
_FIRST = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)


class KeyedBijection:
    """A one-to-one map of 0 to `size` - 1 onto itself, as good as random.

    A Feistel network of eight rounds over the least power of two that is enough, whose two parts
    differ by one bit if need be. Each round mixes one part, by 64-bit multiplications with a key of
    the round, into the other. Where the result is not below `size` it is mapped again until it is
    ("cycle walking": Black and Rogaway, Ciphers with arbitrary finite domains, 2002), less than
    once more on average.

    Args:
        size: how many numbers, at most 2**62.
        purpose: what the map is for; different purposes give independent maps.
        *numbers: integers that choose the map, for instance seed and epoch.

    Raises:
        ValueError: if `size` is too large.
    """

    def __init__(self, size: int, purpose: str, *numbers: int) -> None:
        if size > 1 << 62:
            raise ValueError(f"{size} examples are more than the {1 << 62} that can be shuffled")
        self.size = size
        bits = max(2, (size - 1).bit_length())
        self._widths = bits - bits // 2, bits // 2
        self._keys = philox(purpose, *numbers).random_raw(_ROUNDS)

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """What stands at some places of the order.

        Args:
            places: `(n,)` integers below `size`; thousands at a time cost least.

        Returns:
            `(n,)` 64-bit integers, distinct where the places are.
        """
        mapped = self._map(places.astype(np.uint64))
        outside = np.flatnonzero(mapped >= self.size)
        while len(outside):
            again = self._map(mapped[outside])
            mapped[outside] = again
            outside = outside[again >= self.size]
        return mapped.view(np.int64)

    def _map(self, numbers: np.ndarray) -> np.ndarray:
        """The network once, on numbers below the power of two; its rounds are even in number."""
        left_width, right_width = self._widths
        left = numbers >> np.uint64(right_width)
        right = numbers & np.uint64((1 << right_width) - 1)
        for key in self._keys:
            mixed = right ^ key
            mixed *= _FIRST
            mixed ^= mixed >> _HALF
            mixed *= _SECOND
            mixed >>= np.uint64(64 - left_width)
            left ^= mixed
            left, right = right, left
            left_width, right_width = right_width, left_width
        left <<= np.uint64(right_width)
        left |= right
        return left
