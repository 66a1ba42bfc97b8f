"""A small run made of plain JAX and NumPy, but for the one that has workers."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fuel.datasets import IndexableDataset
from fuel.schemes import ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import Mapping, MultiProcessing
from mainloop.algorithms import Adam, GradientDescent
from mainloop.extensions import TrainingExtension
from mainloop.main_loop import MainLoop

EXAMPLES, FEATURES, BATCH = 24, 3, 4
BATCHES = EXAMPLES // BATCH


@dataclass
class Value:
    """A parameter."""

    path: str
    value: Any
    roles: tuple[str, ...] = ("WEIGHT",)


class NoisyRegression:
    """Least squares with noise on the inputs, and a running mean of the targets."""

    sources = ("features", "targets")

    def __init__(self):
        weights = np.linspace(-1, 1, FEATURES).astype(np.float32)
        self.trainable_parameters = (
            Value("/line.W", jnp.asarray(weights)),
            Value("/line.b", jnp.zeros((), jnp.float32), ("BIAS",)),
        )
        self.mean = Value("/line.mean", jnp.zeros((), jnp.float32), ("BUFFER",))
        self.parameters = (*self.trainable_parameters, self.mean)

    def function(self, values, batch, key=None):
        noise = jax.random.normal(key, batch["features"].shape)
        predicted = (batch["features"] + 0.1 * noise) @ values["/line.W"] + values["/line.b"]
        mean = 0.9 * values["/line.mean"] + 0.1 * batch["targets"].mean()
        cost = ((predicted - batch["targets"]) ** 2).mean()
        return {"cost": cost}, {"/line.mean": mean}

    def first_not_finite(self, values, batch, key=None):
        return "/line.apply:output"


class ShuffledRows:
    """Epochs of rows in an order that depends on the number of the epoch alone."""

    sources = ("features", "targets")

    def __init__(self, nan_in_epoch=None):
        rng = np.random.default_rng(7)
        self.features = rng.normal(size=(EXAMPLES, FEATURES)).astype(np.float32)
        self.targets = self.features.sum(axis=1)
        self.nan_in_epoch = nan_in_epoch
        self.epoch, self.batch, self.goes_on = -1, 0, False

    def get_epoch_iterator(self, as_dict=False):
        assert as_dict
        if not self.goes_on:
            self.epoch, self.batch = self.epoch + 1, 0
        self.goes_on = False
        return self._rest()

    def _rest(self):
        order = np.random.default_rng((1, self.epoch)).permutation(EXAMPLES)
        while self.batch < BATCHES:
            rows = order[self.batch * BATCH : (self.batch + 1) * BATCH]
            self.batch += 1
            scale = np.float32(np.nan if self.epoch == self.nan_in_epoch else 1)
            yield {"features": self.features[rows] * scale, "targets": self.targets[rows]}

    def state_dict(self):
        return {"epoch": self.epoch, "batch": self.batch}

    def load_state_dict(self, state):
        self.epoch, self.batch = state["epoch"], state["batch"]
        self.goes_on = self.epoch >= 0

    def close(self):
        pass


class Record(TrainingExtension):
    """Records the cost of every batch, and finishes after so many of them."""

    def __init__(self, last):
        super().__init__()
        self.last = last

    def after_batch(self, batch):
        self.main_loop.log.current_row["cost"] = self.main_loop.algorithm.last_cost
        if self.main_loop.status["iterations_done"] >= self.last:
            self.main_loop.finish(f"{self.last} batches are done")


def make_run(extensions=(), log=None, seed=3, **stream):
    """A run that is not started."""
    algorithm = GradientDescent(NoisyRegression(), Adam(0.05), seed=seed)
    return MainLoop(algorithm, ShuffledRows(**stream), extensions, log)


def run_to_verify():
    """A run that `verify_resume` makes in processes of its own."""
    return make_run([Record(10**9)])


def doubled(batch):
    """A function that a worker process can find by its name."""
    return batch[0] * np.float32(2), batch[1]


def run_with_workers():
    """A run whose batches are made by two other processes."""
    rows = ShuffledRows()
    data = IndexableDataset({"features": rows.features, "targets": rows.targets})
    stream = DataStream(data, iteration_scheme=ShuffledScheme(EXAMPLES, BATCH, seed=1))
    stream = MultiProcessing(Mapping(stream, doubled), workers=2)
    algorithm = GradientDescent(NoisyRegression(), Adam(0.05), seed=3)
    return MainLoop(algorithm, stream, [Record(10**9)])


class ForgetfulRows(ShuffledRows):
    """A stream that cannot go on inside an epoch."""

    def load_state_dict(self, state):
        super().load_state_dict(state)
        self.batch = 0


def run_that_forgets():
    """A run that does not resume exactly."""
    algorithm = GradientDescent(NoisyRegression(), Adam(0.05), seed=3)
    return MainLoop(algorithm, ForgetfulRows(), [Record(10**9)])
