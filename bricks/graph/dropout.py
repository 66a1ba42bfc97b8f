"""Dropout, as a transformation of a graph."""

from collections.abc import Iterable

import jax
import jax.numpy as jnp

from bricks._lineage import AnyVariable
from bricks.graph._computation_graph import ComputationGraph
from bricks.graph._lookup import InsideRules
from bricks.graph._tags import random_key
from bricks.graph._targets import checked_number, checked_targets
from bricks.roles import DROPOUT


def apply_dropout(
    graph: ComputationGraph,
    variables: Iterable[AnyVariable],
    drop_prob: float,
    *,
    custom_divisor: float | None = None,
    inside_rules: InsideRules = "error",
) -> ComputationGraph:
    """The graph with elements of some variables set to zero at random, anew in each call.

    Each element is kept with probability `1 - drop_prob`, independently, and then divided by
    `1 - drop_prob`, so that expectations stay what they were and the graph without dropout is
    the one to predict with ("inverted" dropout, after Srivastava et al., *Dropout: A Simple Way
    to Prevent Neural Networks from Overfitting*, JMLR 15, 2014, section 10).

    Every variable has masks of its own, in a loop others in each iteration. They depend on the
    key given to the graph and on the variable alone: dropout on one more variable changes none
    of the other masks. The variables get the role `DROPOUT`; a parameter keeps its roles, and one
    mask serves all its readers and all steps of loops.

    Args:
        graph: the graph; it stays as it is.
        variables: of the graph, of a floating dtype.
        drop_prob: the probability to drop an element, at least 0 and less than 1.
        custom_divisor: what to divide the kept elements by instead; 1 does not scale them.
        inside_rules: what to do with variables in a function with a custom derivative rule, which
            would not know of the change: refuse (`"error"`), leave them as they are (`"skip"`), or
            drop the rule and differentiate the function itself (`"inline"`).

    Raises:
        TypeError: if `variables` is not a list of variables, or a number is none.
        ValueError: if there are no variables; if one is not of the graph, does not hold floats or
            cannot be replaced where it is; or if a number is out of range.
    """
    targets = checked_targets("apply_dropout", graph, variables)
    drop_prob = checked_number("apply_dropout", "drop_prob", drop_prob, most=1)
    if custom_divisor is not None:
        divisor = checked_number("apply_dropout", "custom_divisor", custom_divisor)
    else:
        divisor = 1 - drop_prob
    if divisor == 0:
        raise ValueError(
            f"apply_dropout: what is kept would be divided by zero, with drop_prob={drop_prob:g} "
            f"and custom_divisor={custom_divisor}; drop_prob must be less than 1"
        )

    def drop(value: jax.Array) -> jax.Array:
        is_kept = jax.random.bernoulli(random_key(), 1 - drop_prob, value.shape)
        return jnp.where(is_kept, value / divisor, jnp.zeros_like(value))

    return graph.replace(
        dict.fromkeys(targets, drop), kind="dropout", roles=[DROPOUT], inside_rules=inside_rules
    )
