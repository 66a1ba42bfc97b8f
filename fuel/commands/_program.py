"""The commands as programs, which ^C ends in one line also while Python still imports them.

Importing a command may take most of a second. So this module imports little, and a command when it
is called.
"""

from __future__ import annotations

import importlib
import sys

__all__ = ["convert", "download", "info", "interrupted", "serve"]

INTERRUPTED = 130  # as a shell reports a command ended by ^C


def convert() -> int:
    """Run `fuel-convert` with the process's arguments, and give its exit status."""
    return _run("convert")


def download() -> int:
    """Run `fuel-download` with the process's arguments, and give its exit status."""
    return _run("download")


def info() -> int:
    """Run `fuel-info` with the process's arguments, and give its exit status."""
    return _run("info")


def serve() -> int:
    """Run `fuel-serve` with the process's arguments, and give its exit status."""
    return _run("serve")


def interrupted(name: str) -> int:
    """Say that a command was ended by ^C, and give its exit status."""
    print(f"{name}: interrupted", file=sys.stderr)
    return INTERRUPTED


def _run(command: str) -> int:
    try:
        status: int = importlib.import_module(f"fuel.commands.{command}").main()
        return status
    except KeyboardInterrupt:
        return interrupted(f"fuel-{command}")
