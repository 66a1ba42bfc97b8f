"""The step of `benchmark_step.py` in Flax NNX, as its documentation writes it."""

import jax.numpy as jnp
import optax
from flax import nnx

from step_networks import LEARNING_RATE, Network


class Rectifiers(nnx.Module):
    """Linear layers with rectifiers between them."""

    def __init__(self, network: Network):
        sizes = zip(network.dims, network.dims[1:], strict=False)
        rngs = nnx.Rngs(0)
        self.layers = nnx.List([nnx.Linear(rows, columns, rngs=rngs) for rows, columns in sizes])

    def __call__(self, hidden):
        """Logits `(batch, classes)`."""
        for layer in self.layers[:-1]:
            hidden = nnx.relu(layer(hidden))
        return self.layers[-1](hidden)


def make_step(network: Network):
    """A function from a batch to the cost."""
    model = Rectifiers(network)
    for layer, linear in enumerate(model.layers):
        linear.kernel[...] = jnp.asarray(network.values()[f"/mlp/linear_{layer}.W"])
    optimizer = nnx.Optimizer(model, optax.adam(LEARNING_RATE), wrt=nnx.Param)

    def cost(model, batch):
        costs = optax.softmax_cross_entropy_with_integer_labels(
            model(batch["features"]), batch["targets"]
        )
        return costs.mean()

    @nnx.jit
    def train(model, optimizer, batch):
        batch_cost, gradients = nnx.value_and_grad(cost)(model, batch)
        optimizer.update(model, gradients)
        return batch_cost

    return lambda batch: train(model, optimizer, batch)
