"""Where loops take in a parameter, so that each of their iterations can get a value of its own."""

from collections.abc import Collection, Iterator
from typing import Any

from bricks import _jax
from bricks.graph._interpreter import Position
from bricks.parameter import Parameter


def loop_inputs(
    body: _jax.Body, parameter: Parameter, inputs: Collection[Any] = (), prefix: Position = ()
) -> Iterator[tuple[Position, int]]:
    """Yield the bodies of loops that the parameter is constant input of, and which input it is.

    Args:
        body: the jaxpr.
        parameter: read in it, or handed to it.
        inputs: those inputs of the jaxpr that are the parameter.
        prefix: where the jaxpr is.
    """
    same = set(inputs)
    for number, eqn in enumerate(body.jaxpr.eqns):
        position = (*prefix, number)
        if _jax.is_ours(eqn):
            if _parameter_given_by(eqn) is parameter:
                same.add(eqn.outvars[0])
            continue
        here = [not _jax.is_literal(atom) and atom in same for atom in eqn.invars]
        for place, sub, flags, is_loop in _bodies(eqn, _jax.inner(eqn), here):
            indices = [index for index, is_it in enumerate(flags) if is_it]
            if is_loop:
                yield from (((*position, place), index) for index in indices)
            into = [sub.jaxpr.invars[index] for index in indices]
            yield from loop_inputs(sub, parameter, into, (*position, place))


def _parameter_given_by(eqn: Any) -> Parameter | None:
    if "tag" not in eqn.params:
        return eqn.params.get("parameter")
    tag = eqn.params["tag"]
    return tag.parameter if tag.place == "parameter" else None


def _bodies(
    eqn: Any, inner: _jax.Inner | None, here: list[bool]
) -> Iterator[tuple[int, _jax.Body, list[bool], bool]]:
    """Yield number, body, which of its first inputs are the parameter, and whether it loops."""
    if inner is None:
        return
    match inner.kind:
        case "scan":
            yield 0, inner.bodies[0], here[: _jax.scan_arity(eqn)[0]], True
        case "while":
            first = eqn.params["cond_nconsts"]
            second = first + eqn.params["body_nconsts"]
            yield 0, inner.bodies[0], here[:first], True
            yield 1, inner.bodies[1], here[first:second], True
        case "cond":
            for number, body in enumerate(inner.bodies):
                yield number, body, here[1:], False
        case "jit" | "call" | "remat" | "shard_map":
            yield 0, inner.bodies[0], here, False
