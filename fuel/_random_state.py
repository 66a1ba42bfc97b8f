"""The state of NumPy's and Python's random generators as plain values.

NumPy offers a state as a mix of tuples, big integers and arrays, and differently for its old and
new generators. Here it is always a dictionary of JSON values and small arrays that goes out and
comes back.
"""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = [
    "RandomGenerator",
    "has_random_state",
    "load_random_state",
    "load_random_states",
    "random_state",
    "random_states",
]

RandomGenerator = np.random.RandomState | np.random.Generator | random.Random


def random_state(rng: RandomGenerator) -> dict[str, Any]:
    """Everything that determines what `rng` draws next.

    Returns:
        A dictionary of JSON values and small integer arrays.
    """
    if isinstance(rng, np.random.RandomState):
        return dict(rng.get_state(legacy=False))
    if isinstance(rng, np.random.Generator):
        return dict(rng.bit_generator.state)
    version, words, gauss = rng.getstate()
    return {"version": version, "words": list(words), "gauss": gauss}


def load_random_state(rng: RandomGenerator, state: Mapping[str, Any]) -> None:
    """Make `rng` draw what the generator drew after `state` was taken."""
    if isinstance(rng, np.random.RandomState):
        rng.set_state(_with_arrays(state))
    elif isinstance(rng, np.random.Generator):
        rng.bit_generator.state = _with_arrays(state)
    else:
        rng.setstate((state["version"], tuple(state["words"]), state["gauss"]))


def random_states(holder: object) -> dict[str, dict[str, Any]]:
    """The states of all random generators that are attributes of `holder`, by attribute name."""
    return {
        name: random_state(value)
        for name, value in vars(holder).items()
        if isinstance(value, RandomGenerator)
    }


def has_random_state(holder: object) -> bool:
    """Whether a random generator is an attribute of `holder`."""
    return any(isinstance(value, RandomGenerator) for value in vars(holder).values())


def load_random_states(holder: object, states: Mapping[str, Mapping[str, Any]]) -> None:
    """Restore the generators among `holder`'s attributes from `random_states`."""
    for name, state in states.items():
        load_random_state(getattr(holder, name), state)


def _with_arrays(state: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the lists that arrays became on their way through JSON into arrays again."""
    plain: dict[str, Any] = {}
    for name, value in state.items():
        if isinstance(value, Mapping):
            plain[name] = _with_arrays(value)
        elif isinstance(value, list):
            plain[name] = np.asarray(
                value, dtype=np.uint32 if name == "key" and len(value) > 4 else np.uint64
            )
        else:
            plain[name] = value
    return plain
