"""The bricks above a brick, and the bricks that a set of variables belongs to."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from bricks.parameter import Parameter
from bricks.variable import Owner, Variable

AnyVariable: TypeAlias = Variable | Parameter
"""What a graph lists as its variables: parameters, and annotated values."""


def lineage(brick: Owner | None) -> Iterator[Owner]:
    """Yield a brick and all bricks above it, nearest first, each once; nothing for `None`.

    A brick that several parents share has all of them above it.
    """
    level = [] if brick is None else [brick]
    seen: set[int] = set()
    while level:
        yield from level
        seen.update(map(id, level))
        parents = {id(parent): parent for member in level for parent in member.parents}
        level = [parent for identity, parent in parents.items() if identity not in seen]


def bricks_of(variables: Iterable[AnyVariable]) -> list[Owner]:
    """Return the bricks that own the variables, and all bricks above those, each once."""
    bricks: dict[int, Owner] = {}
    for variable in variables:
        for brick in lineage(variable.brick):
            bricks.setdefault(id(brick), brick)
    return list(bricks.values())
