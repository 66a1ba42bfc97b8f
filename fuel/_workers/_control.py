"""The control page of a ring: how far both sides are, and which slot holds what.

A ring is the preallocated shared memory through which one worker hands over its batches. Two
nameless pieces of it belong to a ring: this page, and the slots, which hold the arrays. A batch
that fits no slot goes another way: its entry says so.

A slot is the worker's while its flag is 0 and the consumer's while it is 1. Only the worker sets
it, and only the consumer clears it, when the last array on the slot has died.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from fuel._workers import _shared_memory

__all__ = ["CONTROL_SIZE", "MAX_DEPTH", "MAX_REGIONS", "MAX_SLOTS", "Control", "Entry"]

MAX_SLOTS = 64
MAX_DEPTH = 64
MAX_REGIONS = 8
CONTROL_SIZE = 4096
_GENERATION, _CONSUMED, _WAITING, _STATISTICS, _REGIONS, _FLAGS, _FIFO = 8, 16, 24, 32, 40, 64, 128
"""Places of words; what one side writes at every batch shares no cache line with anything else."""
_ENTRY = struct.Struct("@5Q")
_SUMS = struct.Struct("@4Q")


class Entry(NamedTuple):
    """One result in the order in which the worker published it.

    Attributes:
        generation: of the requests it answers; the consumer has moved on if it is not the present.
        sequence: which request of that generation.
        in_slot: whether it lies in a slot; otherwise it comes as a message.
        slot: number of the slot.
        size: bytes of arrays in the slot.
        header: bytes of the header behind them.
    """

    generation: int
    sequence: int
    in_slot: bool
    slot: int
    size: int
    header: int


class Control:
    """The control page, from either side.

    Args:
        descriptor: of its memory, `CONTROL_SIZE` bytes of zeros.
        depth: so many results may wait for the consumer.
    """

    def __init__(self, descriptor: int, depth: int) -> None:
        assert 1 <= depth <= MAX_DEPTH
        self.depth = depth
        self._memory = _shared_memory.attach(descriptor, CONTROL_SIZE)
        self._words = memoryview(self._memory).cast("Q")
        self._flags = memoryview(self._memory)[_FLAGS * 8 : _FIFO * 8]
        self.published = 0
        self.consumed = 0
        self._sums = (0, 0, 0, 0)

    @property
    def generation(self) -> int:
        """Which requests count; those of an earlier generation are void."""
        return self._words[_GENERATION]

    @generation.setter
    def generation(self, value: int) -> None:
        self._words[_GENERATION] = value

    @property
    def is_worker_waiting(self) -> bool:
        """Whether the worker sleeps until its bell is rung."""
        return self._words[_WAITING] == 1

    @is_worker_waiting.setter
    def is_worker_waiting(self, value: bool) -> None:
        self._words[_WAITING] = value

    def waiting(self) -> int:
        """How many results wait for the consumer."""
        return self.published - self._words[_CONSUMED]

    def may_publish(self) -> bool:
        """Whether fewer results than `depth` wait for the consumer."""
        return self.waiting() < self.depth

    def publish(self, entry: Entry) -> None:
        """Add a result; ring the consumer's bell afterwards."""
        start = _FIFO * 8 + self.published % MAX_DEPTH * _ENTRY.size
        generation, sequence, in_slot, slot, size, header = entry
        place = in_slot << 32 | slot
        _ENTRY.pack_into(self._memory, start, generation, sequence, place, size, header)
        self.published += 1

    def consume(self) -> Entry:
        """The next result; the caller knows by the bell that there is one."""
        start = _FIFO * 8 + self.consumed % MAX_DEPTH * _ENTRY.size
        generation, sequence, place, size, header = _ENTRY.unpack_from(self._memory, start)
        self.consumed += 1
        self._words[_CONSUMED] = self.consumed
        return Entry(generation, sequence, bool(place >> 32), place & 0xFFFFFFFF, size, header)

    def take_slot(self, region: int, slots: int) -> int | None:
        """The first free slot of a region, if there is one."""
        first = region * MAX_SLOTS
        free = bytes(self._flags[first : first + slots]).find(0)
        return None if free < 0 else first + free

    def mark(self, slot: int) -> None:
        """Give a slot to the consumer."""
        self._flags[slot] = 1

    def release(self, slot: int) -> None:
        """Give a slot back to the worker."""
        self._flags[slot] = 0

    def set_region(self, region: int, offset: int, slot_size: int) -> None:
        """Say where the slots of a region are."""
        self._words[_REGIONS + 2 * region] = offset
        self._words[_REGIONS + 2 * region + 1] = slot_size

    def region(self, region: int) -> tuple[int, int]:
        """Offset and slot size of a region."""
        return self._words[_REGIONS + 2 * region], self._words[_REGIONS + 2 * region + 1]

    def add_statistics(self, busy: int, idle: int, size: int) -> None:
        """Count one more result.

        Args:
            busy: nanoseconds that it took.
            idle: nanoseconds that the worker waited before.
            size: its bytes.
        """
        results, all_busy, all_idle, all_size = self._sums
        self._sums = (results + 1, all_busy + busy, all_idle + idle, all_size + size)
        _SUMS.pack_into(self._memory, _STATISTICS * 8, *self._sums)

    def statistics(self) -> tuple[int, int, int, int]:
        """Sums of what `add_statistics` counted: results, busy and idle nanoseconds, bytes."""
        results, busy, idle, size = _SUMS.unpack_from(self._memory, _STATISTICS * 8)
        return results, busy, idle, size
