"""The training step of `benchmark_step.py` with an annotated network and `GradientDescent`."""

import bricks
from bricks.cost import CategoricalCrossEntropy
from bricks.graph import ComputationGraph
from mainloop.algorithms import Adam, GradientDescent
from step_networks import LEARNING_RATE, MLP, Network


def make_algorithm(network: Network) -> GradientDescent:
    """Gradient descent by Adam on the mean cross-entropy of a rectifier network."""
    activations = [bricks.Rectifier() for _ in range(network.layers - 1)]
    mlp = bricks.MLP([*activations, None], list(network.dims))

    def cost(features, targets):
        return CategoricalCrossEntropy().apply(targets, mlp.apply(features))

    graph = ComputationGraph(cost, network.batch(seed=0))
    for parameter in graph.parameters:
        parameter.value = network.values()[parameter.path]
    return GradientDescent(graph, step_rule=Adam(LEARNING_RATE))


def make_step(network: Network):
    """A function from a batch to the cost, which moves the values that the algorithm keeps."""
    algorithm = make_algorithm(network)

    def step(batch):
        algorithm.process_batch(batch)
        return algorithm.last_cost

    return step


def first_step() -> float:
    """The cost of the first step of the MLP."""
    return float(make_step(MLP)(MLP.batch(seed=0)))
