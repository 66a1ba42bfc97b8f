"""Helpers that code written for Fuel imports from here."""

from fuel._subset import Subset
from fuel.data_path import find_in_data_path

__all__ = ["Subset", "find_in_data_path"]
