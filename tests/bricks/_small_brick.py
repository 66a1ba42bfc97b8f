"""A brick with one weight matrix, as small as the graph allows."""

import jax
import jax.numpy as jnp
import numpy as np

from bricks.graph import annotate, application_scope
from bricks.parameter import Parameter
from bricks.roles import INPUT, OUTPUT, WEIGHT


class SmallBrick:
    """Multiplies by `W`, which is square; `helper`, if given, does it in its place."""

    def __init__(self, path, dim=3, *, seed=0, W=None):
        self.path = path
        self.name = path.rpartition("/")[2]
        self.parents = ()
        value = np.random.default_rng(seed).normal(size=(dim, dim)).astype(np.float32)
        self.W = W or Parameter("W", (dim, dim), roles=[WEIGHT], brick=self)
        if W is None:
            self.W.value = jnp.asarray(value)

    def apply(self, x, helper=None):
        """Give `x @ W`, tagged."""
        with application_scope(self, "apply"):
            x = annotate(x, INPUT, "input_")
            y = x @ self.W.read() if helper is None else helper(x, self.W.read())
            return annotate(y, OUTPUT, "output")


def struct(*shape, dtype=jnp.float32):
    """A source of that shape."""
    return jax.ShapeDtypeStruct(shape, dtype)


def by_key(graph):
    """The variables and parameters of a graph, by key."""
    return {str(variable): variable for variable in graph.variables}


def values_of(graph):
    """The current values, by path."""
    return {parameter.path: parameter.value for parameter in graph.parameters}
