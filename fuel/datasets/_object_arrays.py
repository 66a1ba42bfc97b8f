"""Arrays of Python objects: batches of examples that differ in shape."""

from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = ["copied", "object_array"]


def object_array(examples: Iterable[Any]) -> np.ndarray:
    """A one-dimensional object array of examples, also if all of them have one shape."""
    return np.fromiter(examples, object)


def copied(example: Any) -> Any:
    """A copy of an example, if it can be changed."""
    return example.copy() if isinstance(example, np.ndarray) else example
