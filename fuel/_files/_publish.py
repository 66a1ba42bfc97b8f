"""Giving a finished file its name so that it is there whole or not at all, even if power fails."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["publish"]


def publish(temporary: Path, target: Path) -> None:
    """Make `temporary` durable and rename it to `target`, in the same directory or file system."""
    _synchronize(temporary)
    os.replace(temporary, target)
    _synchronize(target.parent)


def _synchronize(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
