"""Iris: 150 flowers of three species, measured (Fisher, 1936)."""

from __future__ import annotations

from fuel.downloaders._uci import uci_mirrors
from fuel.downloaders.mirrors import DataFile
from fuel.downloaders.recipe import Recipe

__all__ = ["FILES", "RECIPE", "fill_subparser"]

FILES = (
    DataFile(
        name="iris.data",
        sha256="6f608b71a7317216319b4d27b4d9bc84e6abd734eda7872b71a458569e2656c0",
    ),
)
"""The files of Iris, as they should be."""

RECIPE = Recipe(
    name="iris",
    contents="iris.data (5 kB)",
    source="It is from https://archive.ics.uci.edu/dataset/53/iris, under CC BY 4.0.",
    files=FILES,
    mirrors=uci_mirrors("iris", 53, FILES),
)
"""The files of Iris, their checksums, and who has them."""
fill_subparser = RECIPE.fill_subparser
