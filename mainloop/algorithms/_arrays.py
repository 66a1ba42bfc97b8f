"""Trees of arrays: copied, checked, and to the host and back."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def copied(tree: Any) -> Any:
    """The same arrays on the device, in memory of their own."""
    # Unlike a compiled copy, this does not cost a compilation when training begins.
    return jax.device_put(tree, may_alias=False)


def to_host(array: jax.Array) -> np.ndarray:
    """The array as a NumPy array of its own; a random key as the numbers it is made of."""
    if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        array = jax.random.key_data(array)
    return np.array(array)


def from_host(arrays: Mapping[str, Any], like: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
    """The arrays on the device, in memory of their own, with the kinds of those in `like`."""
    result = {}
    for name, template in like.items():
        if jnp.issubdtype(template.dtype, jax.dtypes.prng_key):
            array = arrays[name]
            if not isinstance(array, jax.Array):
                array = jax.random.wrap_key_data(array, impl=jax.random.key_impl(template))
            result[name] = array
        else:
            result[name] = jnp.asarray(arrays[name], template.dtype)
    return copied(result)


def check_same(what: str, given: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Check that arrays have the names, shapes and dtypes of others.

    Raises:
        ValueError: that says all differences.
    """
    problems = [f"{name} is missing" for name in wanted if name not in given]
    problems += [f"{name} is unknown" for name in given if name not in wanted]
    for name in wanted:
        if name in given:
            came, needed = _kind(given[name]), _kind(wanted[name])
            if came != needed:
                problems.append(f"{name} is {came}, not {needed}")
    if problems:
        raise ValueError(f"{what} do not fit: {'; '.join(problems)}")


def first_bad_on_device(arrays: Mapping[str, jax.Array]) -> str | None:
    """`first_bad`, bringing no more to the host than one bit an array."""
    floats = {name: x for name, x in arrays.items() if jnp.issubdtype(x.dtype, jnp.inexact)}
    for name, is_finite in _are_finite(floats).items():
        if not is_finite:
            return name
    return None


@jax.jit
def _are_finite(arrays: dict[str, jax.Array]) -> dict[str, jax.Array]:
    return {name: jnp.isfinite(array).all() for name, array in arrays.items()}


def first_bad(arrays: Mapping[str, Any]) -> str | None:
    """The name of the first array of floats that holds a NaN or an infinity."""
    for name, array in arrays.items():
        if jnp.issubdtype(array.dtype, jnp.inexact) and not np.isfinite(np.asarray(array)).all():
            return name
    return None


def _kind(array: Any) -> str:
    if isinstance(array, jax.Array) and jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        array = jax.random.key_data(array)
    array = array if isinstance(array, jax.Array) else np.asarray(array)
    return f"{array.dtype}{list(array.shape)}"
