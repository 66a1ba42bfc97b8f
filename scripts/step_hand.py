"""The training step that `benchmark_step.py` compares with, by hand in plain JAX and Optax."""

from functools import partial

import jax
import jax.numpy as jnp
import optax

from step_networks import LEARNING_RATE, MLP, Network

HYPERPARAMETERS = {"learning_rate": LEARNING_RATE, "b1": 0.9, "b2": 0.999, "eps": 1e-8}


def cost(values, batch, layers: int):
    """Mean cross-entropy of a rectifier network."""
    hidden = batch["features"]
    for layer in range(layers):
        hidden = hidden @ values[f"/mlp/linear_{layer}.W"] + values[f"/mlp/linear_{layer}.b"]
        if layer < layers - 1:
            hidden = jax.nn.relu(hidden)
    log_probabilities = jax.nn.log_softmax(hidden)
    labels, classes = batch["targets"], hidden.shape[-1]
    chosen = labels[:, None] == jnp.broadcast_to(jnp.arange(classes), hidden.shape)
    found = jnp.sum(jnp.where(chosen, log_probabilities, 0), axis=-1)
    costs = -jnp.where((labels >= 0) & (labels < classes), found, jnp.nan)
    return costs.mean()


@partial(jax.jit, static_argnames="layers", donate_argnums=(0, 1))
def train(values, state, hyperparameters, batch, layers: int):
    """One step of Adam; gives the new values and state, and the cost before the step.

    The hyper-parameters are inputs, so that they can be changed between steps.
    """
    batch_cost, gradients = jax.value_and_grad(cost)(values, batch, layers)
    steps, state = optax.adam(**hyperparameters).update(gradients, state)
    return optax.apply_updates(values, steps), state, batch_cost


def start(network: Network):
    """The first values, the rule's first state, and the hyper-parameters."""
    values = jax.tree.map(jnp.asarray, network.values())
    return (
        values,
        optax.adam(LEARNING_RATE).init(values),
        jax.tree.map(jnp.asarray, HYPERPARAMETERS),
    )


def make_step(network: Network):
    """A function from a batch to the cost, which moves the values it keeps."""
    values, state, hyperparameters = start(network)

    def step(batch):
        nonlocal values, state
        values, state, batch_cost = train(values, state, hyperparameters, batch, network.layers)
        return batch_cost

    return step


def first_step() -> float:
    """The cost of the first step of the MLP."""
    return float(make_step(MLP)(MLP.batch(seed=0)))
