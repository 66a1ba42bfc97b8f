"""`fuel-download`: get the files of a data set."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from fuel.commands._arguments import add_completion, add_data_sets, command_parser, data_sets
from fuel.commands._command import DONE, WRONG_INPUT, run
from fuel.config_parser import config
from fuel.downloaders import all_downloaders

__all__ = ["main"]

EPILOG = """\
Files are verified by their checksums; what is there already is not fetched again, and an
interrupted download goes on where it stopped. Example:

    fuel-download mnist --directory data
    fuel-convert mnist --directory data --output-directory data
    export FUEL_DATA_PATH=data
"""


def main(args: Sequence[str] | None = None) -> int:
    """Run the command with these arguments, the process's own if None; give its exit status.

    The status is 0 when all is there, 1 if the network or the disk failed, 2 for wrong
    arguments, 130 after ^C.
    """
    return run("fuel-download", lambda: _download(sys.argv[1:] if args is None else args))


def _download(args: Sequence[str]) -> int:
    parser = command_parser("fuel-download", "Get the files of a data set.", EPILOG)
    add_completion(parser)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "-d",
        "--directory",
        default=".",
        help="where to put the files (default: here); made if needed",
    )
    common.add_argument(
        "--clear", action="store_true", help="delete the data set's files there instead"
    )
    known = data_sets(all_downloaders, config.extra_downloaders, "all_downloaders")
    add_data_sets(parser, known, common, lambda name: f"get {name}")
    options = vars(parser.parse_args(args))
    if "function" not in options:
        parser.print_help(sys.stderr)
        return WRONG_INPUT
    options.pop("function")(**options)
    return DONE
