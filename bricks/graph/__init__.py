"""The annotated computation graph: query it, rewrite it, evaluate it."""

from bricks.graph._computation_graph import ComputationGraph
from bricks.graph._rewrite import Indexed
from bricks.graph._tags import (
    annotate,
    application_scope,
    is_tracing,
    random_key,
    record_update,
)
from bricks.graph.dropout import apply_dropout
from bricks.graph.freezing import freeze, unfreeze
from bricks.graph.noise import apply_noise
from bricks.graph.penalty import apply_l1, apply_l2

__all__ = [
    "ComputationGraph",
    "Indexed",
    "annotate",
    "application_scope",
    "apply_dropout",
    "apply_l1",
    "apply_l2",
    "apply_noise",
    "freeze",
    "is_tracing",
    "random_key",
    "record_update",
    "unfreeze",
]
