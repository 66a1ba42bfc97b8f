"""Adult: what 48,842 people earned, from the census of 1994 (Kohavi and Becker, 1996)."""

from __future__ import annotations

from fuel.downloaders._uci import uci_mirrors
from fuel.downloaders.mirrors import DataFile
from fuel.downloaders.recipe import Recipe

__all__ = ["FILES", "RECIPE", "fill_subparser"]

FILES = (
    DataFile(
        name="adult.data",
        sha256="5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d",
        size=3974305,
    ),
    DataFile(
        name="adult.test",
        sha256="a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05",
        size=2003153,
    ),
)
"""The files of Adult, as they should be."""

RECIPE = Recipe(
    name="adult",
    contents="adult.data and adult.test (6 MB)",
    source="They are from https://archive.ics.uci.edu/dataset/2/adult, under CC BY 4.0.",
    files=FILES,
    mirrors=uci_mirrors("adult", 2, FILES),
)
"""The files of Adult, their checksums, and who has them."""
fill_subparser = RECIPE.fill_subparser
