"""One training step, compiled: forward, backward, rule, updates and what is monitored."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from mainloop._protocols import Batch, GraphLike, Values
from mainloop.algorithms._hyperparameters import OURS, is_setting
from mainloop.monitoring.aggregation import (
    AbstractAggregation,
    Accumulated,
    aggregate,
)

GRADIENT_NORM, STEP_NORM = "total_gradient_norm", "total_step_norm"

_logger = logging.getLogger(__name__)


class Result(NamedTuple):
    """What a step gives back."""

    carry: list[jax.Array]
    updates: dict[str, jax.Array]
    accumulated: list[list[Accumulated]]
    cost: jax.Array


class Layout:
    """How trained values and the rule's state lie in two flat lists of arrays.

    What a step changes is *carried*: given away to the step and given back by it. The rule's
    hyper-parameters are *held*. Flat lists are what a compiled function takes fastest.

    Args:
        trained: values by parameter path.
        rule_state: of an Optax transformation.
    """

    def __init__(self, trained: Values, rule_state: Any) -> None:
        found, self._structure = jax.tree_util.tree_flatten_with_path((trained, rule_state))
        self._is_held = [is_setting(place, (OURS,)) for place, _ in found]
        self.rule_places = [place[1:] for place, _ in found[len(trained) :]]
        self._trained = len(trained)

    def split(self, trained: Values, rule_state: Any) -> tuple[list[jax.Array], list[jax.Array]]:
        """Return what is carried and what is held."""
        leaves = jax.tree.leaves((trained, rule_state))
        pairs = list(zip(leaves, self._is_held, strict=True))
        return [leaf for leaf, held in pairs if not held], [leaf for leaf, held in pairs if held]

    def join(self, carry: Sequence[Any], held: Sequence[Any]) -> tuple[Values, Any]:
        """Return the trained values by path and the rule's state."""
        sources = (iter(carry), iter(held))
        leaves = [next(sources[is_held]) for is_held in self._is_held]
        trained, rule_state = jax.tree.unflatten(self._structure, leaves)
        return trained, rule_state

    def place(self, number: int) -> tuple[bool, int]:
        """Return whether leaf `number` of the rule's state is held, and its index in its list."""
        position = self._trained + number
        is_held = self._is_held[position]
        return is_held, self._is_held[:position].count(is_held)


class TrainingStep:
    """A compiled step of gradient descent.

    Attributes:
        graph: whose cost is made small.
        layout: of what the step takes.
        compilations: how many times it was compiled; more than once if batches change in shape
            or dtype.
    """

    def __init__(
        self,
        graph: GraphLike,
        rule: optax.GradientTransformationExtraArgs,
        layout: Layout,
        *,
        cost: str,
        seed: int,
        monitored: Sequence[Sequence[AbstractAggregation]],
    ) -> None:
        self.graph = graph
        self._rule = rule
        self.layout = layout
        self._cost = cost
        self._seed = seed
        self._monitored = monitored
        self._traced: list[dict[str, jax.ShapeDtypeStruct]] = []
        self.run = jax.jit(self._step, donate_argnums=(0, 3))

    @property
    def compilations(self) -> int:
        """How many times the step was compiled."""
        return len(self._traced)

    def key(self, number: Any) -> jax.Array:
        """The random key of step `number`, from 0."""
        return jax.random.fold_in(jax.random.key(self._seed), number)

    def _step(
        self,
        carry: list[jax.Array],
        held: list[jax.Array],
        untrained: Values,
        accumulated: list[list[Accumulated]],
        batch: Batch,
        number: jax.Array,
    ) -> Result:
        self._note_trace(batch)
        trained, rule_state = self.layout.join(carry, held)

        def cost_of(values: Values) -> tuple[jax.Array, Any]:
            outputs, updates = self.graph.function({**untrained, **values}, batch, self.key(number))
            return self._checked_cost(outputs), (outputs, updates)

        (cost, (outputs, updates)), gradients = jax.value_and_grad(cost_of, has_aux=True)(trained)
        self._check_updates(updates, untrained)
        steps, rule_state = self._rule.update(
            gradients,
            rule_state,
            trained,
            value=cost,
            grad=gradients,
            value_fn=lambda values: cost_of(values)[0],
        )
        trained = optax.apply_updates(trained, steps)
        if self._monitored:
            outputs = self._with_norms(outputs, gradients, steps)
            accumulated = [
                aggregate(aggregations, before, outputs, batch)
                for aggregations, before in zip(self._monitored, accumulated, strict=True)
            ]
        return Result(self.layout.split(trained, rule_state)[0], dict(updates), accumulated, cost)

    def _checked_cost(self, outputs: Mapping[str, Any]) -> jax.Array:
        if self._cost not in outputs:
            raise ValueError(
                f"the graph has no output {self._cost!r}; its outputs are "
                f"{', '.join(outputs)}: pass GradientDescent(..., cost=...) one of these"
            )
        cost = outputs[self._cost]
        if cost.shape != () or not jnp.issubdtype(cost.dtype, jnp.floating):
            raise ValueError(
                f"the cost {self._cost!r} is {cost.dtype}{list(cost.shape)}, but gradient descent "
                "needs one real number; take the mean over the examples"
            )
        return cost

    def _check_updates(self, updates: Mapping[str, Any], untrained: Values) -> None:
        wrong = [path for path in updates if path not in untrained]
        if wrong:
            raise ValueError(
                f"the graph updates {', '.join(wrong)}, which gradient descent trains or the "
                "graph does not have; freeze what is updated otherwise"
            )

    def _with_norms(
        self, outputs: Mapping[str, jax.Array], gradients: Values, steps: Values
    ) -> dict[str, jax.Array]:
        """Return the outputs with the norms that are monitored."""
        wanted = {item.output for monitored in self._monitored for item in monitored}
        norms = {GRADIENT_NORM: gradients, STEP_NORM: steps}
        extra = {name: _norm(tree) for name, tree in norms.items() if name in wanted}
        return {**extra, **outputs}

    def _note_trace(self, batch: Batch) -> None:
        """Say that the step is compiled again, and why; JAX calls this once a compilation."""
        kinds = {
            source: jax.ShapeDtypeStruct(array.shape, array.dtype)
            for source, array in sorted(batch.items())
        }
        if self._traced:
            last = self._traced[-1]
            changed = [
                f"{source} from {_told(last[source])} to {_told(kind)}"
                for source, kind in kinds.items()
                if last[source] != kind
            ]
            # A second size is to be expected, because the last batch of an epoch may be short.
            is_expected = len(self._traced) == 1 and _differ_in_size_alone(last, kinds)
            _logger.log(
                logging.INFO if is_expected else logging.WARNING,
                "the training step is compiled once more, %d times so far: %s",
                len(self._traced) + 1,
                "; ".join(changed) or "the kind of an array that is not in the batch changed",
            )
        self._traced.append(kinds)


def _told(kind: jax.ShapeDtypeStruct) -> str:
    return f"{kind.dtype}{list(kind.shape)}"


def _differ_in_size_alone(
    one: Mapping[str, jax.ShapeDtypeStruct], other: Mapping[str, jax.ShapeDtypeStruct]
) -> bool:
    """Whether two kinds of batches differ in the number of examples and in nothing else."""
    return one != other and all(
        (kind.dtype, kind.shape[1:]) == (other[source].dtype, other[source].shape[1:])
        for source, kind in one.items()
    )


def _norm(arrays: Values) -> jax.Array:
    """The joint Euclidean norm of all arrays."""
    return jnp.sqrt(sum((jnp.sum(jnp.square(array)) for array in arrays.values()), jnp.zeros(())))
