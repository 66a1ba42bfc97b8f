"""Arguments that several commands take."""

from __future__ import annotations

import argparse
import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fuel._optional import optional_module
from fuel.commands._command import DONE
from fuel.data_path import locate
from fuel.exceptions import ConfigurationError

__all__ = [
    "ENDINGS",
    "Subparser",
    "add_completion",
    "add_data_sets",
    "command_parser",
    "data_sets",
    "existing_directory",
    "find_file",
]

SHELLS = ("bash", "zsh", "tcsh")  # that shtab knows
ENDINGS = (".hdf5", ".hdf", ".h5")

Subparser = Callable[[argparse.ArgumentParser], Callable[..., Any]]


def command_parser(name: str, description: str, epilog: str) -> argparse.ArgumentParser:
    """The parser of a command, still without arguments; the lines of `epilog` stay as they are."""
    return argparse.ArgumentParser(
        prog=name,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def data_sets(
    built_in: Sequence[tuple[str, Subparser]], modules: Sequence[str], attribute: str
) -> dict[str, Subparser]:
    """The data sets of a command: its own, and those of the modules that the settings name.

    Args:
        built_in: pairs of name and `fill_subparser`.
        modules: names of modules that have more such pairs.
        attribute: what these pairs are called there.

    Raises:
        ConfigurationError: if a module cannot be imported, has no such pairs, or has a name
            that is taken.
    """
    found = dict(built_in)
    for name in modules:
        try:
            pairs = getattr(importlib.import_module(name), attribute)
        except (ImportError, AttributeError) as error:
            raise ConfigurationError(
                f"the module {name}, named in the settings, is of no use: {error}"
            ) from error
        for data_set, fill_subparser in pairs:
            if data_set in found:
                raise ConfigurationError(
                    f"the module {name}, named in the settings, has a data set {data_set!r}, "
                    "but there is one of this name already"
                )
            found[data_set] = fill_subparser
    return found


def add_data_sets(
    parser: argparse.ArgumentParser,
    known: Mapping[str, Subparser],
    common: argparse.ArgumentParser,
    help_of: Callable[[str], str],
) -> None:
    """Add a subcommand for each data set, which sets `function` to what is to be called.

    Args:
        parser: of the command.
        known: the data sets.
        common: arguments of all of them.
        help_of: what the command says that it does with a data set.
    """
    subparsers = parser.add_subparsers(title="data sets", metavar="DATASET")
    for name, fill_subparser in known.items():
        subparser = subparsers.add_parser(name, parents=[common], help=help_of(name))
        subparser.set_defaults(function=fill_subparser(subparser))


def existing_directory(path: str) -> str:
    """The type of an argument that names a directory, which must be there."""
    if not os.path.isdir(path):
        raise argparse.ArgumentTypeError(f"there is no directory {path!r}; make it first")
    return path


def find_file(name: str, find: Callable[[str], str] = locate) -> str:
    """The path of a file that a command was given: a path, or a name alone.

    A name alone is that of a file here; or else of one in the data path, where `.hdf5` need not be
    said.

    Args:
        name: what was given.
        find: looks in the data path.

    Raises:
        FileNotFoundError: if it is neither here nor in a directory of the data path.
        ValueError: if there is no name.
    """
    if not name:
        raise ValueError("the name of the file is empty; give a path, or a name as mnist")
    if os.path.basename(name) != name or os.path.isfile(name):
        return name
    try:
        return find(name if name.endswith(ENDINGS) else f"{name}.hdf5")
    except FileNotFoundError as error:
        if os.path.isdir(name):
            return name
        raise FileNotFoundError(f"there is no file {name!r} here, and {error}") from error


def add_completion(parser: argparse.ArgumentParser) -> None:
    """Add an option that prints what a shell needs to complete the command, and ends."""
    parser.add_argument(
        "--print-completion",
        action=_PrintCompletion,
        dest=argparse.SUPPRESS,
        default=argparse.SUPPRESS,
        choices=SHELLS,
        help="print a script that completes this command when TAB is pressed, and end",
    )


class _PrintCompletion(argparse.Action):
    """Prints the script for the shell that was named, and ends the command."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        shtab = optional_module("shtab", purpose="completion in a shell", extra="completion")
        print(shtab.complete(parser, values))
        parser.exit(DONE)
