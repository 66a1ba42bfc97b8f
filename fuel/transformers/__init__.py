"""Transformers: streams made of other streams."""

from fuel.transformers.base import (
    AgnosticSourcewiseTransformer,
    AgnosticTransformer,
    SourcewiseTransformer,
    Transformer,
)

__all__ = [
    "AgnosticSourcewiseTransformer",
    "AgnosticTransformer",
    "SourcewiseTransformer",
    "Transformer",
]
