"""Data sets."""

from fuel.datasets.base import Dataset

__all__ = ["Dataset"]
