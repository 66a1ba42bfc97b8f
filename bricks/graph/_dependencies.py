"""Which variables are computed directly from which others, in all depths of a jaxpr."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from bricks import _jax
from bricks._lineage import AnyVariable
from bricks.graph._interpreter import Position
from bricks.parameter import Parameter

Sources: TypeAlias = dict[AnyVariable, None]
"""The variables that a value is computed from with no other in between, in order."""


def dependencies(
    body: _jax.Body, variables: Mapping[Position, AnyVariable]
) -> list[tuple[AnyVariable, AnyVariable]]:
    """Return pairs of a variable and one that is computed from it, with no other in between.

    A variable in a loop may be computed from itself, one iteration before.
    What goes through a loop counts for all iterations. The condition of a loop counts for all
    that the loop gives, and what chooses the branch of a cond for all that the cond gives.

    Args:
        body: the jaxpr.
        variables: what is annotated or read, by the position of the equation.
    """
    search = _Search(variables)
    search.visit(body, [{} for _ in body.jaxpr.invars], ())
    return list(search.pairs)


class _Search:
    """One walk through a traced function, which finds what each variable is computed from."""

    def __init__(self, variables: Mapping[Position, AnyVariable]) -> None:
        self.variables = variables
        self.around = {
            position[:length] for position in variables for length in range(1, len(position), 2)
        }
        self.pairs: dict[tuple[AnyVariable, AnyVariable], None] = {}

    def visit(self, body: _jax.Body, inputs: Sequence[Sources], prefix: Position) -> list[Sources]:
        """Return what the results of a jaxpr are computed from, given that for its inputs."""
        known: dict[Any, Sources] = dict(zip(body.jaxpr.invars, inputs, strict=True))

        def read(atom: Any) -> Sources:
            return {} if _jax.is_literal(atom) else known.get(atom, {})

        for number, eqn in enumerate(body.jaxpr.eqns):
            position = (*prefix, number)
            results = self._equation(eqn, [read(atom) for atom in eqn.invars], position)
            known.update(zip(eqn.outvars, results, strict=True))
        return [read(atom) for atom in body.jaxpr.outvars]

    def _equation(self, eqn: Any, inputs: list[Sources], position: Position) -> list[Sources]:
        variable = self.variables.get(position)
        if variable is not None:
            for source in _union(inputs):
                if not isinstance(source, Parameter) or source is not variable:
                    self.pairs[source, variable] = None
            return [{variable: None}]
        inner = None if _jax.is_ours(eqn) else _jax.inner(eqn)
        if inner is None or position not in self.around:
            return [_union(inputs)] * len(eqn.outvars)
        return self._inside(eqn, inner, inputs, position)

    def _inside(
        self, eqn: Any, inner: _jax.Inner, inputs: list[Sources], position: Position
    ) -> list[Sources]:
        """What the results of an equation that has bodies are computed from."""
        places = [(body, (*position, number)) for number, body in enumerate(inner.bodies)]
        match inner.kind:
            case "scan":
                consts, carried = _jax.scan_arity(eqn)
                return self._loop(*places[0], inputs, consts, carried)
            case "while":
                return self._while(eqn, places, inputs)
            case "cond":
                index, *operands = inputs
                branches = [self.visit(body, operands, place) for body, place in places]
                return [_union([index, *results]) for results in zip(*branches, strict=True)]
            case "jit" | "remat" | "call" | "shard_map":
                return self.visit(places[0][0], inputs, places[0][1])
            case _:
                everything = _union(inputs)
                for body, place in places:
                    found = self.visit(body, [everything] * len(body.jaxpr.invars), place)
                    everything = _union([everything, *found])
                return [everything] * len(eqn.outvars)

    def _loop(
        self, body: _jax.Body, place: Position, inputs: list[Sources], consts: int, carried: int
    ) -> list[Sources]:
        """Visit a loop body until what is carried depends on nothing new."""
        fixed, carry, rest = inputs[:consts], inputs[consts:][:carried], inputs[consts + carried :]
        while True:
            results = self.visit(body, [*fixed, *carry, *rest], place)
            wider = [_union(pair) for pair in zip(carry, results, strict=False)]
            if wider == carry:
                return [*wider, *results[carried:]]
            carry = wider

    def _while(
        self, eqn: Any, places: list[tuple[_jax.Body, Position]], inputs: list[Sources]
    ) -> list[Sources]:
        (condition, condition_place), (body, body_place) = places
        first, second = eqn.params["cond_nconsts"], eqn.params["body_nconsts"]
        carry = inputs[first + second :]
        results = self._loop(body, body_place, inputs[first:], second, len(carry))
        (chosen,) = self.visit(condition, [*inputs[:first], *results], condition_place)
        return [_union([chosen, result]) for result in results]


def _union(several: Sequence[Sources]) -> Sources:
    return {source: None for sources in several for source in sources}
