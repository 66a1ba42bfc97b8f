"""The ring: preallocated slots of shared memory through which one worker hands over its batches.

Two pieces of nameless shared memory belong to a ring. The control page says how far both sides are
and which slot holds what; the slots hold the arrays. The worker lays slots out when it has seen its
first batch, and anew, larger, if batches turn out to be larger for good. A batch that fits no slot
goes another way: its entry says so.

A slot is the worker's while its flag is 0 and the consumer's while it is 1. Only the worker sets
it, and only the consumer clears it, when the last array on the slot has died.
"""

from __future__ import annotations

import logging
import math
import os
import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fuel._codec import CodecError
from fuel._workers import _shared_memory
from fuel._workers._doorbell import Doorbell
from fuel._workers._lease import Leases
from fuel._workers._shared_memory import ALIGNMENT, PAGE, round_up

_log = logging.getLogger(__name__)
MAGIC = 0x4655454C52494E31
"""What the first word of a control page holds: FUELRIN1."""
MAX_SLOTS = 64
MAX_DEPTH = 64
_MAX_REGIONS = 8
_SIZE = 4096
_GENERATION, _CONSUMED, _WAITING, _STATISTICS, _REGIONS, _FLAGS, _FIFO = 8, 16, 24, 32, 40, 64, 128
"""Places of words; what one side writes at every batch shares no cache line with anything else."""
_ENTRY = struct.Struct("@5Q")
_SUMS = struct.Struct("@4Q")
_SLACK = 1.125
"""Slots are this much larger than the batch they are laid out for."""
_OVERSIZE_BATCHES = 2
"""So many batches in a row that fit no slot call for larger slots."""


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
        descriptor: of its memory, which has one page.
        depth: so many results may wait for the consumer.
    """

    def __init__(self, descriptor: int, depth: int) -> None:
        assert 1 <= depth <= MAX_DEPTH
        self.depth = depth
        self._memory = _shared_memory.attach(descriptor, _SIZE)
        self._words = memoryview(self._memory).cast("Q")
        self._flags = memoryview(self._memory)[_FLAGS * 8 : _FIFO * 8]
        self._words[0] = MAGIC
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

    def may_publish(self) -> bool:
        """Whether fewer results than `depth` wait for the consumer."""
        return self.published - self._words[_CONSUMED] < self.depth

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


def slot_size_for(size: int) -> int:
    """Bytes of a slot that is laid out for results of `size` bytes."""
    return round_up(int(size * _SLACK), PAGE)


class SlotWriter:
    """The worker's side of the slots.

    Args:
        control: the control page.
        descriptor: of the slots' memory.
        slots: how many to lay out.
    """

    def __init__(self, control: Control, descriptor: int, slots: int) -> None:
        assert 1 <= slots <= MAX_SLOTS
        self._control = control
        self._descriptor = descriptor
        self._slots = slots
        self._region = -1
        self._slot_size = 0
        self._memory: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._address = 0
        self._oversize = 0
        self._free: int | None = None
        self._opened: dict[int, OpenSlot] = {}

    def has_free_slot(self) -> bool:
        """Whether a batch could be written now (or no slots are laid out yet)."""
        if self._region < 0:
            return True
        self._free = self._control.take_slot(self._region, self._slots)
        return self._free is not None

    def open_slot(self) -> OpenSlot | None:
        """A slot to write to, if there is a free one."""
        if self._region < 0 or (self._free is None and not self.has_free_slot()):
            return None
        number, self._free = self._free, None
        assert number is not None
        slot = self._opened.get(number)
        if slot is None:
            start = number % MAX_SLOTS * self._slot_size
            memory = self._memory[start : start + self._slot_size]
            slot = self._opened[number] = OpenSlot(number, memory, self._address + start)
        slot.clear()
        return slot

    def did_not_fit(self, size: int) -> bool:
        """Hear that a batch of `size` bytes had no slot that could hold it.

        Returns:
            Whether slots were laid out that can, so that it is worth another try.
        """
        self._oversize += 1
        if self._region >= 0 and self._oversize < _OVERSIZE_BATCHES:
            return False
        if self._region + 1 == _MAX_REGIONS:
            return False
        self._oversize = 0
        self._free = None
        self._opened.clear()
        self._region += 1
        self._slot_size = max(slot_size_for(size), round_up(2 * self._slot_size, PAGE))
        offset = round_up(os.fstat(self._descriptor).st_size, PAGE)
        length = self._slots * self._slot_size
        os.ftruncate(self._descriptor, offset + length)
        mapping = _shared_memory.attach(self._descriptor, length, offset)
        self._memory = np.frombuffer(mapping, np.uint8)
        self._address = self._memory.ctypes.data
        self._control.set_region(self._region, offset, self._slot_size)
        return True

    def fitted(self) -> None:
        """Hear that a batch was written to a slot."""
        self._oversize = 0


class OpenSlot:
    """A slot while it is being written.

    Args:
        number: of the slot.
        memory: its bytes.
        address: where they are.
    """

    def __init__(self, number: int, memory: NDArray[np.uint8], address: int) -> None:
        self.number = number
        self.memory = memory
        self.size = 0
        self._address = address
        self._made: dict[int, tuple[NDArray[Any], int]] = {}
        self._header: tuple[int, bytes | None] = (0, None)

    def clear(self) -> None:
        """Begin anew."""
        self.size = 0
        self._made.clear()

    def finish(self, header: bytes) -> bool:
        """Put a header behind the arrays, unless the same is there from the time before.

        Returns:
            Whether it fits; if it does not, `size` is then what was needed.
        """
        start, last = self._header
        if last is header and start == self.size:
            return True
        end = self.size + len(header)
        if end > len(self.memory):
            self.size = end
            return False
        self.memory[self.size : end] = np.frombuffer(header, np.uint8)
        self._header = (self.size, header)
        return True

    def allocate(self, shape: tuple[int, ...], dtype: Any) -> NDArray[Any] | None:
        """An uninitialized array in the slot; None if it does not fit."""
        dtype = np.dtype(dtype)
        start = -(-self.size // ALIGNMENT) * ALIGNMENT
        length = dtype.itemsize * math.prod(shape)
        if start + length > len(self.memory) or dtype.hasobject:
            return None
        self.size = start + length
        if self.size > self._header[0]:
            self._header = (0, None)
        array: NDArray[Any] = np.ndarray(shape, dtype, self.memory, start)
        self._made[id(array)] = array, start
        return array

    def place(self, array: NDArray[Any]) -> tuple[int, int]:
        """Copy an array into the slot; if it does not fit, only count it.

        Returns:
            Its start and length.
        """
        target = self.allocate(array.shape, array.dtype)
        if target is not None:
            target[...] = array
        else:
            self.size = round_up(self.size, ALIGNMENT) + array.nbytes
        return self.size - array.nbytes, array.nbytes

    def offset_of(self, array: NDArray[Any]) -> int | None:
        """Where in the slot the array lies; None if it does not, or not in one run of bytes."""
        if (made := self._made.get(id(array))) is not None:
            return made[1]
        offset = array.__array_interface__["data"][0] - self._address
        inside = offset >= 0 and offset + array.nbytes <= self.memory.nbytes
        return offset if inside and array.flags.c_contiguous else None


class SlotReader:
    """The consumer's side of the slots.

    Args:
        control: the control page.
        descriptor: of the slots' memory.
        bell: rung for the worker when a slot is free again.
        slots: how many the worker lays out.
        reserve: so many of them are never on loan.
    """

    def __init__(
        self, control: Control, descriptor: int, bell: Doorbell, slots: int, reserve: int
    ) -> None:
        self._control = control
        self._descriptor = descriptor
        self._bell: Doorbell | None = bell
        self._slots = slots
        self._lendable = slots - reserve
        self._regions: dict[int, tuple[Any, int]] = {}
        self._leases = Leases()
        self._said = False

    def open(self, entry: Entry) -> tuple[bytes, NDArray[np.uint8], bool]:
        """The header and the bytes of a result.

        Returns:
            Header, bytes, and whether the bytes are on loan: if not, because so many are that the
            worker would be left with none, they are a copy in ordinary memory.

        Raises:
            CodecError: if the entry points anywhere but into a slot.
        """
        region, number = divmod(entry.slot, MAX_SLOTS)
        memory, slot_size = self._map(region)
        if number >= self._slots or entry.size + entry.header > slot_size:
            raise CodecError(f"a worker published a slot that cannot be: {entry}")
        start = number * slot_size
        header = bytes(memory[start + entry.size : start + entry.size + entry.header])
        if entry.size and len(self._leases) < self._lendable:
            loan = self._leases.lease(entry.slot, memory, start, entry.size, self._returned)
            return header, loan, True
        if entry.size and not self._said:
            self._said = True
            _log.warning(
                "more than leases=%d items of a worker are held, or views of them; further ones "
                "are copied, which takes longer; MultiProcessing(..., leases=) allows more",
                self._lendable,
            )
        copy = np.empty(entry.size, np.uint8)
        copy[:] = np.frombuffer(memory, np.uint8, entry.size, start)
        self._returned(entry.slot)
        return header, copy, False

    def discard(self, entry: Entry) -> None:
        """Give back the slot of a result that nobody wants any more."""
        if entry.in_slot:
            self._returned(entry.slot)

    def close(self) -> None:
        """Let go of the memory; arrays on loan keep what they look at."""
        self._bell = None
        self._leases.forget()
        self._regions.clear()

    def _map(self, region: int) -> tuple[Any, int]:
        if region not in self._regions:
            if region >= _MAX_REGIONS:
                raise CodecError(f"a worker published a slot of region {region}")
            offset, slot_size = self._control.region(region)
            length = self._slots * slot_size
            if not length or offset % PAGE or offset + length > os.fstat(self._descriptor).st_size:
                raise CodecError(f"a worker laid out slots where there is no memory: {offset}")
            memory = _shared_memory.attach(self._descriptor, length, offset)
            self._regions[region] = (memory, slot_size)
        return self._regions[region]

    def _returned(self, slot: int) -> None:
        bell = self._bell
        if bell is not None:
            self._control.release(slot)
            if self._control.is_worker_waiting:
                bell.ring()
