"""Streams of the transformers that work on sequences and groups, importable by workers."""

import numpy as np

from fuel.datasets import IndexableDataset, IterableDataset
from fuel.schemes import (
    BucketScheme,
    ConstantScheme,
    PackScheme,
    ShuffledExampleScheme,
    ShuffledScheme,
)
from fuel.streams import DataStream
from fuel.transformers import (
    Batch,
    BatchByLength,
    Cache,
    Filter,
    ForceFloatX,
    Mapping,
    Merge,
    Mixture,
    OneHot,
    Pack,
    Padding,
    SegmentRows,
    Segments,
    SortMapping,
    SourcewiseMapping,
    Transformer,
    Unpack,
)
from fuel.transformers.sequences import NGrams, Window

EXAMPLES = 17
LENGTHS = np.array([3, 0, 5, 1, 7, 2, 8, 4, 1, 6, 2, 2, 5, 3, 7, 1, 4])


def sequences():
    """Sequence `i` counts up from 100 times `i`."""
    ragged = np.empty(EXAMPLES, dtype=object)
    for number, length in enumerate(LENGTHS):
        ragged[number] = np.arange(length, dtype=np.int32) + 100 * number
    return ragged


def texts():
    """Shuffled examples of sequences; the order is that of a generator that moves."""
    return DataStream(
        IndexableDataset({"words": sequences()}, axis_labels={"words": ("batch", "time")}),
        ShuffledExampleScheme(EXAMPLES),
    )


def text_batches(scheme=None):
    return DataStream(
        IndexableDataset({"words": sequences()}, axis_labels={"words": ("batch", "time")}),
        scheme or ShuffledScheme(EXAMPLES, 4, seed=2),
    )


def numbers(examples=EXAMPLES, batch_size=4, first=0):
    return DataStream(
        IndexableDataset({"x": np.arange(first, first + examples)}),
        ShuffledScheme(examples, batch_size),
    )


def in_turn():
    """Sequences that have no scheme, but come in turn."""
    return DataStream(IterableDataset({"words": list(sequences())}))


def long_enough(example):
    return len(example[0]) > 2


def first_length(example):
    return len(example[0])


class Noisy(Transformer):
    """Adds numbers of a generator that moves from item to item and from epoch to epoch."""

    def __init__(self, data_stream):
        super().__init__(data_stream, data_stream.produces_examples)
        self.rng = np.random.RandomState(3)

    def apply(self, data, context):
        return (data[0] + self.rng.randint(1000, size=len(data[0])),)


def mixture(**kwargs):
    return Mixture((numbers(), numbers(11, 3, 50), numbers(2, 1, 90)), (3, 2, 1), seed=4, **kwargs)


WHOLE = {
    "filter": lambda: Filter(texts(), long_enough),
    "cache of greater batches": lambda: Cache(numbers(), ConstantScheme(3)),
    "cache of smaller batches": lambda: Cache(numbers(), ConstantScheme(7)),
    "cache that leaves something over": lambda: Cache(numbers(), ConstantScheme(5, times=2)),
    "cache of noise": lambda: Cache(Noisy(numbers()), ConstantScheme(3)),
    "unpack": lambda: Unpack(numbers()),
    "unpack of a cache": lambda: Unpack(Cache(numbers(), ConstantScheme(7))),
    "window": lambda: Window(1, 2, 2, True, texts()),
    "n-grams": lambda: NGrams(2, in_turn()),
    "segments of examples": lambda: Segments(texts(), 3),
    "segments of batches": lambda: Segments(Padding(text_batches()), 3),
    "segment rows": lambda: SegmentRows(texts(), 3, 4),
    "segment rows of noise": lambda: SegmentRows(Noisy(texts()), 3, 4),
    "batches by length": lambda: BatchByLength(texts(), 2, 8),
    "packed in a stream": lambda: Cache(
        Pack(Batch(in_turn(), ConstantScheme(6)), 10), ConstantScheme(2)
    ),
    "merge": lambda: Merge((numbers(), numbers(13)), ("one", "other")),
    "merge of caches": lambda: Cache(
        Merge(
            [Cache(numbers(n), ConstantScheme(5)) for n in (EXAMPLES, 14)],
            ("one", "other"),
        ),
        ConstantScheme(3),
    ),
    "mixture": lambda: mixture(),
    "mixture that goes round": lambda: mixture(go_round=True, items=9),
    "cache of a mixture": lambda: Cache(mixture(go_round=True, items=5), ConstantScheme(3)),
    "cache of part of a mixture": lambda: Cache(
        mixture(go_round=True, items=7), ConstantScheme(3, times=3)
    ),
    "merge of mixtures": lambda: Merge([mixture(), mixture(go_round=True)], ("one", "other")),
}
"""Streams that are run as a whole."""

GO_ON = {
    "cache of noise",
    "segment rows of noise",
    "mixture that goes round",
    "cache of a mixture",
    "cache of part of a mixture",
    "merge of mixtures",
}
"""Those whose epochs depend on how far the last one was read."""

SPLIT = {
    "padding": lambda: Padding(text_batches()),
    "bucketed": lambda: Padding(
        text_batches(BucketScheme(LENGTHS, [4, 8], [3, 2], seed=1)), lengths=[4, 8]
    ),
    "packed": lambda: Pack(text_batches(PackScheme(LENGTHS, 10, 2, seed=1)), 10, rows=2),
    "sorted": lambda: Mapping(text_batches(), SortMapping(first_length)),
    "forced": lambda: ForceFloatX(text_batches()),
    "one-hot": lambda: OneHot(numbers(), EXAMPLES),
    "mapped by example": lambda: SourcewiseMapping(text_batches(), np.cumsum, each_example=True),
    "mapped by source": lambda: SourcewiseMapping(numbers(), np.negative),
}
"""Streams whose items any process can make."""


def epoch(stream):
    """The items of the next epoch, as lists."""
    return [tuple(map(plain, item)) for item in stream.get_epoch_iterator()]


def plain(part):
    if isinstance(part, np.ndarray) and part.dtype == object:
        return [plain(example) for example in part]
    return part.tolist() if isinstance(part, np.ndarray | np.generic) else part
