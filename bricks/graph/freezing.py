"""Freezing: parameters that training leaves alone."""

from collections.abc import Iterable

from bricks._lineage import AnyVariable
from bricks.graph._computation_graph import ComputationGraph
from bricks.graph._targets import checked_targets
from bricks.parameter import Parameter


def freeze(graph: ComputationGraph, variables: Iterable[AnyVariable]) -> ComputationGraph:
    """The graph with some parameters taken out of `graph.trainable_parameters`.

    Training has no gradient, no optimizer state and no update for them, so that they are the same
    to the bit afterwards; updates that bricks record (running statistics) are left out as well.
    Gradients still flow through them to what lies below. The outputs of the graph do not change.

    Args:
        graph: the graph; it stays as it is.
        variables: parameters of the graph.

    Raises:
        TypeError: if `variables` is not a list of variables.
        ValueError: if there are none, or one is no parameter or not of the graph.
    """
    targets = _checked_parameters("freeze", graph, variables)
    return graph.with_frozen(graph.frozen_parameters.union(targets))


def unfreeze(graph: ComputationGraph, variables: Iterable[AnyVariable]) -> ComputationGraph:
    """The graph with some parameters back in `graph.trainable_parameters`.

    Args:
        graph: the graph; it stays as it is.
        variables: parameters of the graph, frozen or not.

    Raises:
        TypeError: if `variables` is not a list of variables.
        ValueError: if there are none, or one is no parameter or not of the graph.
    """
    targets = _checked_parameters("unfreeze", graph, variables)
    return graph.with_frozen(graph.frozen_parameters.difference(targets))


def _checked_parameters(
    transformation: str, graph: ComputationGraph, variables: Iterable[AnyVariable]
) -> list[Parameter]:
    parameters = []
    for target in checked_targets(transformation, graph, variables):
        if not isinstance(target, Parameter):
            raise ValueError(
                f"{transformation}: {target} is no parameter; narrow the query down, as in "
                "graph.select('#encoder .PARAMETER')"
            )
        parameters.append(target)
    return parameters
