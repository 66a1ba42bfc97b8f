"""The examples that a scheme goes through: a range, or a list of indices."""

import zlib
from collections.abc import Iterable, Sequence
from operator import index

import numpy as np

__all__ = [
    "as_array",
    "describe_indices",
    "describe_numbers",
    "given_indices",
    "in_order",
    "is_identity",
    "positive",
]


def given_indices(examples: int | Iterable[int]) -> Sequence[int]:
    """A range, or a list of integers that outlives the iterable it came from."""
    if isinstance(examples, Iterable):
        if isinstance(examples, range):
            return examples
        if isinstance(examples, np.ndarray) and examples.dtype.kind in "iu" and examples.ndim == 1:
            return examples.tolist()
        return [index(example) for example in examples]
    try:
        count = index(examples)
    except TypeError as error:
        raise TypeError(
            f"examples is a {type(examples).__name__}, but must be a number of examples, such as "
            "dataset.num_examples, or their indices"
        ) from error
    if count < 0:
        raise ValueError(f"examples={examples} must be zero or more, or the indices")
    return range(count)


def positive(name: str, value: int) -> int:
    """The value of an argument that must be at least one."""
    try:
        number = index(value)
    except TypeError as error:
        raise TypeError(f"{name}={value!r} must be a whole number, 1 or more") from error
    if number < 1:
        raise ValueError(f"{name}={value} must be 1 or more")
    return number


def in_order(indices: Sequence[int]) -> range | np.ndarray:
    """The indices in the form that is cut into batches fastest."""
    if isinstance(indices, range) and indices.step == 1:
        return indices
    return as_array(indices)


def as_array(indices: Sequence[int]) -> np.ndarray:
    """A new array of the indices."""
    if isinstance(indices, range):  # forty times faster than to go through a range
        return np.arange(indices.start, indices.stop, indices.step, dtype=np.int64)
    return np.array(indices, dtype=np.int64)


def is_identity(indices: Sequence[int]) -> bool:
    """Whether every index stands at its own place."""
    return isinstance(indices, range) and indices.start == 0 and indices.step == 1


def describe_indices(indices: Sequence[int]) -> str:
    """Which indices they are, in a few words; different ones have different words."""
    if is_identity(indices):
        return f"examples={len(indices)}"
    return f"examples={len(indices)} {describe_numbers(as_array(indices))}"


def describe_numbers(numbers: np.ndarray) -> str:
    """Which numbers they are, in a few words."""
    little = numbers.astype(numbers.dtype.newbyteorder("<"))
    return f"with checksum {zlib.crc32(little.tobytes()):08x}"
