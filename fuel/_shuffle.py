"""Orders that depend on a seed and an epoch alone."""

import functools
import hashlib

import numpy as np

__all__ = ["philox", "seeded_order"]


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


@functools.lru_cache(maxsize=2)  # workers look one epoch ahead, and then ask again
def seeded_order(purpose: str, seed: int, epoch: int, examples: int) -> np.ndarray:
    """A uniformly random order of `examples` indices.

    Made by sorting Philox's raw bits, whose stream NumPy guarantees, rather than by
    `Generator.permutation`, whose algorithm may change with NumPy's version.

    Returns:
        `(examples,)` 64-bit integers, each of 0 to `examples` - 1 once; not to be written to.
    """
    keys = philox(purpose, seed, epoch).random_raw(examples)
    order = np.argsort(keys)
    ordered = keys[order]
    if np.any(ordered[1:] == ordered[:-1]):  # ties, of chance examples**2 / 2**65, have one order
        order = np.argsort(keys, kind="stable")
    order.flags.writeable = False
    return order
