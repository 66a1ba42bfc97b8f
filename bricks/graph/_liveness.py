"""Which equations of a jaxpr, at any depth, have an effect on its results."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from bricks import _jax
from bricks.graph._interpreter import Position


def live_positions(
    body: _jax.Body, roots: Collection[Position], holds: Callable[[Any], bool]
) -> frozenset[Position]:
    """Return the positions of the equations that the results, or `roots`, depend on.

    Inside an equation only those bodies are looked into that hold tags, parameters or keys.

    Args:
        body: the jaxpr; all of its results count.
        roots: equations that count in any case.
        holds: whether a jaxpr holds tags, parameters or keys.
    """
    forced = {root[:length] for root in roots for length in range(1, len(root) + 1, 2)}
    search = _Search(forced, holds)
    search.visit(body, [True] * len(body.jaxpr.outvars), ())
    return frozenset(search.live)


class _Search:
    """One walk through a traced function, the last equation first, which marks what is needed."""

    def __init__(self, forced: set[Position], holds: Callable[[Any], bool]) -> None:
        self.forced = forced
        self.holds = holds
        self.live: set[Position] = set()

    def visit(self, body: _jax.Body, live_out: Sequence[bool], prefix: Position) -> list[bool]:
        """Mark what the given results depend on; return which of the inputs that are."""
        jaxpr = body.jaxpr
        needed = {
            atom
            for atom, is_live in zip(jaxpr.outvars, live_out, strict=True)
            if is_live and not _jax.is_literal(atom)
        }
        for number in reversed(range(len(jaxpr.eqns))):
            eqn, position = jaxpr.eqns[number], (*prefix, number)
            outs = [variable in needed for variable in eqn.outvars]
            if any(outs) or eqn.effects or position in self.forced:
                self.live.add(position)
                needs = self._inputs(eqn, outs, position)
                needed.update(
                    atom
                    for atom, is_live in zip(eqn.invars, needs, strict=True)
                    if is_live and not _jax.is_literal(atom)
                )
        return [variable in needed for variable in jaxpr.invars]

    def _inputs(self, eqn: Any, outs: list[bool], position: Position) -> list[bool]:
        """Which inputs of an equation are needed, if these of its results are."""
        everything = [True] * len(eqn.invars)
        inner = None if _jax.is_ours(eqn) else _jax.inner(eqn)
        if inner is None or not any(self.holds(body.jaxpr) for body in inner.bodies):
            return everything
        places = [(body, (*position, number)) for number, body in enumerate(inner.bodies)]
        match inner.kind:
            case "scan":
                return self._scan(eqn, outs, *places[0])
            case "cond":
                needs = [self.visit(body, outs, place) for body, place in places]
                return [True, *map(any, zip(*needs, strict=True))]
            case "while" | "opaque" | "custom":
                for body, place in places:
                    self.visit(body, [True] * len(body.jaxpr.outvars), place)
                return everything
            case _:
                return self.visit(places[0][0], outs, places[0][1])

    def _scan(self, eqn: Any, outs: list[bool], body: _jax.Body, place: Position) -> list[bool]:
        """Visit a loop body until nothing more of what is carried is needed."""
        consts, carried = _jax.scan_arity(eqn)
        carry, ys = outs[:carried], outs[carried:]
        while True:
            needs = self.visit(body, [*carry, *ys], place)
            fed = needs[consts : consts + carried]
            wider = [old or new for old, new in zip(carry, fed, strict=True)]
            if wider == carry:
                return [*needs[:consts], *carry, *needs[consts + carried :]]
            carry = wider
