"""Locks among processes that end with the process that holds them."""

from fuel._files._file_lock import file_lock
from fuel._files._held_locks import (
    TIMEOUT,
    get_readlock,
    get_writelock,
    release_readlock,
    release_writelock,
)

__all__ = [
    "TIMEOUT",
    "file_lock",
    "get_readlock",
    "get_writelock",
    "release_readlock",
    "release_writelock",
]
