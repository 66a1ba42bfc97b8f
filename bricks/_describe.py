"""Bricks and graphs as tables: what there is, what for, and how large."""

from collections.abc import Iterable, Iterator
from math import prod
from typing import TYPE_CHECKING

from bricks._lineage import AnyVariable
from bricks._table import Table
from bricks.declaration import declarations_of
from bricks.parameter import Parameter
from bricks.roles import PARAMETER, Role, add_role

if TYPE_CHECKING:
    from bricks.brick import Brick

UNKNOWN = "?"


def describe_brick(brick: "Brick") -> Table:
    """Return the table of the parameters of a brick and of all bricks below it.

    A parameter that is not allocated yet shows the settings that its shape is made of; nothing
    is allocated by looking. A parameter that is there twice counts once.
    """
    rows = []
    counted: set[Parameter] = set()
    for part in brick.subtree():
        for row, parameter in _rows_of(part):
            if parameter in counted:
                row = (*row[:-1], "shared")
            if parameter is not None:
                counted.add(parameter)
            rows.append(row)
    total = _count(sum(prod(parameter.shape) for parameter in counted))
    if any(row[-1] == UNKNOWN for row in rows):
        total = f"{total} + {UNKNOWN}" if counted else UNKNOWN
    return Table(
        title=f"{type(brick).__name__} {brick.path}",
        columns=("parameter", "role", "shape", "count"),
        rows=tuple(rows),
        footer=("total", "", "", total),
        numeric=("count",),
    )


def describe_graph(
    title: str, variables: Iterable[AnyVariable], frozen: Iterable[Parameter]
) -> Table:
    """Return the table of the variables of a graph, in order; parameters are counted."""
    variables, frozen = tuple(variables), frozenset(frozen)
    parameters = [variable for variable in variables if isinstance(variable, Parameter)]
    total = _count(sum(prod(parameter.shape) for parameter in parameters))
    return Table(
        title=title,
        columns=("variable", "role", "shape", "count"),
        rows=tuple(
            (
                str(variable),
                _roles(variable.roles) + (" (frozen)" if variable in frozen else ""),
                _shape(variable),
                _count(prod(variable.shape)) if isinstance(variable, Parameter) else "",
            )
            for variable in variables
        ),
        footer=("total", "", "", total),
        numeric=("count",),
    )


def _rows_of(brick: "Brick") -> Iterator[tuple[tuple[str, str, str, str], Parameter | None]]:
    """Yield the rows of a brick's own parameters; those that do not exist yet come with `None`."""
    for name, declaration in declarations_of(type(brick)).items():
        path = f"{brick.path}.{name}"
        if brick._allocated:
            parameter = brick._parameters.get(name)
            if parameter is not None:
                path += "" if parameter.path == path else f" = {parameter.path}"
                count = _count(prod(parameter.shape))
                yield (path, _roles(parameter.roles), _shape(parameter), count), parameter
        elif declaration.is_used(brick):
            roles = frozenset((PARAMETER,))
            for role in declaration.roles:
                roles = add_role(roles, role)
            shape = f"({', '.join(map(str, declaration.shape))})"
            yield (path, _roles(roles), shape, UNKNOWN), None


def _roles(roles: Iterable[Role]) -> str:
    return ", ".join(sorted(map(str, roles)))


def _shape(variable: AnyVariable) -> str:
    loops = [
        f" in a {loop.kind}" + ("" if loop.length is None else f" of {loop.length}")
        for loop in variable.loops
    ]
    return str(variable.shape) + "".join(loops)


def _count(number: int) -> str:
    return f"{number:,}"
