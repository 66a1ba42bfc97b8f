"""How commands speak, and how they end."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fuel.commands._program import interrupted
from fuel.downloaders import DownloadError
from fuel.exceptions import ConfigurationError, MissingInputFiles, NeedURLPrefix

__all__ = ["DONE", "FAILED", "WRONG_INPUT", "run"]

DONE = 0
FAILED = 1  # the world did not play along: no network, no room
WRONG_INPUT = 2  # the user can put it right

_PATHS = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError)
"""What the system says of paths that the user can put right."""


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
        return interrupted(name)
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
