"""Grain, as its guide has it, and with a source that makes whole shuffled batches by hand."""

from collections.abc import Iterator
from typing import Any

import grain
from absl import flags

from fuel_work import Batches, Examples

if not flags.FLAGS.is_parsed():
    flags.FLAGS(["benchmark_fuel"])  # Grain's workers want them parsed


def contenders(batches: Batches, workers: int, ahead: int) -> dict[str, Iterator[Any]]:
    """Streams of batches for ever, by name.

    Args:
        batches: what to make.
        workers: how many processes; 0 for none.
        ahead: batches that they may make ahead in all.
    """
    examples = grain.MapDataset.source(Examples(batches)).seed(1).shuffle().repeat()
    datasets = {
        "Grain": examples.batch(batches.batch_size),
        "Grain, batches by hand": grain.MapDataset.source(batches).repeat(),
    }
    if not workers:
        reading = grain.ReadOptions(num_threads=0, prefetch_buffer_size=0)  # elsewise its threads
        # would go on in the turns of others
        return {name: iter(made.to_iter_dataset(reading)) for name, made in datasets.items()}
    reading = grain.ReadOptions(num_threads=1, prefetch_buffer_size=ahead)
    options = grain.MultiprocessingOptions(
        num_workers=workers, per_worker_buffer_size=max(1, ahead // workers)
    )
    return {
        name: iter(made.to_iter_dataset(reading).mp_prefetch(options))
        for name, made in datasets.items()
    }
