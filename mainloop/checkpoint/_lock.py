"""One writer a checkpoint: a lock that dies with its process."""

import fcntl
import os
import weakref
from pathlib import Path

from mainloop.checkpoint._replace import beside


class CheckpointLock:
    """An exclusive lock beside a file; it ends with this object or its process.

    Args:
        path: the file that only one run may write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = beside(path, "lock")
        self._closer: weakref.finalize[..., CheckpointLock] | None = None  # while it is held

    def acquire(self) -> None:
        """Take the lock; nothing happens if it is held already.

        Raises:
            RuntimeError: if another run holds it; says which process.
        """
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        while self._closer is None:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(descriptor, 20).decode() or "that is just starting"
                os.close(descriptor)
                raise RuntimeError(
                    f"process {holder} writes {self._path} already; give each run a folder of "
                    "its own, or wait for that one to end"
                ) from None
            if self._is_current(descriptor):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, str(os.getpid()).encode())
                self._closer = weakref.finalize(self, os.close, descriptor)
            else:  # its holder removed it in between: what is locked now has no name any more
                os.close(descriptor)

    def release(self) -> None:
        """Let go of the lock; nothing happens if it is not held."""
        if self._closer is not None:
            self._lock.unlink(missing_ok=True)
            self._closer()
            self._closer = None

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._lock.stat())
        except FileNotFoundError:
            return False
