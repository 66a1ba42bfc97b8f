"""Penalties on the size of parameters and activations, added to a cost."""

import difflib
from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp

from bricks._lineage import AnyVariable
from bricks.graph._computation_graph import ComputationGraph
from bricks.graph._tags import annotate
from bricks.graph._targets import checked_number, checked_targets
from bricks.parameter import Parameter
from bricks.roles import AUXILIARY


def apply_l1(
    graph: ComputationGraph,
    variables: Iterable[AnyVariable],
    weight: float,
    *,
    output: str = "cost",
) -> ComputationGraph:
    """The graph with `weight * sum(abs(v))` of some variables added to a cost.

    All that `apply_l2` says of activations, rewrites and the auxiliary variable (here named
    `l1_penalty`) holds here too. The gradient of `abs` at 0 is taken as 0.

    Args:
        graph: the graph; it stays as it is.
        variables: of the graph, parameters or activations, of a floating dtype.
        weight: the factor, at least 0.
        output: the name of the output to add to, a floating scalar.

    Raises:
        TypeError: as `apply_l2`.
        ValueError: as `apply_l2`.
    """
    return _apply("l1", graph, variables, weight, output, jnp.abs)


def apply_l2(
    graph: ComputationGraph,
    variables: Iterable[AnyVariable],
    weight: float,
    *,
    output: str = "cost",
) -> ComputationGraph:
    """The graph with `weight * sum(v**2)` of some variables added to a cost.

    There is no factor 1/2, so the gradient is `2 * weight * v`. Of an activation it is the sum
    for each example, averaged over the examples, which lie along its first axis; in a scan it is
    also summed over the iterations. In a branch that is not taken an activation counts as 0.
    What counts is the value after the rewrites made so far: put penalties before weight noise
    that they shall not see.

    The penalty itself, weight included, is an auxiliary variable named `l2_penalty`.

    Args:
        graph: the graph; it stays as it is.
        variables: of the graph, parameters or activations, of a floating dtype.
        weight: the factor, at least 0.
        output: the name of the output to add to, a floating scalar.

    Raises:
        TypeError: if `variables` is not a list of variables, or `weight` is no number.
        ValueError: if there are no variables; if one is not of the graph, does not hold floats,
            or is where its values cannot be summed (in a while loop, in `shard_map`); if `weight`
            is out of range; or if there is no such output or it is not a floating scalar.
    """
    return _apply("l2", graph, variables, weight, output, jnp.square)


def _apply(
    kind: str,
    graph: ComputationGraph,
    variables: Iterable[AnyVariable],
    weight: float,
    output: str,
    measure: Callable[[Any], Any],
) -> ComputationGraph:
    """Add to a cost the sum of a measure of some variables, and record it as `<kind>_penalty`."""
    targets = checked_targets(f"apply_{kind}", graph, variables)
    weight = checked_number(f"apply_{kind}", "weight", weight)
    for target in targets:
        if any(loop.kind == "while" for loop in target.loops):
            raise ValueError(
                f"apply_{kind}: {target} is in a while loop, of which only the last iteration can "
                "be seen; use lax.scan, or fori_loop with bounds that are plain integers"
            )
    _check_output(kind, graph, output)
    roles = graph.outputs[output].roles

    def add_penalty(
        outputs: dict[str, jax.Array], values: dict[AnyVariable, jax.Array]
    ) -> dict[str, jax.Array]:
        cost = outputs[output]
        parts = []
        for target in targets:
            value = values[target]
            value = value.astype(jnp.promote_types(value.dtype, cost.dtype))
            parts.append(_sum_per_example(kind, target, measure(value)).astype(cost.dtype))
        penalty = annotate(weight * sum(parts[1:], parts[0]), AUXILIARY, f"{kind}_penalty")
        return {**outputs, output: annotate(cost + penalty, roles, output)}

    return graph.map_outputs(add_penalty, targets, kind=f"{kind}_penalty")


def _sum_per_example(kind: str, target: AnyVariable, measured: jax.Array) -> jax.Array:
    total = jnp.sum(measured)
    if isinstance(target, Parameter) or not target.shape:
        return total
    examples_axis = len(target.loops)
    if measured.ndim != examples_axis + len(target.shape):
        raise ValueError(
            f"apply_{kind}: {target} is inside shard_map, where each device holds a part of it; "
            "penalize a variable outside of it"
        )
    return total / measured.shape[examples_axis]


def _check_output(kind: str, graph: ComputationGraph, output: str) -> None:
    if output not in graph.outputs:
        names = list(graph.outputs)
        close = difflib.get_close_matches(output, names, n=1)
        raise ValueError(
            f"apply_{kind}: the graph has no output {output!r}, but {', '.join(names)}; pass "
            f"output={(close or names)[0]!r}"
        )
    variable = graph.outputs[output]
    if variable.shape or not jnp.issubdtype(variable.dtype, jnp.floating):
        raise ValueError(
            f"apply_{kind}: the output {output!r} is {variable.dtype}{list(variable.shape)}, but "
            "a penalty can only be added to a floating scalar; reduce it first, by its mean for "
            "instance"
        )
