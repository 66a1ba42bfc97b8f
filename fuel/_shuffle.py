"""Random bits and orders that depend on a purpose and a few numbers alone."""

import hashlib

import numpy as np

__all__ = ["philox", "random_order"]


def philox(purpose: str, *numbers: int) -> np.random.Philox:
    """Random bits for one purpose and one combination of numbers.

    The key is a SHA-256 of all of them, so that neighbouring seeds, epochs or indices share
    nothing, which sums such as seed + epoch would.

    Args:
        purpose: what the bits are for; different purposes give independent bits.
        *numbers: integers, for instance seed and epoch.
    """
    text = ":".join([purpose, *map(str, numbers)])
    return np.random.Philox(
        key=int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    )


def random_order(bits: np.random.Philox, examples: int) -> np.ndarray:
    """A uniformly random order of `examples` indices.

    Made by sorting Philox's raw bits, whose stream NumPy guarantees, rather than by
    `Generator.permutation`, whose algorithm may change with NumPy's version. The low bits of each
    number give way to its index, so that plain numbers are sorted (two to nine times faster than
    `argsort`) and ties have one order; a tie has a chance of examples**3 / 2**64 at most.

    Returns:
        `(examples,)` 64-bit integers, each of 0 to `examples` - 1 once.
    """
    keys = bits.random_raw(examples)
    low = np.uint64((1 << max(0, examples - 1).bit_length()) - 1)
    keys &= ~low
    keys |= np.arange(examples, dtype=np.uint64)
    keys.sort()
    keys &= low
    return keys.view(np.int64)
