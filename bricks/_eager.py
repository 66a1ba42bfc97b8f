"""Bricks called like NumPy functions: a compiled graph for each kind of call, kept by the brick."""

import inspect
from collections.abc import Hashable
from typing import Any, Protocol

import jax
import jax.numpy as jnp

from bricks._arguments import is_array, named, replaced
from bricks.brick import Brick
from bricks.graph import ComputationGraph

KEPT = 64
"""How many compiled graphs a brick keeps; the oldest goes first."""


class Runnable(Protocol):
    """An application of one brick."""

    application: Any
    brick: Brick

    def run(self, arguments: inspect.BoundArguments) -> tuple[list[Any], bool]:
        """Give the outputs, and whether the method returned a single one."""


def can_be_compiled(arguments: inspect.BoundArguments) -> bool:
    """Whether there are arrays, all of them concrete, and no `jax.jit` around the call."""
    arrays = [value for _, value in named(arguments) if is_array(value)]
    concrete = all(not isinstance(value, jax.core.Tracer) for value in arrays)
    return bool(arrays) and concrete and not isinstance(jnp.zeros(()), jax.core.Tracer)


def run_compiled(
    application: Runnable, arguments: inspect.BoundArguments
) -> tuple[list[Any], bool]:
    """Run an application as a graph of its own, with the current values of the parameters.

    Arguments that are neither arrays nor hashable could have changed since the last call, so
    then the method runs as it is.
    """
    arrays = {name: value for name, value in named(arguments) if is_array(value)}
    application.brick.prepare(arrays)
    key = _key(application, arguments)
    if key is None:
        return application.run(arguments)
    compiled = application.brick._compiled
    if key not in compiled:
        if len(compiled) >= KEPT:
            del compiled[next(iter(compiled))]
        compiled[key] = _Compiled(application, arguments, arrays)
    return compiled[key](arrays)


class _Compiled:
    """One application for arguments of given shapes and dtypes."""

    def __init__(
        self,
        application: Runnable,
        arguments: inspect.BoundArguments,
        arrays: dict[str, Any],
    ) -> None:
        self._others: list[Any] = []
        self._structure: Any = None
        self._is_single = True

        def outputs(**inputs: Any) -> dict[str, Any]:
            found, self._is_single = application.run(replaced(arguments, inputs))
            leaves, self._structure = jax.tree.flatten(found)
            self._others = [None if is_array(value) else value for value in leaves]
            arrays = {str(index): value for index, value in enumerate(leaves) if is_array(value)}
            return arrays or {"none": jnp.zeros(())}  # a graph has at least one output

        self._graph = ComputationGraph(outputs, arrays)

    def __call__(self, arrays: dict[str, Any]) -> tuple[list[Any], bool]:
        found = self._graph(arrays)
        leaves = [found.get(str(index), other) for index, other in enumerate(self._others)]
        return jax.tree.unflatten(self._structure, leaves), self._is_single


def _key(application: Runnable, arguments: inspect.BoundArguments) -> Hashable | None:
    """What the compiled code depends on; `None` if that cannot be told."""
    inputs = [
        (name, value.shape, str(value.dtype)) if is_array(value) else (name, type(value), value)
        for name, value in named(arguments)
    ]
    brick = application.brick
    state = [(id(each), each._edited_at) for each in brick.subtree()]
    key = (application.application, brick.path, tuple(inputs), tuple(state))
    try:
        hash(key)
    except TypeError:
        return None
    return key
