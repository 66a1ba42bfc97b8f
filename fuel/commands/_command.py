"""What the commands share: how they speak, and how they end."""

from __future__ import annotations

import argparse
import importlib
import io
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from fuel._optional import optional_module
from fuel.data_path import locate
from fuel.downloaders import DownloadError
from fuel.exceptions import ConfigurationError, MissingInputFiles, NeedURLPrefix

__all__ = [
    "ENDINGS",
    "Subparser",
    "add_completion",
    "data_sets",
    "existing_directory",
    "find_file",
    "run",
]

DONE = 0
FAILED = 1  # the world did not play along: no network, no room
WRONG_INPUT = 2  # the user can put it right
SHELLS = ("bash", "zsh", "tcsh")  # that shtab knows
INTERRUPTED = 130  # as a shell reports a command ended by ^C
ENDINGS = (".hdf5", ".hdf", ".h5")

_PATHS = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError)
"""What the system says of paths that the user can put right."""

Subparser = Callable[[argparse.ArgumentParser], Callable[..., Any]]


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


def run(name: str, action: Callable[[], int]) -> int:
    """Do what a command does, with its log on standard error, and give its exit status.

    What goes wrong by the input, the network or the disk becomes one message; an error in the
    program itself stays a traceback. Where nobody reads what is printed any more, it ends silently.
    """
    try:
        with _log_on_stderr(), _everything_printable():
            return _status_of(action)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is not yet out
        return FAILED
    except KeyboardInterrupt:
        return _say(name, "interrupted", INTERRUPTED)
    except MissingInputFiles as error:
        return _say(name, f"{error.args[0]}\nDid you forget to run fuel-download?", WRONG_INPUT)
    except NeedURLPrefix as error:
        return _say(name, f"{error} with --url-prefix", WRONG_INPUT)
    except ImportError as error:
        if error.name is not None:
            raise  # a module of our own is missing, which is not the user's fault
        return _say(name, str(error), FAILED)
    except (ConfigurationError, ValueError, *_PATHS) as error:
        return _say(name, _told(error), WRONG_INPUT)
    except (DownloadError, OSError) as error:
        return _say(name, _told(error), FAILED)


def _status_of(action: Callable[[], int]) -> int:
    try:
        return action()
    except SystemExit as ended:  # argparse has said what it had to say
        return ended.code if isinstance(ended.code, int) else DONE
    finally:
        if sys.stdout is not None:  # as it is where it was closed before
            sys.stdout.flush()


def _told(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _say(name: str, message: str, status: int) -> int:
    print(f"{name}: {message}", file=sys.stderr)
    return status


@contextmanager
def _everything_printable() -> Iterator[None]:
    """Have characters that standard output has no code for written as their numbers."""
    output = sys.stdout
    if not isinstance(output, io.TextIOWrapper):
        yield
        return
    before = output.errors
    output.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        output.reconfigure(errors=before)


@contextmanager
def _log_on_stderr() -> Iterator[None]:
    logger = logging.getLogger("fuel")
    before = logger.level, logger.propagate
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate = before
