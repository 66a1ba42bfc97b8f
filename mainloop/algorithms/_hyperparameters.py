"""Numbers of a step rule that are arrays of its state, so that changing one recompiles nothing."""

from collections import Counter
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

# The fields under which a state keeps hyper-parameters: ours, and that of inject_hyperparams.
OURS, OF_OPTAX = "hyperparameters", "hyperparams"


class HyperparameterState(NamedTuple):
    """The state of a transformation, beside the numbers that it was made with."""

    hyperparameters: dict[str, jax.Array]
    inner_state: Any


def with_hyperparameters(
    factory: Callable[..., optax.GradientTransformation], **settings: Any
) -> optax.GradientTransformationExtraArgs:
    """The transformation `factory(**settings)`, with its numbers held in its state.

    Unlike those of `optax.inject_hyperparams` they never change by themselves, so a training
    step takes them in and need not give them back.

    Args:
        factory: makes the transformation from numbers or traced scalars.
        **settings: numbers; a callable is an Optax schedule and stays as it is.
    """
    schedules = {name: value for name, value in settings.items() if callable(value)}
    numbers = {name: float(value) for name, value in settings.items() if name not in schedules}

    def init(parameters: Any) -> HyperparameterState:
        return HyperparameterState(
            {name: jnp.asarray(number, jnp.float32) for name, number in numbers.items()},
            factory(**numbers, **schedules).init(parameters),
        )

    def update(
        updates: Any, state: HyperparameterState, parameters: Any = None, **extra: Any
    ) -> tuple[Any, HyperparameterState]:
        leaves = jax.tree.leaves(updates)
        dtype = leaves[0].dtype if leaves else jnp.float32
        cast = {name: value.astype(dtype) for name, value in state.hyperparameters.items()}
        inner = optax.with_extra_args_support(factory(**cast, **schedules))
        # Optax raises a number to the power of an integer, which strict promotion refuses.
        with jax.numpy_dtype_promotion("standard"):
            updates, inner_state = inner.update(updates, state.inner_state, parameters, **extra)
        return updates, HyperparameterState(state.hyperparameters, inner_state)

    return optax.GradientTransformationExtraArgs(init, update)


class Hyperparameters(MutableMapping[str, float]):
    """The numbers of a step rule by name, to be read and set between steps.

    A name that several parts of a rule share is preceded by the place of each in the rule's
    state: `[0].learning_rate`, `[1].learning_rate`.

    Args:
        places: keys of the leaves of the rule's state, as sequences of JAX's key types.
        read: gives the leaf of that number.
        write: replaces the leaf of that number by an array of the same shape and dtype.
    """

    def __init__(
        self,
        places: list[tuple[Any, ...]],
        read: Callable[[int], jax.Array],
        write: Callable[[int, jax.Array], None],
    ) -> None:
        found = [(number, place) for number, place in enumerate(places) if is_setting(place)]
        count = Counter(place[-1].key for _, place in found)
        self._numbers = {
            place[-1].key
            if count[place[-1].key] == 1
            else f"{jax.tree_util.keystr(place[:-2])}.{place[-1].key}": number
            for number, place in found
        }
        self._read = read
        self._write = write

    def __getitem__(self, name: str) -> float:
        return float(self._read(self._number(name)))

    def __setitem__(self, name: str, value: float) -> None:
        number = self._number(name)
        self._write(number, jnp.asarray(value, self._read(number).dtype).reshape(()))

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"{name!r} cannot be deleted: a step rule always has all its numbers")

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __repr__(self) -> str:
        return f"Hyperparameters({dict(self)})"

    def _number(self, name: str) -> int:
        if name not in self._numbers:
            raise KeyError(f"the step rule has no {name!r}; it has {', '.join(self) or 'none'}")
        return self._numbers[name]


def is_setting(place: tuple[Any, ...], fields: tuple[str, ...] = (OURS, OF_OPTAX)) -> bool:
    """Whether a leaf of a rule's state is a hyper-parameter held under one of these fields."""
    return (
        len(place) >= 2
        and isinstance(place[-2], jax.tree_util.GetAttrKey)
        and place[-2].name in fields
        and isinstance(place[-1], jax.tree_util.DictKey)
    )
