"""Schemes whose epochs are numbered: the order of an epoch follows from its number."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fuel._indices import positive
from fuel._orders import Order
from fuel.schemes._base import IterationScheme

__all__ = ["AnyOrder", "NumberedEpochs", "declared_length"]

AnyOrder = range | np.ndarray | Order


class NumberedEpochs(IterationScheme):
    """Counts the epochs that were begun, which is all there is to its state."""

    epoch: int = 0

    @abstractmethod
    def _order(self, epoch: int) -> AnyOrder:
        """The indices of an epoch, in their order."""

    def _next_order(self) -> AnyOrder:
        epoch, self.epoch = self.epoch, self.epoch + 1
        return self._order(epoch)

    def state_dict(self) -> dict[str, Any]:
        """The number of epochs begun."""
        return {"epoch": self.epoch, **super().state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Make the next epoch the one that would have followed `state`."""
        self.epoch = state["epoch"]
        super().load_state_dict(state)


def declared_length(examples_per_epoch: int | None, indices: Sequence[int]) -> int | None:
    """The checked value of `examples_per_epoch`.

    Raises:
        ValueError: if it is not positive, or if there are no examples to fill an epoch with.
    """
    if examples_per_epoch is None:
        return None
    if not len(indices):
        raise ValueError(f"examples_per_epoch={examples_per_epoch} of no examples: give some")
    return positive("examples_per_epoch", examples_per_epoch)
