"""PyTorch's `DataLoader` with workers that stay, fetching whole batches by `__getitems__`."""

from collections.abc import Iterator
from typing import Any

from torch.utils import data

from fuel_work import Batches, shuffled_indices


def contenders(batches: Batches, workers: int, ahead: int) -> dict[str, Iterator[Any]]:
    """Streams of batches for ever, by name.

    Args:
        batches: what to make.
        workers: how many processes; 0 for none.
        ahead: batches that they may make ahead in all.
    """
    more: dict[str, Any] = {}
    if workers:
        more = {"persistent_workers": True, "prefetch_factor": max(1, ahead // workers)}
    loader = data.DataLoader(
        batches,
        batch_sampler=_ForEver(len(batches.order), batches.batch_size),
        num_workers=workers,
        collate_fn=_unchanged,
        **more,
    )
    return {"PyTorch DataLoader": iter(loader)}


class _ForEver:
    """Batches of indices without end, as PyTorch's loader wants them."""

    def __init__(self, rows: int, batch_size: int) -> None:
        self.rows = rows
        self.batch_size = batch_size

    def __iter__(self) -> Iterator[list[int]]:
        return (indices.tolist() for indices in shuffled_indices(self.rows, self.batch_size))


def _unchanged(batch: Any) -> Any:
    return batch
