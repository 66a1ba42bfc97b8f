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

__all__ = [
    "ComputationGraph",
    "Indexed",
    "annotate",
    "application_scope",
    "is_tracing",
    "random_key",
    "record_update",
]
