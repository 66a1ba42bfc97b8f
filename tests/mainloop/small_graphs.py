"""Small graphs and streams, with what a run needs from such and nothing more."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np


class Parameter:
    def __init__(self, path, value, roles=("PARAMETER",)):
        self.path = path
        self.value = value
        self.roles = roles


class Graph:
    """A function of values, batch and key as a graph.

    `fn(values, batch, key)` gives outputs and updates; `variables(values, batch)` gives named
    arrays in the order of computation, to look for NaN in.
    """

    def __init__(self, fn, parameters, sources, frozen=(), variables=None):
        self.fn = fn
        self.parameters = tuple(parameters)
        self.trainable_parameters = tuple(p for p in self.parameters if p.path not in frozen)
        self.sources = tuple(sources)
        self._variables = variables

    def function(self, values, batch, key=None):
        return self.fn(values, batch, key)

    def first_not_finite(self, values, batch, key=None):
        for name, array in self._variables(values, batch).items():
            if not np.isfinite(np.asarray(array)).all():
                return name
        return None


class Stream:
    """Batches of examples in memory, in an order that depends on seed and epoch alone."""

    def __init__(self, data, batch_size, seed=None):
        self.data = data
        self.sources = tuple(data)
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0
        self.step = None
        self.loaded = False

    def get_epoch_iterator(self, as_dict=False):
        assert as_dict
        if not (self.loaded and self.step is not None):
            self.epoch += 1
            self.step = 0
        self.loaded = False
        return self._batches()

    def _batches(self):
        examples = len(self.data[self.sources[0]])
        order = np.arange(examples)
        if self.seed is not None:
            order = np.random.default_rng((self.seed, self.epoch)).permutation(examples)
        while self.step * self.batch_size < examples:
            start = self.step * self.batch_size
            chosen = order[start : start + self.batch_size]
            self.step += 1
            yield {source: array[chosen] for source, array in self.data.items()}
        self.step = None

    def state_dict(self):
        return {"epoch": self.epoch, "step": self.step}

    def load_state_dict(self, state):
        self.epoch, self.step = state["epoch"], state["step"]
        self.loaded = True


def linear_graph(weights=(1.0, -2.0, 0.5), bias=0.0, frozen=(), noise=0.0):
    """Mean squared error of a linear map of `x` to `y`; noise on `x` if asked for."""

    def fn(values, batch, key):
        x = batch["x"]
        if noise:
            x = x + noise * jax.random.normal(key, x.shape)
        errors = (x @ values["/linear.W"] + values["/linear.b"] - batch["y"]) ** 2
        return {"cost": jnp.mean(errors), "errors": errors}, {}

    def variables(values, batch):
        product = batch["x"] @ values["/linear.W"]
        return {
            "x": batch["x"],
            "/linear.W": values["/linear.W"],
            "/linear:product": product,
            "y": batch["y"],
            "/cost": jnp.mean((product + values["/linear.b"] - batch["y"]) ** 2),
        }

    parameters = [
        Parameter("/linear.W", jnp.asarray(weights, jnp.float32), ("WEIGHT",)),
        Parameter("/linear.b", jnp.asarray(bias, jnp.float32), ("BIAS",)),
    ]
    return Graph(fn, parameters, ["x", "y"], frozen, variables)


def linear_data(examples=10, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=(examples, 3)).astype(np.float32),
        "y": rng.normal(size=examples).astype(np.float32),
    }


def layers_graph(sizes, seed=0):
    """The mean squared error of tanh layers of these sizes."""
    rng = np.random.default_rng(seed)
    parameters = []
    for number, (rows, columns) in enumerate(pairwise(sizes)):
        weights = rng.normal(size=(rows, columns), scale=rows**-0.5).astype(np.float32)
        parameters.append(Parameter(f"/layer_{number:02}.W", weights))
        parameters.append(Parameter(f"/layer_{number:02}.b", np.zeros(columns, np.float32)))

    def fn(values, batch, key):
        return {"cost": layers_cost(values, batch)}, {}

    return Graph(fn, parameters, ["x", "y"])


def layers_cost(values, batch):
    x = batch["x"]
    for number in range(len(values) // 2):
        x = jnp.tanh(x @ values[f"/layer_{number:02}.W"] + values[f"/layer_{number:02}.b"])
    return jnp.mean((x - batch["y"]) ** 2)
