"""The base of data sets, and the two that wrap Python containers."""

from fuel.datasets._dataset import Dataset
from fuel.datasets.indexable import IndexableDataset
from fuel.datasets.iterable import IterableDataset

__all__ = ["Dataset", "IndexableDataset", "IterableDataset"]
