"""Memory on loan: it comes back when the last array that looks at it has died.

`jax.device_put` on the CPU, `torch.from_numpy` and NumPy's own views all go on using the memory of
the array that they were given, and all of them keep that array alive. So the life of the array is
the only safe measure of when its memory may be written again.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Leases:
    """The parts of shared memory that arrays of this process still look at."""

    def __init__(self) -> None:
        self._out: dict[int, weakref.ref[Any]] = {}
        self._owner = os.getpid()

    def __len__(self) -> int:
        return len(self._out)

    def lease(
        self, number: int, memory: mmap, offset: int, length: int, returned: Callable[[int], None]
    ) -> NDArray[np.uint8]:
        """An array of bytes to make views of.

        Args:
            number: what to call this lease; no other with this number may be out.
            memory: what is lent,
            offset: from this byte on,
            length: so many bytes.
            returned: called with the number once the array and all its views have died, in
                whichever thread let go of the last.
        """
        loan = np.frombuffer(memory, np.uint8, length, offset)

        def give_back(_: weakref.ref[Any]) -> None:
            # In a fork of this process a copy of the array dies; the array itself lives on.
            if self._out.pop(number, None) is not None and os.getpid() == self._owner:
                returned(number)

        self._out[number] = weakref.ref(loan, give_back)
        return loan

    def forget(self) -> None:
        """Let no array call back any more; the memory still lives as long as they do."""
        self._out.clear()
