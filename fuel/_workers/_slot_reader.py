"""The consumer's side of the slots of a ring."""

from __future__ import annotations

import logging
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fuel._codec import CodecError
from fuel._workers import _shared_memory
from fuel._workers._control import MAX_REGIONS, MAX_SLOTS, Control, Entry
from fuel._workers._doorbell import Doorbell
from fuel._workers._lease import Leases
from fuel._workers._shared_memory import PAGE

__all__ = ["SlotReader"]

_log = logging.getLogger(__name__)


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
            if region >= MAX_REGIONS:
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
