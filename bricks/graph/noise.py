"""Gaussian noise, as a transformation of a graph."""

from collections.abc import Iterable

import jax

from bricks._lineage import AnyVariable
from bricks.graph._computation_graph import ComputationGraph
from bricks.graph._lookup import InsideRules
from bricks.graph._tags import random_key
from bricks.graph._targets import checked_number, checked_targets
from bricks.parameter import Parameter


def apply_noise(
    graph: ComputationGraph,
    variables: Iterable[AnyVariable],
    level: float,
    *,
    each_step: bool = False,
    inside_rules: InsideRules = "error",
) -> ComputationGraph:
    """The graph with Gaussian noise of mean 0 and standard deviation `level` on some variables.

    Every variable has noise of its own, drawn anew in each call, and within a loop in each
    iteration. It depends on the key given to the graph and on the variable alone: noise on one
    more variable changes none of the other's.

    Noise on a parameter is drawn once a call, where the parameter enters the graph: all its
    readers and all steps of loops see one value (weight noise, as in Graves, *Practical
    Variational Inference for Neural Networks*, 2011). The parameter's own value stays as it is.
    With `each_step` the noise on a parameter is drawn anew in each iteration of the loops that use
    it; no other rewrite of that parameter can follow.

    Args:
        graph: the graph; it stays as it is.
        variables: of the graph, of a floating dtype.
        level: the standard deviation, at least 0.
        each_step: draw noise on parameters in each iteration of a loop.
        inside_rules: what to do with variables in a function with a custom derivative rule, which
            would not know of the change: refuse (`"error"`), leave them as they are (`"skip"`), or
            drop the rule and differentiate the function itself (`"inline"`).

    Raises:
        TypeError: if `variables` is not a list of variables, or `level` is no number.
        ValueError: if there are no variables; if one is not of the graph, does not hold floats or
            cannot be replaced where it is; if `level` is out of range; or if with `each_step` no
            variable is a parameter.
    """
    targets = checked_targets("apply_noise", graph, variables)
    level = checked_number("apply_noise", "level", level)
    if each_step and not any(isinstance(target, Parameter) for target in targets):
        raise ValueError(
            "apply_noise: each_step is about parameters, but there are none among the variables; "
            "noise on other variables is drawn in each iteration anyway, so leave it out"
        )

    def add_noise(value: jax.Array) -> jax.Array:
        return value + level * jax.random.normal(random_key(), value.shape, value.dtype)

    return graph.replace(
        dict.fromkeys(targets, add_noise),
        kind="noise",
        each_step=each_step,
        inside_rules=inside_rules,
    )
