"""`fuel-convert`: make HDF5 files of the files of a data set."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from fuel._files._publish import publish
from fuel._files._scratch import scratch_directory
from fuel.commands._arguments import (
    ENDINGS,
    add_completion,
    add_data_sets,
    command_parser,
    data_sets,
    existing_directory,
)
from fuel.commands._command import DONE, WRONG_INPUT, run
from fuel.config_parser import config
from fuel.converters import all_converters
from fuel.converters._provenance import record_provenance
from fuel.converters._writing import extend_hdf5
from fuel.data_path import is_in_data_path

__all__ = ["main"]

logger = logging.getLogger(__name__)

FORMS = {
    "image_folder": "a folder or archive of images, by class",
    "npz": "arrays of NumPy's",
    "repack": "a file of fuel's, in a faster or smaller layout",
    "table": "CSV and Parquet files",
}
EPILOG = """\
The file appears under its name when it is whole; if anything fails, what was there stays. `DATASET`
is a data set that fuel-download gets, or a form that your own data has. Examples:

    fuel-download mnist --directory data
    fuel-convert mnist --directory data --output-directory data
    fuel-info data/mnist.hdf5

    fuel-convert image_folder photos --size 64x64 --fractions train=0.9,test=0.1
    fuel-convert image_folder photos --encoded --skip-broken
    fuel-convert table flowers.csv --targets species --licence CC0-1.0
    fuel-convert npz train=train.npz test=test.npz
    fuel-convert repack old.hdf5 --output-filename new.hdf5

`fuel-convert DATASET --help` tells of each. To complete these words with TAB in bash:

    eval "$(fuel-convert --print-completion bash)"
"""


def main(args: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, the process's own if None; give its exit status.

    The status is 0 when the file is written, 1 if the disk failed, 2 for wrong arguments or
    input files, 130 after ^C.
    """
    return run("fuel-convert", lambda: _convert(sys.argv[1:] if args is None else args))


def _convert(args: Sequence[str]) -> int:
    parser = _parser()
    options = vars(parser.parse_args(args))
    if "function" not in options:
        parser.print_help(sys.stderr)
        return WRONG_INPUT
    function = options.pop("function")
    output_directory = Path(options.pop("output_directory"))
    filename = options.pop("output_filename")
    licence = options.pop("licence")
    command = shlex.join(["fuel-convert", *args])
    if filename is not None:
        options["output_filename"] = filename if filename.endswith(ENDINGS) else f"{filename}.hdf5"
    with scratch_directory(output_directory, ".fuel-convert-") as scratch:
        for path in function(output_directory=str(scratch), **options):
            with extend_hdf5(path) as h5file:
                record_provenance(h5file, command=command, licence=licence)
            target = output_directory / Path(path).relative_to(scratch)
            publish(Path(path), target)
            logger.info("wrote %s", target)
    if not is_in_data_path(output_directory):
        logger.info("to have it found by its name: FUEL_DATA_PATH=%s", output_directory.resolve())
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "fuel-convert", "Make one HDF5 file of the files of a data set.", EPILOG
    )
    add_completion(parser)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "-d",
        "--directory",
        type=existing_directory,
        default=".",
        help="where the data set's files are (default: here)",
    )
    common.add_argument(
        "-o",
        "--output-directory",
        type=existing_directory,
        default=".",
        help="where to write (default: here); must be there",
    )
    common.add_argument(
        "-r",
        "--output_filename",
        "--output-filename",
        type=_plain_name,
        help="another name for the file; .hdf5 is appended unless it ends in " + ", ".join(ENDINGS),
    )
    common.add_argument(
        "--licence",
        "--license",
        metavar="TEXT",
        help="under which the data may be used; recorded in the file",
    )
    known = data_sets(all_converters, config.extra_converters, "all_converters")
    add_data_sets(parser, known, common, lambda name: FORMS.get(name, f"convert {name}"))
    return parser


def _plain_name(name: str) -> str:
    if not name or os.path.basename(name) != name:
        raise argparse.ArgumentTypeError(
            f"{name!r} is not a plain file name; the directory goes to --output-directory"
        )
    return name
