"""Streams of all kinds that tests split into shards, also in worker processes."""

import numpy as np
from running_sum import RunningSum

from fuel.datasets import Dataset, IndexableDataset, IterableDataset
from fuel.schemes import (
    BalancedScheme,
    ChunkShuffledScheme,
    ConcatenatedScheme,
    ConstantScheme,
    SampledScheme,
    SequentialExampleScheme,
    SequentialScheme,
    ShuffledExampleScheme,
    ShuffledScheme,
)
from fuel.streams import AbstractDataStream, DataStream
from fuel.transformers import Batch, Mapping, ScaleAndShift
from fuel.transformers.image import RandomFlip

ROWS = 23


def dataset():
    images = np.arange(ROWS * 12, dtype=np.uint8).reshape(ROWS, 1, 3, 4)
    labels = {"images": ("batch", "channel", "height", "width"), "number": ("batch",)}
    return IndexableDataset({"images": images, "number": np.arange(ROWS)}, axis_labels=labels)


class Drawing(Dataset):
    """Gives the next so many of its own numbers, whatever the request says beside how many."""

    provides_sources = ("number",)

    def open(self):
        return {"next": 0}

    def get_data(self, state=None, request=None):
        first, state["next"] = state["next"], state["next"] + request
        return (np.arange(first, first + request),)


class CountingRequests(SequentialScheme):
    """A scheme of a user's, whose requests are a plain iterator."""

    def get_request_iterator(self):
        return iter([list(range(first, first + 2)) for first in range(0, ROWS - 1, 2)])


def by(scheme):
    return DataStream(dataset(), iteration_scheme=scheme)


def flipped(stream):
    return RandomFlip(stream, which_sources=("images",))


BY_REQUEST = {
    "sequential": lambda: by(SequentialScheme(ROWS, 3)),
    "sequential examples": lambda: by(SequentialExampleScheme(7)),
    "fuel's shuffle": lambda: by(ShuffledScheme(ROWS, 4)),
    "seeded shuffle": lambda: by(ShuffledScheme(ROWS, 4, seed=3)),
    "computed shuffle": lambda: by(ShuffledScheme(ROWS, 4, seed=3, constant_memory=True)),
    "shuffled examples": lambda: by(ShuffledExampleScheme(7, seed=2)),
    "declared epochs": lambda: by(ShuffledScheme(ROWS, 4, seed=3, examples_per_epoch=17)),
    "chunk-aware": lambda: by(ChunkShuffledScheme(ROWS, 3, chunk_size=4, chunks_in_pool=2, seed=1)),
    "sampled": lambda: by(SampledScheme(ROWS, 3, seed=1)),
    "balanced": lambda: by(BalancedScheme(np.arange(ROWS) % 3, 3, seed=1)),
    "concatenated": lambda: by(
        ConcatenatedScheme([SequentialScheme(ROWS, 5), ShuffledScheme(9, 4, seed=1)])
    ),
    "a user's scheme": lambda: by(CountingRequests(ROWS, 2)),
    "scaled": lambda: ScaleAndShift(by(ShuffledScheme(ROWS, 3, seed=1)), 0.5, 1.0, ("images",)),
    "flipped": lambda: flipped(by(ShuffledScheme(ROWS, 3, seed=1))),
    "flipped and scaled": lambda: ScaleAndShift(
        flipped(by(ShuffledScheme(ROWS, 2, seed=1))), 0.5, 1.0, ("images",)
    ),
}
AS_A_WHOLE = {
    "iterable": lambda: DataStream(IterableDataset(list(range(8)))),
    "endless": lambda: DataStream(IterableDataset(list(range(8))), examples_per_epoch=5),
    "drawing": lambda: DataStream(Drawing(), iteration_scheme=ConstantScheme(3, times=7)),
    "running sums": lambda: RunningSum(by(ShuffledScheme(ROWS, 3, seed=1))),
    "batched": lambda: Batch(by(SequentialExampleScheme(ROWS)), ConstantScheme(3)),
    "batched and flipped": lambda: flipped(
        Batch(by(ShuffledExampleScheme(ROWS, seed=1)), ConstantScheme(3))
    ),
    "mapped over sums": lambda: Mapping(RunningSum(by(SequentialScheme(ROWS, 4))), tuple),
}
STREAMS = {**BY_REQUEST, **AS_A_WHOLE}


class Plain(AbstractDataStream):
    """A user's stream that does not count its items."""

    sources = ("n",)

    def __init__(self):
        super().__init__()
        self.produces_examples = True

    def get_epoch_iterator(self, as_dict=False):
        return iter([(n,) for n in range(7)])
