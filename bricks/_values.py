"""The first and later values of parameters: drawn from a seed, read and set by path."""

import hashlib
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bricks.declaration import Declaration
from bricks.parameter import Parameter


def generator(seed: int, path: str) -> np.random.Generator:
    """The generator of one parameter's first values, a function of the seed and its path alone.

    Philox with a SHA-256 of the path in its seed, so that parameters draw independently.

    Raises:
        TypeError: if `seed` is not an integer.
        ValueError: if it is negative.
    """
    try:
        number = operator.index(seed)
    except TypeError:
        raise TypeError(f"seed={seed!r} is not an integer; pass seed=1, for instance") from None
    if number < 0:
        raise ValueError(f"seed={number} is negative; seeds are at least 0")
    words = np.frombuffer(hashlib.sha256(path.encode()).digest(), "<u4")
    entropy = [number, *map(int, words)]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy)))


def draw(declared: Iterable[tuple[Any, Declaration, Parameter]], seed: int) -> None:
    """Set the first values of parameters, or of none if one of them is an error."""
    drawn = []
    for brick, declaration, parameter in declared:
        scheme = declaration.scheme(brick)
        rng = generator(seed, parameter.path)
        try:
            value = scheme.generate(rng, parameter.shape, parameter.dtype)
        except ValueError as error:
            raise ValueError(f"{parameter.path} cannot be initialized: {error}") from error
        drawn.append((parameter, value))
    for parameter, value in drawn:
        parameter.value = value


def by_path(parameters: Iterable[Parameter]) -> dict[str, Parameter]:
    """The parameters by their paths.

    Raises:
        ValueError: if two have one path.
    """
    found: dict[str, Parameter] = {}
    for parameter in parameters:
        other = found.setdefault(parameter.path, parameter)
        if other is not parameter:
            raise ValueError(
                f"two parameters have the path {parameter.path}: {other!r} of {other.brick!r} "
                f"and {parameter!r} of {parameter.brick!r}; give their bricks different names, or "
                "share one Parameter"
            )
    return found


def get_values(parameters: Mapping[str, Parameter]) -> dict[str, jax.Array]:
    """The current values.

    Raises:
        ValueError: if there are parameters without a value; it names them.
    """
    values = {path: parameter.value for path, parameter in parameters.items()}
    found = {path: value for path, value in values.items() if value is not None}
    if len(found) < len(values):
        missing = ", ".join(path for path in values if path not in found)
        raise ValueError(f"these parameters have no value yet: {missing}; call initialize(seed=1)")
    return found


def set_values(parameters: Mapping[str, Parameter], values: Mapping[str, Any]) -> None:
    """Set all values, or none of them if any does not fit.

    Raises:
        ValueError: it names the paths that are unknown, those that are missing, and those whose
            shapes or dtypes differ.
    """
    problems = []
    unknown = [path for path in values if path not in parameters]
    missing = [path for path in parameters if path not in values]
    if unknown:
        problems.append("there are no parameters " + ", ".join(unknown))
    if missing:
        problems.append("no values were given for " + ", ".join(missing))
    arrays = {}
    for path, parameter in parameters.items():
        if path in values:
            arrays[path] = array = cast(values[path], parameter)
            if array.shape != parameter.shape or array.dtype != parameter.dtype:
                problems.append(
                    f"{path} holds {parameter.dtype}{list(parameter.shape)}, but the value is "
                    f"{array.dtype}{list(array.shape)}"
                )
    if problems:
        raise ValueError("nothing was set: " + "; ".join(problems))
    for path, array in arrays.items():
        parameters[path].value = array


def cast(value: Any, parameter: Parameter) -> Any:
    """The value as an array: lists and NumPy arrays take the parameter's dtype if they may.

    "May" means from integers or floats to floats of any width; a JAX array stays as it is.
    """
    if isinstance(value, jax.Array):
        return value
    array = np.asarray(value)
    if jnp.issubdtype(parameter.dtype, jnp.floating) and array.dtype.kind in "iuf":
        return array.astype(parameter.dtype, copy=False)
    return array
