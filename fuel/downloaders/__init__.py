"""Getting the files of data sets: one module a data set, mirrors tried in turn, checksums held.

A downloader is a function `fill_subparser(subparser)` that adds its arguments to an argument
parser and returns the function that downloads; the latter is called with all arguments by
keyword, among them `directory` and `clear`. A `Recipe` has both. A module named in
`fuel.config.extra_downloaders` adds its own with a tuple `all_downloaders` of pairs
`(name, fill_subparser)`.
"""

from fuel.downloaders._http import DownloadError, Patience
from fuel.downloaders._registry import all_downloaders
from fuel.downloaders.mirrors import AbstractMirror, DataFile, HTTPMirror, NpmMirror, fetch
from fuel.downloaders.recipe import Recipe

__all__ = [
    "AbstractMirror",
    "DataFile",
    "DownloadError",
    "HTTPMirror",
    "NpmMirror",
    "Patience",
    "Recipe",
    "all_downloaders",
    "fetch",
]
