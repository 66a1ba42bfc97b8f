"""Helpers that code written for Fuel imports from here."""

from fuel._subset import Subset
from fuel.data_path import find_in_data_path
from fuel.utils._indexing import buffer_, iterable_fancy_indexing
from fuel.utils._lazy_attributes import do_not_pickle_attributes, lazy_property_factory
from fuel.utils._working_directory import remember_cwd

__all__ = [
    "Subset",
    "buffer_",
    "do_not_pickle_attributes",
    "find_in_data_path",
    "iterable_fancy_indexing",
    "lazy_property_factory",
    "remember_cwd",
]
