"""Grain, as its guide has it, and with a source that makes whole shuffled batches by hand."""

from collections.abc import Iterator
from typing import Any

import grain
from absl import flags

from fuel_work import Batches, Examples, Prebuilt

if not flags.FLAGS.is_parsed():
    flags.FLAGS(["benchmark_fuel"])  # Grain's workers want them parsed


def usual(batches: Batches, workers: int, ahead: int) -> dict[str, Iterator[Any]]:
    """A stream for ever of examples that Grain shuffles and batches, by name.

    Args:
        batches: what to make.
        workers: how many processes; 0 for none.
        ahead: batches that they may make ahead in all.
    """
    examples = grain.MapDataset.source(Examples(batches)).seed(1).shuffle().repeat()
    return {"Grain": _read(examples.batch(batches.batch_size), workers, ahead)}


def by_hand(batches: Batches | Prebuilt, workers: int, ahead: int) -> dict[str, Iterator[Any]]:
    """A stream for ever of whole batches, by name."""
    whole = grain.MapDataset.source(batches).repeat()
    return {"Grain, batches by hand": _read(whole, workers, ahead)}


def _read(dataset: Any, workers: int, ahead: int) -> Iterator[Any]:
    if not workers:
        reading = grain.ReadOptions(num_threads=0, prefetch_buffer_size=0)  # elsewise its threads
        return iter(dataset.to_iter_dataset(reading))  # would go on in the turns of others
    reading = grain.ReadOptions(num_threads=1, prefetch_buffer_size=ahead)
    options = grain.MultiprocessingOptions(
        num_workers=workers, per_worker_buffer_size=max(1, ahead // workers)
    )
    return iter(dataset.to_iter_dataset(reading).mp_prefetch(options))
