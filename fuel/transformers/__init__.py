"""Transformers: streams made of other streams."""

from fuel.transformers.axis_labels import ExpectsAxisLabels
from fuel.transformers.background import BackgroundProcess
from fuel.transformers.base import AgnosticTransformer, Transformer
from fuel.transformers.batches import Batch
from fuel.transformers.bucketing import BatchByLength
from fuel.transformers.cache import Cache
from fuel.transformers.corruption import GaussianNoise, MaskingNoise, SaltAndPepperNoise
from fuel.transformers.filter import Filter
from fuel.transformers.mapping import Mapping
from fuel.transformers.merge import Merge
from fuel.transformers.mixing import Mixture
from fuel.transformers.multi_processing import MultiProcessing, WorkerError
from fuel.transformers.numeric import Cast, Flatten, ForceFloatX, ScaleAndShift
from fuel.transformers.one_hot import OneHot
from fuel.transformers.packing import Pack
from fuel.transformers.padding import Padding
from fuel.transformers.segment_rows import SegmentRows
from fuel.transformers.segments import Segments
from fuel.transformers.sequences import NGrams, Window
from fuel.transformers.sorting import SortMapping
from fuel.transformers.sources import FilterSources, Rename
from fuel.transformers.sourcewise import (
    AgnosticSourcewiseTransformer,
    SourcewiseMapping,
    SourcewiseTransformer,
)
from fuel.transformers.unpack import Unpack

__all__ = [
    "AgnosticSourcewiseTransformer",
    "AgnosticTransformer",
    "BackgroundProcess",
    "Batch",
    "BatchByLength",
    "Cache",
    "Cast",
    "ExpectsAxisLabels",
    "Filter",
    "FilterSources",
    "Flatten",
    "ForceFloatX",
    "GaussianNoise",
    "Mapping",
    "MaskingNoise",
    "Merge",
    "Mixture",
    "MultiProcessing",
    "NGrams",
    "OneHot",
    "Pack",
    "Padding",
    "Rename",
    "SaltAndPepperNoise",
    "ScaleAndShift",
    "SegmentRows",
    "Segments",
    "SortMapping",
    "SourcewiseMapping",
    "SourcewiseTransformer",
    "Transformer",
    "Unpack",
    "Window",
    "WorkerError",
]
