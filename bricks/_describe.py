"""Bricks and graphs as tables: what there is, what for, and how large."""

from collections.abc import Iterable
from math import prod
from typing import Any

from bricks._lineage import AnyVariable
from bricks._table import Table
from bricks.declaration import Declaration, declarations_of
from bricks.parameter import Parameter, parameter_roles
from bricks.roles import Role


def describe_brick(brick: Any) -> Table:
    """Return the table of the parameters of a brick and of all bricks below it.

    Looking allocates nothing: of a size that is still unknown the table shows the setting's name.
    A parameter that is there twice counts once.

    Raises:
        ValueError: if the configuration of the brick contradicts itself.
    """
    rows = []
    counts: dict[object, int | None] = {}
    for part in brick.subtree():
        part.push_configuration()
        for name, declaration in declarations_of(part.__class__).items():
            own = part._parameters.get(name)
            identity: object
            sizes: tuple[int | str, ...]
            if own is not None:
                cells, identity, sizes = _cells(part, own), id(own), own.shape
            elif not part._allocated and declaration.is_used(part):
                identity, sizes = (id(part), name), _known_shape(declaration, part)
                roles = _roles(parameter_roles(declaration.roles))
                cells = (f"{part.path}.{name}", roles, _sizes(sizes))
            else:
                continue
            known = [size for size in sizes if isinstance(size, int)]
            count = prod(known) if len(known) == len(sizes) else None
            rows.append((*cells, "shared" if identity in counts else _count(count)))
            counts[identity] = count
    total = _count(sum(count or 0 for count in counts.values()))
    return Table(
        title=f"{type(brick).__name__} {brick.path}",
        columns=("parameter", "role", "shape", "count"),
        rows=tuple(rows),
        footer=("total", "", "", f"at least {total}" if None in counts.values() else total),
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


def _cells(brick: Any, own: Parameter) -> tuple[str, str, str]:
    path = f"{brick.path}.{own.name}"
    tied = "" if own.path == path else f" = {own.path}"
    return path + tied, _roles(own.roles), _sizes(own.shape)


def _known_shape(declaration: Declaration, brick: Any) -> tuple[int | str, ...]:
    """The sizes of a parameter that is not there yet, or the settings that will give them."""
    known = [getattr(brick, size) if isinstance(size, str) else size for size in declaration.shape]
    return tuple(
        declared if size is None else size
        for size, declared in zip(known, declaration.shape, strict=True)
    )


def _roles(roles: Iterable[Role]) -> str:
    return ", ".join(sorted(map(str, roles)))


def _shape(variable: AnyVariable) -> str:
    loops = [
        f" in a {loop.kind}" + ("" if loop.length is None else f" of {loop.length}")
        for loop in reversed(variable.loops)
    ]
    return _sizes(variable.shape) + "".join(loops)


def _sizes(sizes: Iterable[int | str]) -> str:
    return " × ".join(map(str, sizes)) or "scalar"


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
