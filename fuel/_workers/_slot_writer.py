"""The worker's side of the slots of a ring.

The worker lays slots out when it has seen its first batch, and anew, larger, if batches turn out to
be larger for good.
"""

from __future__ import annotations

import math
import os
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fuel._workers import _shared_memory
from fuel._workers._control import MAX_REGIONS, MAX_SLOTS, Control
from fuel._workers._shared_memory import ALIGNMENT, PAGE, round_up

__all__ = ["Layout", "OpenSlot", "SlotWriter", "slot_size_for"]

_SLACK = 1.125
"""Slots are this much larger than the batch they are laid out for."""
_OVERSIZE_BATCHES = 2
"""So many batches in a row that fit no slot call for larger slots."""


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
        self._opened: dict[int, OpenSlot] = {}

    def has_free_slot(self) -> bool:
        """Whether a batch could be written now (or no slots are laid out yet)."""
        return self._region < 0 or self._control.take_slot(self._region, self._slots) is not None

    def open_slot(self) -> OpenSlot | None:
        """The first free slot, to write to; None if there is none.

        The later it is opened, the more likely is it one that was written lately, and so is still
        in a cache: a program that waits for its batches then gets them from two slots, not three.
        """
        if self._region < 0:
            return None
        number = self._control.take_slot(self._region, self._slots)
        if number is None:
            return None
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
        if self._region + 1 == MAX_REGIONS:
            return False
        self._oversize = 0
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


class Layout(NamedTuple):
    """Where the arrays of an item lie in a slot.

    Attributes:
        arrays: type, shape and start of each.
        size: where the last one ends.
        header: what the consumer is told of it.
    """

    arrays: tuple[tuple[np.dtype[Any], tuple[int, ...], int], ...]
    size: int
    header: bytes


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
        self._laid_out: tuple[Layout | None, list[NDArray[Any]]] = (None, [])

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

    def lay_out(self, layout: Layout) -> list[NDArray[Any]] | None:
        """The arrays of a layout, with nothing in them yet; None if it does not fit."""
        last, arrays = self._laid_out
        if layout is not last:
            if layout.size + len(layout.header) > len(self.memory):
                return None
            arrays = [
                np.ndarray(shape, dtype, self.memory, start)
                for dtype, shape, start in layout.arrays
            ]
            self._laid_out = layout, arrays
        self._extend(layout.size)
        return arrays

    def _extend(self, size: int) -> None:
        """Hear that the slot is written up to `size`."""
        self.size = size
        if size > self._header[0]:
            self._header = (0, None)

    def allocate(self, shape: tuple[int, ...], dtype: Any) -> NDArray[Any] | None:
        """An uninitialized array in the slot; None if it does not fit."""
        dtype = np.dtype(dtype)
        start = -(-self.size // ALIGNMENT) * ALIGNMENT
        length = dtype.itemsize * math.prod(shape)
        if start + length > len(self.memory) or dtype.hasobject:
            return None
        self._extend(start + length)
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
