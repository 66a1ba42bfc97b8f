"""How many processors there are for this process."""

import os
import sys

__all__ = ["cores_at_hand"]


def cores_at_hand() -> int:
    """The processors that this process may use, where that can be known; else all there are."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
