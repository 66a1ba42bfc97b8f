"""Making HDF5 files of the files that data sets come in: one module a data set.

A converter is a function `fill_subparser(subparser)` that adds its arguments to an argument
parser and returns the function that converts; the latter is called with all arguments by
keyword, among them `directory`, `output_directory` and, if the user gave one,
`output_filename`, and returns the paths of the files it wrote. A module named in
`fuel.config.extra_converters` adds its own with a tuple `all_converters` of pairs
`(name, fill_subparser)`.
"""

from fuel.converters._registry import all_converters
from fuel.converters._version import __version__
from fuel.converters._write import write_hdf5
from fuel.converters.base import MissingInputFiles, check_exists, create_hdf5, fill_hdf5_file

__all__ = [
    "MissingInputFiles",
    "__version__",
    "all_converters",
    "check_exists",
    "create_hdf5",
    "fill_hdf5_file",
    "write_hdf5",
]
