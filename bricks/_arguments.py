"""The arguments of a call, one by one, as variables have names."""

import inspect
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np


def named(arguments: inspect.BoundArguments) -> list[tuple[str, Any]]:
    """The arguments one by one, with the names of their variables."""
    pairs: list[tuple[str, Any]] = []
    for name, value in arguments.arguments.items():
        kind = arguments.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            pairs += [(f"{name}_{index}", item) for index, item in enumerate(value)]
        elif kind is inspect.Parameter.VAR_KEYWORD:
            pairs += value.items()
        else:
            pairs.append((name, value))
    return pairs


def replaced(
    arguments: inspect.BoundArguments, values: Mapping[str, Any]
) -> inspect.BoundArguments:
    """The arguments with other values for some of the names that `named` gives."""
    new: dict[str, Any] = {}
    for name, value in arguments.arguments.items():
        kind = arguments.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            new[name] = tuple(
                values.get(f"{name}_{index}", item) for index, item in enumerate(value)
            )
        elif kind is inspect.Parameter.VAR_KEYWORD:
            new[name] = {key: values.get(key, item) for key, item in value.items()}
        else:
            new[name] = values.get(name, value)
    return inspect.BoundArguments(arguments.signature, new)


def check_array(application: str, name: str, value: Any) -> None:
    """Refuse what is no array.

    Raises:
        TypeError: it names the application, the argument and what came.
    """
    if not is_array(value):
        raise TypeError(
            f"{application}: {name} is {type(value).__name__}, but must be an array of numbers, "
            f"as numpy.asarray({name}) may make"
        )


def is_array(value: Any) -> bool:
    """Whether it is an array of JAX, also a traced one, or a numeric one of NumPy."""
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind not in "OSUMm"
    return isinstance(value, jax.Array)
