"""What a graph is given: batches of sources, values of parameters and a key, and their checks."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from bricks.graph._traced import Traced
from bricks.parameter import Parameter

Signature: TypeAlias = tuple[tuple[str, jax.ShapeDtypeStruct], ...]
"""Names, shapes and dtypes of sources, in order."""


def signature_of(batch: Mapping[str, Any]) -> Signature:
    """Return names, shapes and dtypes, the latter as JAX would convert them.

    Raises:
        TypeError: if a source is not an array or the like.
    """
    return tuple((name, _struct(name, value)) for name, value in batch.items())


def _struct(name: str, value: Any) -> jax.ShapeDtypeStruct:
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is None or dtype is None:
        raise TypeError(
            f"the source {name!r} is {type(value).__name__}, but must be an array or a "
            "jax.ShapeDtypeStruct"
        )
    if not jax.dtypes.issubdtype(dtype, jax.dtypes.extended):
        dtype = jax.dtypes.canonicalize_dtype(dtype)
    return jax.ShapeDtypeStruct(tuple(shape), dtype)


def check_arguments(fn: Callable[..., Any], batch: Mapping[str, Any]) -> None:
    """Raise a `ValueError` unless the sources are the arguments of the function."""
    _check_mapping(batch)
    arguments = inspect.signature(fn).parameters.values()
    keyword = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = [argument.name for argument in arguments if argument.kind in keyword]
    needed = [a.name for a in arguments if a.kind in keyword and a.default is a.empty]
    takes_any = any(argument.kind is argument.VAR_KEYWORD for argument in arguments)
    missing = [name for name in needed if name not in batch]
    extra = [] if takes_any else [name for name in batch if name not in known]
    if missing or extra:
        raise ValueError(_mismatch("the batch", batch, "the traced function takes", known))


def check_sources(sources: Iterable[str], batch: Mapping[str, Any]) -> None:
    """Raise a `ValueError` unless the batch has the sources of the graph and no others."""
    _check_mapping(batch)
    sources = tuple(sources)
    if set(sources) != set(batch):
        raise ValueError(_mismatch("the batch", batch, "the graph takes", sources))


def _check_mapping(batch: Any) -> None:
    if not isinstance(batch, Mapping):
        raise TypeError(
            f"the batch is {type(batch).__name__}, but must be a dict from the names of sources to "
            "arrays"
        )


def _mismatch(what: str, given: Iterable[str], takes: str, known: Iterable[str]) -> str:
    given, known = list(given), list(known)
    missing = [name for name in known if name not in given]
    extra = [name for name in given if name not in known]
    return (
        f"{what} has the sources {given}, but {takes} {known}"
        + (f"; missing: {missing}" if missing else "")
        + (f"; not known: {extra}" if extra else "")
    )


def check_values(parameters: Iterable[Parameter], values: Mapping[str, Any]) -> None:
    """Raise a `ValueError` unless there is a value of the right kind for each parameter."""
    parameters = tuple(parameters)
    missing = [parameter.path for parameter in parameters if parameter.path not in values]
    if missing:
        raise ValueError(
            f"values are missing for the parameters {missing}; given were {sorted(values)}"
        )
    for parameter in parameters:
        value = values[parameter.path]
        if not isinstance(value, jax.Array | np.ndarray | np.generic):
            raise TypeError(
                f"the value given for {parameter.path} is {type(value).__name__}, but must be an "
                "array"
            )
        dtype = jax.dtypes.canonicalize_dtype(value.dtype)
        if value.shape != parameter.shape or dtype != parameter.dtype:
            raise ValueError(
                f"the value given for {parameter.path} is {dtype}{list(value.shape)}, but the "
                f"parameter is {parameter.dtype}{list(parameter.shape)}"
            )


def typed_key(traced: Traced, key: Any) -> jax.Array | None:
    """Return the key as a typed one.

    Raises:
        ValueError: if the graph draws random numbers and no key is given.
        TypeError: if it is no key, or of another kind than JAX's default generator.
    """
    labels = [site.label for site in traced.sites if site.label and site.position in traced.live]
    if not labels:
        return None
    if key is None:
        raise ValueError(
            f"the graph draws random numbers, first for {labels[0]}, but no key was given; pass "
            "key=jax.random.key(seed)"
        )
    expected, raw = jax.eval_shape(lambda: (jax.random.key(0), jax.random.PRNGKey(0)))
    key = jnp.asarray(key)
    if (key.shape, key.dtype) == (expected.shape, expected.dtype):
        return key
    if (key.shape, key.dtype) == (raw.shape, raw.dtype):
        return jax.random.wrap_key_data(key)
    raise TypeError(
        f"the key is {key.dtype}{list(key.shape)}, but must be one {expected.dtype}, made by "
        "jax.random.key(seed)"
    )
