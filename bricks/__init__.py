"""Neural network parts whose parameters, inputs and outputs are annotated in the JAX graph.

A *brick* is a named object with settings, children and declared parameters; its *applications*
compute. `bricks.graph` traces a function that calls them into a graph that can be queried
(`bricks.filter`, `graph.select`) and rewritten: dropout, noise, penalties and freezing are
functions from graph to graph, not parts of the model.

>>> import numpy as np
>>> from bricks.initialization import Constant, Glorot
>>> mlp = MLP([Rectifier(), None], [784, 500, 10], weights_init=Glorot(), biases_init=Constant(0))
>>> mlp.initialize(seed=1)
>>> mlp.apply(np.zeros((128, 784), "float32")).shape
(128, 10)

Two names are taken twice: `bricks.application` and `bricks.parameter` are the functions that
declare them. The modules of the same names are for `from bricks.parameter import Parameter` only;
`import bricks.parameter as module` would give the function.
"""

from bricks import cost, filter, graph, initialization, roles
from bricks.activations import (
    ELU,
    GELU,
    HardTanh,
    Identity,
    LeakyRectifier,
    Logistic,
    Rectifier,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from bricks.application import (
    Application,
    BoundApplication,
    add_auxiliary_variable,
    application,
)
from bricks.brick import Brick, find_bricks
from bricks.configuration import dimension, scheme, setting
from bricks.declaration import parameter
from bricks.interfaces import Activation, Feedforward, Initializable
from bricks.parameter import Parameter
from bricks.sequences import MLP, FeedforwardSequence, Sequence
from bricks.simple import Bias, Linear, LinearMaxout, Maxout

__all__ = [
    "ELU",
    "GELU",
    "MLP",
    "Activation",
    "Application",
    "Bias",
    "BoundApplication",
    "Brick",
    "Feedforward",
    "FeedforwardSequence",
    "HardTanh",
    "Identity",
    "Initializable",
    "LeakyRectifier",
    "Linear",
    "LinearMaxout",
    "Logistic",
    "Maxout",
    "Parameter",
    "Rectifier",
    "Sequence",
    "SiLU",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "add_auxiliary_variable",
    "application",
    "cost",
    "dimension",
    "filter",
    "find_bricks",
    "graph",
    "initialization",
    "parameter",
    "roles",
    "scheme",
    "setting",
]
