"""Making loops, branches and compiled helpers again, around bodies that were changed.

Each function here takes the equation, its inputs and `run`, which evaluates one of the changed
bodies, `run(number, args, *indices)`, and gives its outputs and what was captured in it. Each
returns the outputs of the equation and what was captured, and uses public functions of JAX only.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax
from jax.sharding import PartitionSpec

from bricks import _jax

Results: TypeAlias = tuple[list[Any], dict[str, Any]]
"""The outputs, and what was captured, by name."""

_UNSPECIFIED = inspect.signature(jax.jit).parameters["out_shardings"].default


class Run(Protocol):
    """Evaluates a body of an equation."""

    def __call__(
        self, number: int, args: Sequence[Any], *indices: Any, axes: tuple[Any, ...] = ()
    ) -> Results:
        """Evaluate body `number`, one loop deeper for each of `indices`."""


def _scan(eqn: Any, inputs: list[Any], run: Run) -> Results:
    """Captured values are stacked in front, one for each iteration."""
    consts, carried = _jax.scan_arity(eqn)
    options = _jax.scan_options(eqn)

    def step(carry: list[Any], x: tuple[Any, list[Any]]) -> tuple[list[Any], Any]:
        index, xs = x
        outs, captured = run(0, [*inputs[:consts], *carry, *xs], index)
        return outs[:carried], (outs[carried:], captured)

    init = inputs[consts : consts + carried]
    xs = (jnp.arange(options["length"]), inputs[consts + carried :])
    carry, (ys, captured) = lax.scan(step, init, xs, **options)
    return [*carry, *ys], captured


def _while(eqn: Any, inputs: list[Any], run: Run) -> Results:
    """Captured values are those of the last iteration, zeros if there was none.

    Under `jax.vmap` a loop has a condition for each example. It goes on as long as any of them
    holds, and leaves the examples as they are whose condition does not.
    """
    first = eqn.params["cond_nconsts"]
    second = first + eqn.params["body_nconsts"]
    cond_consts, body_consts, init = inputs[:first], inputs[first:second], inputs[second:]

    def condition(index: Any, carry: list[Any]) -> Any:
        return run(0, [*cond_consts, *carry], index)[0][0]

    def go_on(state: tuple[Any, list[Any], Any]) -> Any:
        index, carry, _ = state
        holds = condition(index, carry)
        return jnp.any(holds) if is_batched else holds

    def step(state: tuple[Any, list[Any], Any]) -> tuple[Any, list[Any], Any]:
        index, carry, _ = state
        outs, captured = run(1, [*body_consts, *carry], index)
        if is_batched:
            holds = condition(index, carry)
            outs = [_select(holds, new, old) for new, old in zip(outs, carry, strict=True)]
        return index + 1, outs, captured

    is_batched = bool(jax.eval_shape(condition, jnp.int32(0), init).shape)
    start = (jnp.int32(0), init)
    captured_types = jax.eval_shape(step, (*start, {}))[2]
    empty = {name: _jax.zeros(aval) for name, aval in captured_types.items()}
    _, carry, captured = lax.while_loop(go_on, step, (*start, empty))
    return carry, captured


def _select(holds: jax.Array, new: Any, old: Any) -> jax.Array:
    axes = tuple(range(holds.ndim))
    return lax.select(lax.broadcast_in_dim(holds, jnp.shape(new), axes), new, old)


def _cond(eqn: Any, inputs: list[Any], run: Run) -> Results:
    """Values captured in a branch that was not taken are zeros."""
    index, *operands = inputs
    numbers = range(len(eqn.params["branches"]))
    types: dict[str, Any] = {}
    for number in numbers:
        types.update(jax.eval_shape(lambda *args, n=number: run(n, args)[1], *operands))

    def branch(number: int) -> Callable[..., Results]:
        def taken(*args: Any) -> Results:
            outs, captured = run(number, args)
            rest = {name: _jax.zeros(types[name]) for name in types if name not in captured}
            return outs, captured | rest

        return taken

    return lax.switch(index, [branch(number) for number in numbers], *operands)


def jit_again(eqn: Any, run: Run) -> Callable[..., Results]:
    """Return the compiled helper with its body changed."""
    options = _jax.jit_options(eqn)
    out_shardings = list(options.pop("out_shardings"))

    def helper(*args: Any) -> Results:
        return run(0, args)

    helper.__name__ = eqn.params["name"]
    return jax.jit(helper, out_shardings=(out_shardings, _UNSPECIFIED), **options)


def _remat(eqn: Any, inputs: list[Any], run: Run) -> Results:
    options = {"prevent_cse": eqn.params["prevent_cse"], "policy": eqn.params["policy"]}
    return jax.checkpoint(lambda *args: run(0, args), **options)(*inputs)


def _shard_map(eqn: Any, inputs: list[Any], run: Run) -> Results:
    """Captured values get an axis in front, one element for each device."""
    options = _jax.shard_map_options(eqn)
    axes = tuple(name for name in options["mesh"].axis_names if name in options["axis_names"])

    def on_device(*args: Any) -> Results:
        outs, captured = run(0, args, axes=axes)
        return outs, {name: value[None] for name, value in captured.items()}

    out_specs = (list(eqn.params["out_specs"]), PartitionSpec(axes))
    return jax.shard_map(on_device, out_specs=out_specs, **options)(*inputs)


def _inline(eqn: Any, inputs: list[Any], run: Run) -> Results:
    """A plain call; also a custom derivative rule that is to be dropped."""
    return run(0, inputs)


REEMIT: Mapping[str, Callable[[Any, list[Any], Run], Results]] = {
    "call": _inline,
    "cond": _cond,
    "custom": _inline,
    "remat": _remat,
    "scan": _scan,
    "shard_map": _shard_map,
    "while": _while,
}
"""By kind of equation; `jit_again` is for the kind `'jit'`."""
