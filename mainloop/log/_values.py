"""Records as JSON text and back, without the loss of a bit."""

import json
import math
from typing import Any, Protocol, runtime_checkable

import numpy as np

_ARRAY, _FLOAT, _DICT = "$array", "$float", "$dict"


@runtime_checkable
class ArrayLike(Protocol):
    """What NumPy can turn into an array: its own, JAX's, others'."""

    def __array__(self) -> np.ndarray:
        """The values on the host."""


def is_recordable(value: Any) -> bool:
    """Whether a log can keep `value`, as far as its type tells, without waiting for an array."""
    if value is None or isinstance(value, str | bool | int | float | ArrayLike):
        return True
    if isinstance(value, list | tuple):
        return all(map(is_recordable, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_recordable(item) for key, item in value.items())
    return False


def plain(value: Any) -> Any:
    """The value as a log gives it back: Python numbers, lists, dicts and NumPy arrays.

    A zero-dimensional array becomes a Python number, a tuple a list.

    Raises:
        TypeError: if an array is of a kind that JSON numbers do not hold.
    """
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if not isinstance(value, ArrayLike):
        return value
    array = np.array(value)
    if array.ndim == 0 and isinstance(array.item(), bool | int | float | str):
        return array.item()
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise TypeError(
            f"a record holds an array of {array.dtype}, but a log keeps arrays of booleans, "
            "integers and floats of at most 64 bits; convert it, to float32 for instance"
        )
    return array


def to_json(values: dict[str, Any]) -> str:
    """Plain values as one line of JSON; floats come back exactly, arrays with their dtype."""
    return json.dumps(_encoded(values), allow_nan=False, separators=(",", ":"))


def from_json(text: str) -> dict[str, Any]:
    """The values that `to_json` was given."""
    decoded: dict[str, Any] = _decoded(json.loads(text))
    return decoded


def _encoded(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: repr(value)}
    if isinstance(value, np.ndarray):
        items = _encoded(value.tolist())
        return {_ARRAY: items, "dtype": value.dtype.str, "shape": list(value.shape)}
    if isinstance(value, list):
        return [_encoded(item) for item in value]
    if isinstance(value, dict):
        encoded = {key: _encoded(item) for key, item in value.items()}
        return {_DICT: encoded} if any(key.startswith("$") for key in value) else encoded
    return value


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _FLOAT in value:
        return float(value[_FLOAT])
    if _ARRAY in value:
        items = np.array(_decoded(value[_ARRAY]), dtype=value["dtype"])
        return items.reshape(value["shape"])
    return {key: _decoded(item) for key, item in value.get(_DICT, value).items()}
