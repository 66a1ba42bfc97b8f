"""The one module that touches JAX's extension interface: primitives and the anatomy of jaxprs.

Its tests, and those of `bricks.graph`, were run on JAX 0.8.0 and 0.10.2. What differs among
releases: `shard_map` calls its axes `manual_axes` before 0.10 and `newly_manual_axes` since, and
`scan` has had the parameter `_split_transpose` and lost it. The flag `jax_remat3`, off by default,
makes `jax.checkpoint` a primitive that hides its jaxpr in an object; it is found, but opaque.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import jax
from jax.core import ShapedArray
from jax.extend import source_info_util
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, Primitive, jaxpr_as_fun
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


# The anatomy of jaxprs. What follows reads structure that JAX does not document; whatever a
# release changes is to be mended here.


@dataclass(frozen=True)
class Body:
    """A jaxpr inside an equation, closed over constants."""

    jaxpr: Jaxpr
    consts: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Inner:
    """The jaxprs inside of an equation.

    Attributes:
        kind: `'jit'`, `'call'`, `'remat'`, `'scan'`, `'while'`, `'cond'`, `'shard_map'`,
            `'custom'` (a custom derivative rule) or `'opaque'` (not known here).
        bodies: for `'while'` the condition and the body, for `'cond'` the branches.
    """

    kind: str
    bodies: tuple[Body, ...]


_KINDS = {
    "jit": ("jit", "jaxpr"),
    "pjit": ("jit", "jaxpr"),
    "closed_call": ("call", "call_jaxpr"),
    "core_call": ("call", "call_jaxpr"),
    "checkpoint": ("remat", "jaxpr"),
    "remat": ("remat", "jaxpr"),
    "remat2": ("remat", "jaxpr"),
    "scan": ("scan", "jaxpr"),
    "while": ("while", "cond_jaxpr", "body_jaxpr"),
    "cond": ("cond", "branches"),
    "shard_map": ("shard_map", "jaxpr"),
    "custom_jvp_call": ("custom", "call_jaxpr"),
    "custom_vjp_call": ("custom", "call_jaxpr"),
    "custom_vjp_call_jaxpr": ("custom", "fun_jaxpr"),
}


def inner(eqn: JaxprEqn) -> Inner | None:
    """Return the jaxprs inside of an equation; `None` if there are none."""
    kind, *names = _KINDS.get(eqn.primitive.name, ("opaque",))
    values = [eqn.params[name] for name in names] if names else list(eqn.params.values())
    bodies = tuple(body for value in values for body in _bodies(value, search=not names))
    return Inner(kind, bodies) if bodies else None


def _bodies(value: Any, *, search: bool) -> Iterator[Body]:
    if isinstance(value, ClosedJaxpr):
        yield Body(value.jaxpr, tuple(value.consts))
    elif isinstance(value, Jaxpr):
        yield Body(value)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _bodies(item, search=search)
    elif search and isinstance(getattr(value, "params", None), Mapping):
        # Primitives of a higher order hide their jaxpr in an object: jax_remat3 does.
        for item in value.params.values():
            yield from _bodies(item, search=False)


def is_ours(eqn: JaxprEqn) -> bool:
    """Whether the equation is one of the three primitives of this module."""
    return eqn.primitive in (annotate_p, parameter_p, random_key_p)


def scopes(eqn: JaxprEqn) -> tuple[tuple[str, ...], bool]:
    """Return the scopes around an equation, outermost first, and whether `grad` made it.

    For an equation of an inner jaxpr the scopes are those inside of that jaxpr.
    """
    names = []
    differentiated = False
    for element in eqn.source_info.name_stack.stack:
        if type(element).__name__ == "Scope":
            names.append(element.name)
        elif element.name != "vmap":
            differentiated = True
    return tuple(names), differentiated


@contextmanager
def place_of(eqn: JaxprEqn) -> Iterator[None]:
    """Let what is traced inside stand in the scopes and the context of the equation."""
    stack = source_info_util.current_name_stack() + eqn.source_info.name_stack
    with source_info_util.user_context(None, name_stack=stack), eqn.ctx.manager:
        yield


def scan_arity(eqn: JaxprEqn) -> tuple[int, int]:
    """Return how many constants and how many carried values a scan has."""
    return eqn.params["num_consts"], eqn.params["num_carry"]


def scan_options(eqn: JaxprEqn) -> dict[str, Any]:
    """Return the options to give to `jax.lax.scan` to make the same scan again."""
    names = ("reverse", "length", "unroll", "_split_transpose")  # the last one until JAX 0.9
    return {name: eqn.params[name] for name in names if name in eqn.params}


def shard_map_options(eqn: JaxprEqn) -> dict[str, Any]:
    """Return the options to give to `jax.shard_map`, less the specifications of the outputs."""
    axes = "newly_manual_axes" if "newly_manual_axes" in eqn.params else "manual_axes"
    return {
        "mesh": eqn.params["mesh"],
        "in_specs": tuple(eqn.params["in_specs"]),
        "check_vma": eqn.params["check_vma"],
        "axis_names": frozenset(eqn.params[axes]),
    }


def jit_options(eqn: JaxprEqn) -> dict[str, Any]:
    """Return the options to give to `jax.jit`; `out_shardings` is a tuple, without captures."""
    params = eqn.params
    return {
        "in_shardings": tuple(params["in_shardings"]),
        "out_shardings": tuple(params["out_shardings"]),
        "donate_argnums": tuple(i for i, given in enumerate(params["donated_invars"]) if given),
        "keep_unused": params["keep_unused"],
        "inline": params["inline"],
        "compiler_options": dict(params["compiler_options_kvs"]) or None,
    }


def trace(fn: Callable[..., Any], *avals: Any) -> Body:
    """Trace a function of arrays that returns a flat list of arrays."""
    with source_info_util.reset_name_stack():
        closed = jax.make_jaxpr(fn)(*avals)
    return Body(closed.jaxpr, tuple(closed.consts))


def is_literal(atom: Any) -> bool:
    """Whether an input of an equation is a constant written into it."""
    return isinstance(atom, Literal)


def evaluate(
    body: Body,
    equations: Sequence[JaxprEqn],
    results: Sequence[Any],
    values: Mapping[Any, Any],
    *,
    tags: bool = True,
) -> list[Any]:
    """Evaluate a run of equations of a jaxpr, all at once, as JAX itself would.

    Args:
        body: the jaxpr that the equations were taken from.
        equations: the run.
        results: the variables of the jaxpr to return, all of them outputs of the run.
        values: what the run needs, by variable of the jaxpr.
        tags: whether to keep the tags in the run, other than those in inner jaxprs.
    """
    if not tags:
        equations, results = _without_tags(equations, results)
    made = {variable for eqn in equations for variable in eqn.outvars}
    atoms = [*(atom for eqn in equations for atom in eqn.invars), *results]
    needed = dict.fromkeys(a for a in atoms if not isinstance(a, Literal) and a not in made)
    run = body.jaxpr.replace(
        constvars=[],
        invars=list(needed),
        outvars=list(results),
        eqns=list(equations),
        effects=frozenset().union(*(eqn.effects for eqn in equations)),
        debug_info=body.jaxpr.debug_info.with_unknown_names(),
    )
    return jaxpr_as_fun(ClosedJaxpr(run, ()))(*(values[variable] for variable in needed))


def _without_tags(
    equations: Sequence[JaxprEqn], results: Sequence[Any]
) -> tuple[list[JaxprEqn], list[Any]]:
    same: dict[Any, Any] = {}  # from a tagged variable to what it is without the tag
    kept = []

    def untagged(atom: Any) -> Any:
        return atom if isinstance(atom, Literal) else same.get(atom, atom)

    for eqn in equations:
        invars = [untagged(atom) for atom in eqn.invars]
        if eqn.primitive is annotate_p:
            same[eqn.outvars[0]] = invars[0]
        else:
            kept.append(eqn if invars == eqn.invars else eqn.replace(invars=invars))
    return kept, [untagged(atom) for atom in results]


def zeros(aval: Any) -> jax.Array:
    """Return zeros, or for a dtype of PRNG keys some key, of the shape and dtype of `aval`."""
    if jax.dtypes.issubdtype(aval.dtype, jax.dtypes.prng_key):
        return jax.numpy.broadcast_to(jax.random.key(0), aval.shape)
    return jax.numpy.zeros(aval.shape, aval.dtype)
