"""A counter that one process raises and another waits for."""

from __future__ import annotations

import os
import sys


class Doorbell:
    """Rings are counted until somebody takes them; the descriptor is readable while there are any.

    An eventfd on Linux, a pipe elsewhere.

    Args:
        descriptors: of a doorbell that another process made; None makes a new one.
    """

    def __init__(self, descriptors: tuple[int, ...] | None = None) -> None:
        if descriptors is not None:
            self.descriptors = descriptors
        elif sys.platform == "linux":
            self.descriptors = (os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC),)
        else:
            self.descriptors = os.pipe()
            for descriptor in self.descriptors:
                os.set_blocking(descriptor, False)

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self.descriptors[0]

    def ring(self) -> None:
        """Add one."""
        if sys.platform == "linux":
            os.eventfd_write(self.descriptors[0], 1)
        else:
            try:
                os.write(self.descriptors[1], b"\0")
            except BlockingIOError:
                return  # a full pipe wakes its reader just as well

    def take(self) -> int:
        """The number of rings since the last call; it does not wait."""
        try:
            if sys.platform == "linux":
                return os.eventfd_read(self.descriptors[0])
            return len(os.read(self.descriptors[0], 4096))
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Give the descriptors back."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = ()
