"""How long tests wait for what must come."""

import select
import time

PATIENCE = 20.0
"""In seconds."""


def eventually(condition):
    """Whether a condition comes true before we lose patience."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        select.select([], [], [], 0.01)
    return True
