"""Transformers: streams made of other streams."""

from fuel.transformers.axis_labels import ExpectsAxisLabels
from fuel.transformers.base import AgnosticTransformer, Transformer
from fuel.transformers.batches import Batch
from fuel.transformers.mapping import Mapping
from fuel.transformers.multi_processing import MultiProcessing, WorkerError
from fuel.transformers.numeric import Cast, Flatten, ScaleAndShift
from fuel.transformers.sources import FilterSources, Rename
from fuel.transformers.sourcewise import AgnosticSourcewiseTransformer, SourcewiseTransformer

__all__ = [
    "AgnosticSourcewiseTransformer",
    "AgnosticTransformer",
    "Batch",
    "Cast",
    "ExpectsAxisLabels",
    "FilterSources",
    "Flatten",
    "Mapping",
    "MultiProcessing",
    "Rename",
    "ScaleAndShift",
    "SourcewiseTransformer",
    "Transformer",
    "WorkerError",
]
