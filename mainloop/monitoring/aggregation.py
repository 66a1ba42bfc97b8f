"""How the values of a quantity in many batches become one: declared, associative, on the device."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import jax
import jax.numpy as jnp

Accumulated: TypeAlias = tuple[jax.Array, ...]


@dataclass(frozen=True)
class AbstractAggregation(ABC):
    """What becomes of an output over many batches.

    An output is a scalar, which counts for every example of its batch, or a vector with a value
    for every example. What is accumulated are scalars, so that it costs next to nothing and two
    parts of a stream can be merged in any grouping.

    Args:
        output: the name of the output.
        name: the name of the result; that of the output if None.

    Attributes:
        weighs_scalars: whether it matters how many examples a scalar is of.
    """

    weighs_scalars: ClassVar[bool] = True

    output: str
    name: str | None = None

    @property
    def record(self) -> str:
        """The name of the result."""
        return self.output if self.name is None else self.name

    @abstractmethod
    def initial(self) -> Accumulated:
        """What is accumulated of no batch at all."""

    @abstractmethod
    def of_batch(self, value: jax.Array, examples: int) -> Accumulated:
        """What is accumulated of one batch: `value` is `()` or `(examples,)`."""

    @abstractmethod
    def merge(self, first: Accumulated, second: Accumulated) -> Accumulated:
        """What is accumulated of two parts together; associative up to rounding."""

    @abstractmethod
    def result(self, accumulated: Accumulated) -> jax.Array:
        """The result, a scalar."""


@dataclass(frozen=True)
class Mean(AbstractAggregation):
    """The mean over all examples: batches count by their size, so a short last one counts less."""

    def initial(self) -> Accumulated:
        """No sum over no examples."""
        return jnp.zeros(()), jnp.zeros((), jnp.int32)

    def of_batch(self, value: jax.Array, examples: int) -> Accumulated:
        """The sum over the examples, and their number."""
        return _total(value, examples), jnp.asarray(examples, jnp.int32)

    def merge(self, first: Accumulated, second: Accumulated) -> Accumulated:
        """Both added."""
        return first[0] + second[0], first[1] + second[1]

    def result(self, accumulated: Accumulated) -> jax.Array:
        """Sum over number."""
        return accumulated[0] / accumulated[1].astype(accumulated[0].dtype)


@dataclass(frozen=True)
class Sum(AbstractAggregation):
    """The sum of all values: of a scalar once for each batch, of a vector over its elements."""

    weighs_scalars: ClassVar[bool] = False

    def initial(self) -> Accumulated:
        """Zero."""
        return (jnp.zeros(()),)

    def of_batch(self, value: jax.Array, examples: int) -> Accumulated:
        """The sum of the elements."""
        return (jnp.sum(_as_float(value)),)

    def merge(self, first: Accumulated, second: Accumulated) -> Accumulated:
        """Their sum."""
        return (first[0] + second[0],)

    def result(self, accumulated: Accumulated) -> jax.Array:
        """The sum."""
        return accumulated[0]


@dataclass(frozen=True)
class Minimum(AbstractAggregation):
    """The smallest of all values; NaN if one of them is."""

    weighs_scalars: ClassVar[bool] = False

    def initial(self) -> Accumulated:
        """Infinity."""
        return (jnp.full((), jnp.inf),)

    def of_batch(self, value: jax.Array, examples: int) -> Accumulated:
        """The smallest element."""
        return (jnp.min(_as_float(value)),)

    def merge(self, first: Accumulated, second: Accumulated) -> Accumulated:
        """The smaller one."""
        return (jnp.minimum(first[0], second[0]),)

    def result(self, accumulated: Accumulated) -> jax.Array:
        """The smallest."""
        return accumulated[0]


@dataclass(frozen=True)
class Maximum(AbstractAggregation):
    """The largest of all values; NaN if one of them is."""

    weighs_scalars: ClassVar[bool] = False

    def initial(self) -> Accumulated:
        """Minus infinity."""
        return (jnp.full((), -jnp.inf),)

    def of_batch(self, value: jax.Array, examples: int) -> Accumulated:
        """The largest element."""
        return (jnp.max(_as_float(value)),)

    def merge(self, first: Accumulated, second: Accumulated) -> Accumulated:
        """The larger one."""
        return (jnp.maximum(first[0], second[0]),)

    def result(self, accumulated: Accumulated) -> jax.Array:
        """The largest."""
        return accumulated[0]


@dataclass(frozen=True)
class TakeLast(AbstractAggregation):
    """The value in the last batch; of a vector, its mean there."""

    weighs_scalars: ClassVar[bool] = False

    def initial(self) -> Accumulated:
        """No value."""
        return jnp.full((), jnp.nan), jnp.zeros((), bool)

    def of_batch(self, value: jax.Array, examples: int) -> Accumulated:
        """The value of this batch."""
        return jnp.mean(_as_float(value)), jnp.ones((), bool)

    def merge(self, first: Accumulated, second: Accumulated) -> Accumulated:
        """The second, unless it has no value."""
        return jnp.where(second[1], second[0], first[0]), first[1] | second[1]

    def result(self, accumulated: Accumulated) -> jax.Array:
        """The last value."""
        return accumulated[0]


def as_aggregations(
    quantities: Iterable[str | AbstractAggregation],
) -> tuple[AbstractAggregation, ...]:
    """Return the quantities with a name standing for its mean.

    Raises:
        TypeError: if one is neither a name nor an aggregation.
        ValueError: if two results have one name.
    """
    if isinstance(quantities, str):
        raise TypeError(f"quantities must be a sequence of names: [{quantities!r}]")
    chosen = tuple(Mean(item) if isinstance(item, str) else item for item in quantities)
    for item in chosen:
        if not isinstance(item, AbstractAggregation):
            raise TypeError(
                f"{item!r} cannot be monitored; give the name of an output of the graph, or an "
                "aggregation such as Maximum('cost')"
            )
    records = [item.record for item in chosen]
    twice = sorted({record for record in records if records.count(record) > 1})
    if twice:
        raise ValueError(
            f"two monitored quantities are named {', '.join(twice)}; give one a name of its own: "
            "Maximum('cost', name='worst_cost')"
        )
    return chosen


def aggregate(
    aggregations: Sequence[AbstractAggregation],
    accumulated: Sequence[Accumulated],
    outputs: Mapping[str, jax.Array],
    batch: Mapping[str, Any],
) -> list[Accumulated]:
    """Return what is accumulated after one more batch; traceable.

    Args:
        aggregations: what to accumulate.
        accumulated: what was accumulated before, in the same order.
        outputs: of the batch, by name.
        batch: arrays by source; their first axes count its examples.

    Raises:
        ValueError: if an output does not exist, or is neither a scalar nor a value an example, or
            a scalar must be weighed by examples and the sources disagree about their number.
    """
    examples = count_examples(batch)
    after = []
    for aggregation, before in zip(aggregations, accumulated, strict=True):
        name = aggregation.output
        if name not in outputs:
            raise ValueError(
                f"{name!r} cannot be monitored: the outputs are {', '.join(sorted(outputs))}"
            )
        value = jnp.asarray(outputs[name])
        number = _number_of_examples(aggregation, value, examples, batch)
        after.append(aggregation.merge(before, aggregation.of_batch(value, number)))
    return after


def count_examples(batch: Mapping[str, Any]) -> int | None:
    """How many examples a batch has: the length of the first axis of its arrays.

    Arrays without axes are passed over, and a batch without arrays is one example. None if the
    arrays disagree, as where time comes first in some of them.
    """
    numbers = {int(value.shape[0]) for value in batch.values() if len(value.shape) > 0}
    if len(numbers) > 1:
        return None
    return numbers.pop() if numbers else 1


def _number_of_examples(
    aggregation: AbstractAggregation,
    value: jax.Array,
    examples: int | None,
    batch: Mapping[str, Any],
) -> int:
    """Return how many examples a value is of, or raise a ValueError if that cannot be told."""
    name = aggregation.output
    if examples is not None and value.shape in ((), (examples,)):
        return examples
    if examples is None and value.ndim == 1:
        return int(value.shape[0])
    if examples is None and value.ndim == 0:
        if not aggregation.weighs_scalars:
            return 1
        shapes = ", ".join(f"{source} {tuple(array.shape)}" for source, array in batch.items())
        raise ValueError(
            f"the mean of {name!r} cannot be monitored: it is one number a batch, to be weighed by "
            f"its examples, but the sources disagree about how many there are: {shapes}; let the "
            "graph give a vector with the value of every example instead"
        )
    wanted = "(examples,)" if examples is None else f"({examples},)"
    raise ValueError(
        f"{name!r} has shape {value.shape} in a batch of "
        f"{'unknown many' if examples is None else examples} examples; a monitored "
        f"output is a scalar or has shape {wanted}: reduce it in the graph"
    )


def _as_float(value: jax.Array) -> jax.Array:
    return value.astype(float) if not jnp.issubdtype(value.dtype, jnp.floating) else value


def _total(value: jax.Array, examples: int) -> jax.Array:
    value = _as_float(value)
    return value * examples if value.ndim == 0 else jnp.sum(value)
