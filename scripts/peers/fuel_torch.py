"""PyTorch's `DataLoader` with workers that stay, fetching what a batch needs by `__getitems__`.

That method gives a list of examples, which the loader joins; by hand, it gives a whole batch.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils import data

from fuel_work import Batches, Prebuilt, shuffled_indices


def usual(batches: Batches, workers: int, ahead: int) -> dict[str, Iterator[Any]]:
    """A stream for ever of examples that the loader joins to batches, by name.

    Args:
        batches: what to make.
        workers: how many processes; 0 for none.
        ahead: batches that they may make ahead in all.
    """
    return {"PyTorch DataLoader": _loaded(_Examples(batches), workers, ahead, None)}


def by_hand(batches: Batches | Prebuilt, workers: int, ahead: int) -> dict[str, Iterator[Any]]:
    """A stream for ever of whole batches, by name; the loader does not join anything."""
    loaded = _loaded(_Batches(batches), workers, ahead, _unchanged)
    return {"PyTorch, batches by hand": loaded}


def _loaded(dataset: Any, workers: int, ahead: int, collate: Any) -> Iterator[Any]:
    more: dict[str, Any] = {}
    if workers:
        more = {"persistent_workers": True, "prefetch_factor": max(1, ahead // workers)}
    batches = dataset.batches
    sampler = _ForEver(len(batches.order), batches.batch_size)
    return iter(
        data.DataLoader(
            dataset, batch_sampler=sampler, num_workers=workers, collate_fn=collate, **more
        )
    )


class _Batches:
    """Whole batches as tensors."""

    def __init__(self, batches: Batches | Prebuilt) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches.order)

    def __getitems__(self, indices: list[int]) -> Any:
        return tuple(map(torch.from_numpy, self.batches.batch(np.asarray(indices))))


class _Examples(_Batches):
    """The examples of a batch as a list, made at once."""

    def __getitems__(self, indices: list[int]) -> Any:
        return list(zip(*super().__getitems__(indices), strict=True))


class _ForEver:
    """Batches of indices without end, as PyTorch's loader wants them."""

    def __init__(self, rows: int, batch_size: int) -> None:
        self.rows = rows
        self.batch_size = batch_size

    def __iter__(self) -> Iterator[list[int]]:
        return (indices.tolist() for indices in shuffled_indices(self.rows, self.batch_size))


def _unchanged(batch: Any) -> Any:
    return batch
