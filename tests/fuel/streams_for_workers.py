"""Streams that tests run in worker processes, and so must be importable there."""

import os
import signal
import sys
from functools import partial
from pathlib import Path

import numpy as np
from running_sum import RunningSum

from fuel import config
from fuel.datasets import IndexableDataset
from fuel.schemes import ConstantScheme, SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import Batch, Mapping, ScaleAndShift, SourcewiseTransformer, Transformer

EXAMPLES = 23
BATCH_SIZE = 4
BATCHES = 6


def features(examples=EXAMPLES):
    return np.arange(examples * 6, dtype=np.uint8).reshape(examples, 2, 3)


def root(examples=EXAMPLES, batch_size=BATCH_SIZE, *, shuffled=True, **kwargs):
    """Shuffled (or not) batches of images and their numbers."""
    dataset = IndexableDataset({"features": features(examples), "targets": np.arange(examples)})
    scheme = ShuffledScheme if shuffled else SequentialScheme
    return DataStream(dataset, iteration_scheme=scheme(examples, batch_size, **kwargs))


def scaled():
    """A chain that workers can share; its shuffling is a function of seed and epoch."""
    return ScaleAndShift(root(seed=5), 0.5, 1, which_sources=("features",), dtype="float32")


def shuffled_like_fuel():
    """A chain that workers can share; its shuffling has a generator that moves."""
    return Mapping(root(), reverse)


def running_sums():
    """A chain that has to be run as a whole."""
    return RunningSum(root(seed=5))


def batched_examples():
    """A chain whose inner items are not its batches."""
    dataset = IndexableDataset({"features": features(), "targets": np.arange(EXAMPLES)})
    return Batch(dataset.get_example_stream(), ConstantScheme(BATCH_SIZE, num_examples=EXAMPLES))


def reverse(batch):
    return tuple(part[::-1] for part in batch)


class FailsOnSource(SourcewiseTransformer):
    """Cannot do targets."""

    def __init__(self, data_stream):
        super().__init__(data_stream, data_stream.produces_examples)

    def transform_source_batch(self, source_batch, source_name):
        if source_name == "targets":
            fail()
        return source_batch


class Sourceless(Transformer):
    """Cannot do anything, and cannot tell its sources then."""

    works = True

    def __init__(self, data_stream):
        super().__init__(data_stream, data_stream.produces_examples)

    @property
    def sources(self):
        if not self.works:
            raise AttributeError("gone")
        return self.data_stream.sources

    def transform_batch(self, batch):
        self.works = False
        fail()


def act(action, wanted, folder, batch):
    """Do something when example `wanted` comes, at most once if there is a folder."""
    if wanted in batch[1]:
        marker = None if folder is None else Path(folder, "done")
        if marker is None or not marker.exists():
            if marker is not None:
                marker.touch()
            ACTIONS[action]()
    return batch


def configured(batch):
    """What the settings are, instead of the targets."""
    return batch[0], np.array([str(config.default_seed), config.floatX, *config.data_path])


def fail_with_a_name(batch):
    name = "a local variable"
    raise ValueError(name)


def fail():
    raise ValueError("the seventh seal is broken")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def hang():
    signal.pause()


ACTIONS = {"fail": fail, "die": die, "hang": hang, "exit": partial(sys.exit, 3)}


def acting(action, wanted, folder=None, *, whole=False):
    """Batches in order, with an action when example `wanted` comes."""
    stream = Mapping(root(shuffled=False), partial(act, action, wanted, folder))
    return RunningSum(stream) if whole else stream


def modules(batch):
    """Which of some modules have been imported, instead of the targets."""
    names = ("jax", "torch", "bricks", "mainloop", "matplotlib", "requests", "fuel", "h5py", "zmq")
    return batch[0], np.array([name in sys.modules for name in names])


def sized(batch):
    """Batches whose sizes differ wildly, by the number of the first example."""
    _, targets = batch
    return np.full((10 ** (2 + targets[0] % 4)), targets[0], np.int32), targets


def mixed(batch):
    """What is not an array of numbers: strings, lists, ragged arrays."""
    images, targets = batch
    ragged = np.empty(len(targets), dtype=object)
    for index, target in enumerate(targets):
        ragged[index] = np.arange(target, dtype=np.int16)
    return ragged, {"list": targets.tolist(), "text": "ä", "tuple": (1.5, None), "f": images.T}


def unsendable(batch):
    return batch[0], iter(())


def few():
    """Two batches, the second short; workers can share them."""
    return ScaleAndShift(root(6, seed=5), 0.5, 1, which_sources=("features",), dtype="float32")


def few_sums():
    """Two batches that have to be made as a whole."""
    return RunningSum(root(6, seed=5))


def labor(batch):
    """Take milliseconds of work over a batch."""
    matrix = np.full((300, 300), 1e-3)
    for _ in range(3):
        matrix = matrix @ matrix
    return batch[0], batch[1] + int(matrix[0, 0])


def laborious():
    """A chain whose items are worth a worker."""
    return Mapping(root(seed=5), labor)


def laborious_sums():
    """A chain whose items are worth a worker, which has to be run as a whole."""
    return RunningSum(laborious())


class OnlyInProcess:
    """Gives batches as they are, and cannot be copied to another process."""

    def __init__(self, pid):
        self.pid = pid

    def __call__(self, batch):
        return batch

    def __setstate__(self, state):
        raise RuntimeError("this is to be used only in the process that made it")


class Stamped(Transformer):
    """Adds an item's step to its targets."""

    uses_place = True

    def __init__(self, data_stream):
        super().__init__(data_stream, data_stream.produces_examples)

    def apply(self, data, context):
        return data[0], data[1] + context.place.step


class Failing(SequentialScheme):
    """Batches in order, with an error instead of the third request of an epoch.

    Args:
        epoch: in which epoch, from 0.
        at_once: whether that epoch fails before its first request already.
    """

    def __init__(self, epoch, *, at_once=False):
        super().__init__(EXAMPLES, BATCH_SIZE)
        self.failing = epoch
        self.at_once = at_once
        self.begun = -1

    def get_request_iterator(self):
        self.begun += 1
        if self.begun != self.failing:
            return super().get_request_iterator()
        if self.at_once:
            raise ValueError("the seventh seal is broken")
        return self.some(super().get_request_iterator())

    def some(self, requests):
        yield next(requests)
        yield next(requests)
        raise ValueError("the seventh seal is broken")

    def state_dict(self):
        return {"begun": self.begun}

    def load_state_dict(self, state):
        self.begun = state["begun"]


def masked(batch):
    return np.ma.masked_array(batch[0], mask=batch[0] > 2), batch[1]
