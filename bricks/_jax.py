"""The one module that touches JAX's extension interface: primitives and the anatomy of jaxprs.

Run on JAX 0.8.0 and 0.10.2.
"""

from collections.abc import Hashable
from typing import Any, Protocol

import jax
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir


class Readable(Protocol):
    """What the `parameter` primitive knows of its parameter."""

    @property
    def path(self) -> str:
        """Its path."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""

    @property
    def dtype(self) -> Any:
        """Its dtype."""

    @property
    def value(self) -> jax.Array | None:
        """Its current value."""


annotate_p = Primitive("annotate")
"""Identity on one array; its one parameter `tag` (hashable) says what the array is."""

annotate_p.def_impl(lambda value, *, tag: value)
annotate_p.def_abstract_eval(lambda aval, *, tag: aval)
ad.primitive_jvps[annotate_p] = lambda primals, tangents, *, tag: (
    annotate_p.bind(*primals, tag=tag),
    tangents[0],
)
ad.primitive_transposes[annotate_p] = lambda cotangent, value, *, tag: [cotangent]
batching.primitive_batchers[annotate_p] = lambda values, axes, *, tag: (
    annotate_p.bind(*values, tag=tag),
    axes[0],
)
mlir.register_lowering(annotate_p, lambda context, value, *, tag: [value])


parameter_p = Primitive("parameter")
"""The value of a parameter; no input."""


def _current_value(*, parameter: Readable) -> jax.Array:
    if parameter.value is None:
        raise ValueError(
            f"{parameter.path} has no value yet; call brick.initialize(seed=...) on its brick, "
            "or set parameter.value"
        )
    return parameter.value


def _refuse_to_compile_parameter(context: Any, *, parameter: Readable) -> Any:
    raise TypeError(
        f"the parameter {parameter.path} was read inside a bare jax.jit, where its value would "
        "silently become a constant; build ComputationGraph(fn, batch) and compile "
        "graph.function(values, batch) instead, or pass the value as an argument"
    )


parameter_p.def_impl(_current_value)
parameter_p.def_abstract_eval(
    lambda *, parameter: ShapedArray(parameter.shape, jax.numpy.dtype(parameter.dtype))
)
mlir.register_lowering(parameter_p, _refuse_to_compile_parameter)


random_key_p = Primitive("random_key")
"""A fresh PRNG key; no input. Only a graph can supply it."""

_NO_KEY = (
    "random_key() was called outside of a graph, where nothing supplies keys; build "
    "ComputationGraph(fn, batch) and call graph(batch, key=jax.random.key(seed))"
)


def _refuse_key(*, label: Hashable) -> Any:
    raise ValueError(_NO_KEY)


def _refuse_to_compile_key(context: Any, *, label: Hashable) -> Any:
    raise TypeError(_NO_KEY)


random_key_p.def_impl(_refuse_key)
random_key_p.def_abstract_eval(lambda *, label: _key_aval())
mlir.register_lowering(random_key_p, _refuse_to_compile_key)


def _key_aval() -> ShapedArray:
    key = jax.eval_shape(lambda: jax.random.key(0))
    return ShapedArray(key.shape, key.dtype)


def annotate(value: Any, tag: Hashable) -> jax.Array:
    """Bind the `annotate` primitive."""
    return annotate_p.bind(value, tag=tag)


def parameter(parameter: Readable) -> jax.Array:
    """Bind the `parameter` primitive."""
    return parameter_p.bind(parameter=parameter)


def random_key(label: Hashable = None) -> jax.Array:
    """Bind the `random_key` primitive."""
    return random_key_p.bind(label=label)
