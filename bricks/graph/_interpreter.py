"""Evaluating a jaxpr with some equations done differently, in the bodies of loops too."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from bricks import _jax
from bricks.graph._reemit import REEMIT, Results, jit_again

Position: TypeAlias = tuple[int, ...]
"""An equation's place: its number; then, inside of it, the body's number and its number there."""


@dataclass
class Frame:
    """What is known at one place of an evaluation.

    Attributes:
        indices: the number of the iteration of each loop around, outermost first.
        axes: the names of the mesh axes that a `shard_map` around it made manual.
        captured: what actions collect here, by name; it travels outwards.
    """

    indices: tuple[Any, ...] = ()
    axes: tuple[Any, ...] = ()
    captured: dict[str, Any] = field(default_factory=dict)


Action: TypeAlias = Callable[[Any, list[Any], Frame], list[Any]]
"""What to do in place of an equation: a function of it, its inputs and the frame."""


class Plan:
    """Which equations to do differently, and which to leave out.

    Args:
        actions: by position.
        first: those of them to do before everything else in their jaxpr, as they need no input;
            they then do not cut the rest in pieces.
        entries: for inner jaxprs, by their prefix, the inputs to be put there before all else.
        live: the equations to do; `None` for all. What a left-out equation gives reads as zeros.
        tags: whether to keep the tags.
    """

    def __init__(
        self,
        actions: Mapping[Position, Action],
        *,
        first: Collection[Position] = (),
        entries: Mapping[Position, Mapping[int, Action]] = MappingProxyType({}),
        live: frozenset[Position] | None = None,
        tags: bool = True,
    ) -> None:
        self.actions = actions
        self.first = first
        self.entries = entries
        self.live = live
        self.tags = tags
        self.helpers: dict[Hashable, Callable[..., Results]] = {}
        special = (*actions, *((*prefix, 0) for prefix in entries))
        self._outer = {
            position[:length] for position in special for length in range(1, len(position), 2)
        }

    def is_live(self, position: Position) -> bool:
        """Whether to do the equation at all."""
        return self.live is None or position in self.live

    def is_special(self, position: Position) -> bool:
        """Whether the equation, or one inside of it, has an action."""
        return position in self.actions or position in self._outer

    def sharing_key(self, eqn: Any, body: _jax.Body, position: Position) -> Hashable:
        """Return what must be equal for two calls of a jitted helper to have one program."""
        start = len(position)
        options = tuple((name, value) for name, value in eqn.params.items() if name != "jaxpr")
        return (
            id(body.jaxpr),
            options,
            frozenset((p[start:], a) for p, a in self.actions.items() if p[:start] == position),
            frozenset(p[start:] for p in self.entries if p[:start] == position) and position,
            None
            if self.live is None
            else frozenset(p[start:] for p in self.live if p[:start] == position),
        )


def interpret(
    body: _jax.Body, args: Sequence[Any], plan: Plan, frame: Frame, prefix: Position = ()
) -> list[Any]:
    """Return the results of the jaxpr found at `prefix`, evaluated according to the plan.

    Equations without an action, in or on them, are evaluated in runs, by JAX itself.
    """
    values = dict(zip(body.jaxpr.constvars, body.consts, strict=True))
    values.update(zip(body.jaxpr.invars, args, strict=True))
    for index, act in plan.entries.get(prefix, {}).items():
        values[body.jaxpr.invars[index]] = act(None, [], frame)[0]
    equations = []
    for number, eqn in enumerate(body.jaxpr.eqns):
        position = (*prefix, number)
        if not plan.is_live(position):
            continue
        if position in plan.first:
            values[eqn.outvars[0]] = plan.actions[position](eqn, [], frame)[0]
        else:
            equations.append((position, eqn))
    last_uses = _last_uses(body, equations)
    run: list[Any] = []
    for position, eqn in equations:
        if not plan.is_special(position):
            run.append(eqn)
            continue
        _evaluate(body, run, values, plan, _used(last_uses, run, position))
        inputs = [_read(atom, values) for atom in eqn.invars]
        with _jax.place_of(eqn):
            if position in plan.actions:
                outputs = plan.actions[position](eqn, inputs, frame)
            else:
                outputs = _interpret_inside(eqn, inputs, plan, frame, position)
        values.update(zip(eqn.outvars, outputs, strict=True))
        run = []
    _evaluate(body, run, values, plan, _used(last_uses, run, _AT_THE_END))
    return [_read(atom, values) for atom in body.jaxpr.outvars]


_AT_THE_END: Position = (2**62,)


def _last_uses(body: _jax.Body, equations: Sequence[tuple[Position, Any]]) -> dict[Any, Position]:
    uses = {
        atom: position
        for position, eqn in equations
        for atom in eqn.invars
        if not _jax.is_literal(atom)
    }
    ends = [atom for atom in body.jaxpr.outvars if not _jax.is_literal(atom)]
    return uses | dict.fromkeys(ends, _AT_THE_END)


def _read(atom: Any, values: dict[Any, Any]) -> Any:
    if _jax.is_literal(atom):
        return atom.val
    if atom not in values:
        values[atom] = _jax.zeros(atom.aval)
    return values[atom]


def _used(last_uses: Mapping[Any, Position], run: Sequence[Any], now: Position) -> list[Any]:
    """Return the variables that the run makes and that are used at the position `now` or later."""
    made = [variable for eqn in run for variable in eqn.outvars]
    return [variable for variable in made if last_uses.get(variable, ()) >= now]


def _evaluate(
    body: _jax.Body, run: Sequence[Any], values: dict[Any, Any], plan: Plan, wanted: list[Any]
) -> None:
    if not run:
        return
    made = {variable for eqn in run for variable in eqn.outvars}
    for eqn in run:
        for atom in eqn.invars:
            if not _jax.is_literal(atom) and atom not in made:
                _read(atom, values)
    results = _jax.evaluate(body, run, wanted, values, tags=plan.tags)
    values.update(zip(wanted, results, strict=True))


def _interpret_inside(
    eqn: Any, inputs: list[Any], plan: Plan, frame: Frame, position: Position
) -> list[Any]:
    inner = _jax.inner(eqn)
    assert inner is not None
    assert inner.kind != "opaque", f"an action inside of the primitive {eqn.primitive.name!r}"

    def run(number: int, args: Sequence[Any], *indices: Any, axes: tuple[Any, ...] = ()) -> Results:
        inside = Frame((*frame.indices, *indices), (*frame.axes, *axes))
        outputs = interpret(inner.bodies[number], args, plan, inside, (*position, number))
        return outputs, inside.captured

    if inner.kind == "jit":
        # A helper that is the same in several places is compiled once.
        key = plan.sharing_key(eqn, inner.bodies[0], position)
        if key not in plan.helpers:
            plan.helpers[key] = jit_again(eqn, run)
        outputs, captured = plan.helpers[key](*inputs)
    else:
        outputs, captured = REEMIT[inner.kind](eqn, inputs, run)
    frame.captured.update(captured)
    return outputs
