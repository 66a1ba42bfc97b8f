"""Iteration schemes: which examples, in which order, in batches of which size.

A scheme is asked for a new request iterator at each epoch. Its `state_dict` says what the *next*
epoch will be; a place inside an epoch is counted by the stream, so it is the state at the epoch's
start and a number of requests, never the remaining order.
"""

from fuel.schemes._balanced import BalancedExampleScheme, BalancedScheme
from fuel.schemes._base import BatchScheme, BatchSizeScheme, IndexScheme, IterationScheme
from fuel.schemes._buckets import BucketScheme
from fuel.schemes._chunks import ChunkShuffledExampleScheme, ChunkShuffledScheme
from fuel.schemes._concatenated import ConcatenatedScheme
from fuel.schemes._constant import ConstantScheme
from fuel.schemes._folds import bootstrap, cross_validation
from fuel.schemes._packing import PackScheme
from fuel.schemes._sampled import SampledExampleScheme, SampledScheme
from fuel.schemes._sequential import SequentialExampleScheme, SequentialScheme
from fuel.schemes._sharded import ShardedScheme
from fuel.schemes._shuffled import ShuffledExampleScheme, ShuffledScheme

__all__ = [
    "BalancedExampleScheme",
    "BalancedScheme",
    "BatchScheme",
    "BatchSizeScheme",
    "BucketScheme",
    "ChunkShuffledExampleScheme",
    "ChunkShuffledScheme",
    "ConcatenatedScheme",
    "ConstantScheme",
    "IndexScheme",
    "IterationScheme",
    "PackScheme",
    "SampledExampleScheme",
    "SampledScheme",
    "SequentialExampleScheme",
    "SequentialScheme",
    "ShardedScheme",
    "ShuffledExampleScheme",
    "ShuffledScheme",
    "bootstrap",
    "cross_validation",
]
