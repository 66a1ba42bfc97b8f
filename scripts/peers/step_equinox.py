"""The step of `benchmark_step.py` in Equinox, as its documentation writes it."""

import equinox as eqx
import jax
import optax

from step_networks import LEARNING_RATE, Network


class Rectifiers(eqx.Module):
    """Linear layers with rectifiers between them."""

    layers: list[eqx.nn.Linear]

    def __init__(self, network: Network):
        sizes = zip(network.dims, network.dims[1:], strict=False)
        key = jax.random.key(0)
        self.layers = [eqx.nn.Linear(rows, columns, key=key) for rows, columns in sizes]

    def __call__(self, hidden):
        """Logits `(classes,)` of one example."""
        for layer in self.layers[:-1]:
            hidden = jax.nn.relu(layer(hidden))
        return self.layers[-1](hidden)


def make_step(network: Network):
    """A function from a batch to the cost."""
    model = Rectifiers(network)
    rule = optax.adam(LEARNING_RATE)
    state = rule.init(eqx.filter(model, eqx.is_array))

    def cost(model, batch):
        logits = jax.vmap(model)(batch["features"])
        return optax.softmax_cross_entropy_with_integer_labels(logits, batch["targets"]).mean()

    @eqx.filter_jit
    def train(model, state, batch):
        batch_cost, gradients = eqx.filter_value_and_grad(cost)(model, batch)
        steps, state = rule.update(gradients, state, model)
        return eqx.apply_updates(model, steps), state, batch_cost

    def step(batch):
        nonlocal model, state
        model, state, batch_cost = train(model, state, batch)
        return batch_cost

    return step
