"""What a transformation of a graph is to work on, checked."""

import difflib
import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

import jax.numpy as jnp

from bricks._lineage import AnyVariable
from bricks.graph._computation_graph import ComputationGraph
from bricks.parameter import Parameter
from bricks.variable import Variable


def checked_targets(
    transformation: str, graph: ComputationGraph, variables: Iterable[AnyVariable]
) -> tuple[AnyVariable, ...]:
    """Return the variables, each once.

    Raises:
        TypeError: if `variables` is not several variables.
        ValueError: if there are none, or one is not of the graph or does not hold floats.
    """
    targets = _checked_kinds(transformation, variables)
    present = set(graph.variables)
    for target in targets:
        if target not in present:
            raise ValueError(
                f"{transformation}: {target} is not a variable of this graph"
                + _near(str(target), [str(variable) for variable in graph.variables])
            )
        if not jnp.issubdtype(target.dtype, jnp.floating):
            raise ValueError(
                f"{transformation}: {target} holds {target.dtype}, but floats are needed; choose "
                "a variable after it has been embedded or cast"
            )
    return targets


def checked_number(transformation: str, argument: str, value: Any, most: float = math.inf) -> float:
    """Return a number of at least 0 and at most `most`.

    Raises:
        TypeError: if it is no number.
        ValueError: if it is out of that range.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{transformation}: {argument} is {value!r}, but must be a number")
    number = float(value)
    if not 0 <= number <= most or math.isinf(number):
        wanted = "at least 0 and finite" if math.isinf(most) else f"from 0 to {most:g}"
        raise ValueError(f"{transformation}: {argument} is {value!r}, but must be {wanted}")
    return number


def _checked_kinds(
    transformation: str, variables: Iterable[AnyVariable]
) -> tuple[AnyVariable, ...]:
    """The variables, if they are a list of such; else an error with the cure."""
    if isinstance(variables, Variable | Parameter):
        raise TypeError(
            f"{transformation}: variables is the bare variable {variables}; pass a list: "
            f"[{variables}]"
        )
    if isinstance(variables, str):
        raise TypeError(
            f"{transformation}: variables is the string {variables!r}; select what it names: "
            f"graph.select({variables!r})"
        )
    if not isinstance(variables, Iterable):
        raise TypeError(f"{transformation}: variables is {variables!r}, but must be a list")
    targets = tuple(dict.fromkeys(variables))
    for target in targets:
        if not isinstance(target, Variable | Parameter):
            raise TypeError(
                f"{transformation}: {target!r} is not a variable; take them from graph.variables, "
                "graph.select or a VariableFilter"
            )
    if not targets:
        raise ValueError(
            f"{transformation}: there are no variables to work on; a filter that finds nothing "
            "gives an empty list, graph.select would have said why"
        )
    return targets


def _near(wanted: str, present: list[str]) -> str:
    if wanted in present:
        return "; it has the name of one, but is another: take it from this graph's variables"
    close = difflib.get_close_matches(wanted, present, n=3)
    shown = close or present[:8]
    return f"; {'near it are' if close else 'its variables are'} {', '.join(shown)}"
