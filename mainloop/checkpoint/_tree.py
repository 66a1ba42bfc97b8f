"""A state as JSON text and a list of arrays, and back."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

Place = tuple[str | int, ...]
_MARKS = ("$array", "$parameter", "$key", "$scalar", "$tuple", "$bytes", "$float", "$dict")


@dataclass(frozen=True)
class Flat:
    """A tree without its arrays: where each stood is told by its place in `arrays`."""

    tree: Any
    arrays: list[tuple[Place, np.ndarray]]

    def to_json(self) -> str:
        """The tree as JSON text."""
        return json.dumps(self.tree, allow_nan=False, separators=(",", ":"))


def flatten(state: Any, parameters: Mapping[str, np.ndarray]) -> Flat:
    """Take a state apart, with copies of its arrays.

    A state is made of dicts with string keys, lists, tuples, None, booleans, integers of any
    size, floats, strings, bytes, NumPy scalars, NumPy and JAX arrays and JAX's typed PRNG keys.
    An array that stands under the path of a parameter and equals it becomes a reference to it.

    Raises:
        TypeError: for anything else; says where it is.
    """
    flattening = _Flattening(parameters)
    return Flat(flattening.encode(state, ()), flattening.arrays)


def unflatten(text: str, arrays: list[np.ndarray], parameters: Mapping[str, np.ndarray]) -> Any:
    """The state that was taken apart; JAX arrays come back as NumPy arrays, keys as keys."""
    return _decoded(json.loads(text), arrays, parameters)


@dataclass
class _Flattening:
    """A state on its way to JSON, whose arrays are put aside, but for those of parameters."""

    parameters: Mapping[str, np.ndarray]
    arrays: list[tuple[Place, np.ndarray]] = field(default_factory=list)

    def encode(self, value: Any, place: Place) -> Any:
        """What stands in the JSON for a value at this place of the state."""
        if value is None or isinstance(value, bool | str) or type(value) is int:
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"$float": value.hex()}
        if isinstance(value, bytes):
            return {"$bytes": value.hex()}
        if isinstance(value, Mapping):
            return self._mapping(value, place)
        if isinstance(value, list | tuple):
            items = [self.encode(item, (*place, index)) for index, item in enumerate(value)]
            return {"$tuple": items} if isinstance(value, tuple) else items
        if isinstance(value, np.ndarray | np.generic | jax.Array):
            return self._array(value, place)
        raise TypeError(
            f"{told(place)} is of type {type(value).__name__}; a state is made of dicts, lists, "
            "tuples, numbers, strings, bytes, None, arrays and PRNG keys"
        )

    def _mapping(self, value: Mapping[Any, Any], place: Place) -> Any:
        for key in value:
            if not isinstance(key, str):
                raise TypeError(
                    f"{told(place)} has the key {key!r} of type {type(key).__name__}; the keys "
                    "of a state are strings"
                )
        encoded = {key: self.encode(item, (*place, key)) for key, item in value.items()}
        return {"$dict": encoded} if any(key.startswith("$") for key in value) else encoded

    def _array(self, value: Any, place: Place) -> Any:
        if isinstance(value, jax.Array) and jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key):
            data = self._array(jax.random.key_data(value), place)
            return {"$key": str(jax.random.key_impl(value)), "data": data}
        array = np.array(value, order="C")
        if array.dtype.hasobject or array.dtype.names is not None:
            raise TypeError(
                f"{told(place)} is an array of dtype {array.dtype}; an array of a state holds "
                "numbers or strings of fixed length"
            )
        path = place[-1] if place else None
        if isinstance(path, str) and _is_same(array, self.parameters.get(path)):
            return {"$parameter": path}
        self.arrays.append((place, array))
        kind = "$scalar" if isinstance(value, np.generic) else "$array"
        return {kind: len(self.arrays) - 1}


def _is_same(one: np.ndarray, other: np.ndarray | None) -> bool:
    return (
        other is not None
        and one.dtype == other.dtype
        and one.shape == other.shape
        and one.tobytes() == other.tobytes()
    )


def _decoded(value: Any, arrays: list[np.ndarray], parameters: Mapping[str, np.ndarray]) -> Any:
    """What `_Flattening.encode` made `value` of."""
    if isinstance(value, list):
        return [_decoded(item, arrays, parameters) for item in value]
    if not isinstance(value, dict):
        return value
    mark = next((mark for mark in _MARKS if mark in value), None)
    held: Any = value[mark] if mark else value
    match mark:
        case "$array":
            return arrays[held]
        case "$scalar":
            return arrays[held][()]
        case "$parameter":
            return parameters[held].copy()
        case "$key":
            data = _decoded(value["data"], arrays, parameters)
            return jax.random.wrap_key_data(data, impl=held)
        case "$tuple":
            return tuple(_decoded(item, arrays, parameters) for item in held)
        case "$bytes":
            return bytes.fromhex(held)
        case "$float":
            return float.fromhex(held)
    return {key: _decoded(item, arrays, parameters) for key, item in held.items()}


def told(place: Place) -> str:
    """A place in a state, as an error tells it: `state['loop'][0]`."""
    return "state" + "".join(f"[{key!r}]" for key in place)
