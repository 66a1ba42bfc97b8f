"""Filters: variables by role, brick, name, application and call."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from bricks._lineage import AnyVariable, lineage
from bricks.application import Application, BoundApplication
from bricks.brick import Brick
from bricks.roles import Role, checked_roles, has_roles
from bricks.variable import Owner

Item = TypeVar("Item")


class VariableFilter:
    """Finds those of several variables that satisfy every one of its criteria.

    A criterion that is left out is satisfied by every variable. With none at all, all are found.

    >>> from bricks import MLP, Rectifier
    >>> from bricks.roles import WEIGHT
    >>> mlp = MLP([Rectifier(), None], [3, 4, 2])
    >>> [str(variable) for variable in VariableFilter(roles=[WEIGHT])(mlp.get_parameters())]
    ['/mlp/linear_0.W', '/mlp/linear_1.W']

    Args:
        roles: the variable has any of these roles, or a kind of one. An empty list is no criterion.
        each_role: the variable has each of `roles`, instead of any.
        bricks: the variable belongs to one of these bricks itself, or to a brick of one of these
            classes or of a class derived from it. Nothing belongs to an empty list.
        within: the same, but the variable may also belong to a brick anywhere inside such a brick.
        name: the variable's name is exactly this; those of parameters are `'W'`, `'b'`, ….
        name_regex: a regular expression that the beginning of the name matches (as by
            `re.match`; begin with `.*` to search in all of the name).
        full_name: `str(variable)` is exactly this, such as `'/mlp/linear_0.W'` or
            `'/mlp/linear_0.apply:output'`.
        full_name_regex: a regular expression that the beginning of `str(variable)` matches.
        applications: the variable was annotated by one of these applications of bricks, as in
            `mlp.apply`, or of classes of bricks, as in `Linear.apply`, which includes the
            application of that name of derived classes; one that a class inherits, such as
            `MLP.apply`, is that of the class that declares it. Parameters belong to no application.
        call_id: the number of the call of the application, from 0; parameters have none.

    Raises:
        TypeError: if `roles`, `bricks`, `within` or `applications` is not a list or holds
            something else than its kind, or `call_id` is no integer.
        ValueError: if a class among the bricks is no class of bricks, an application is given
            where bricks belong or a brick where applications do, or a regular expression cannot
            be compiled.
    """

    def __init__(
        self,
        roles: Iterable[Role] | None = None,
        *,
        each_role: bool = False,
        bricks: Iterable[Brick | type[Brick]] | None = None,
        within: Iterable[Brick | type[Brick]] | None = None,
        name: str | None = None,
        name_regex: str | None = None,
        full_name: str | None = None,
        full_name_regex: str | None = None,
        applications: Iterable[Application | BoundApplication] | None = None,
        call_id: int | None = None,
    ) -> None:
        self._roles = None if roles is None else checked_roles(roles)
        self._each_role = each_role
        self._bricks = None if bricks is None else _checked_bricks("bricks", bricks)
        self._within = None if within is None else _checked_bricks("within", within)
        self._name = name
        self._name_regex = _compiled("name_regex", name_regex)
        self._full_name = full_name
        self._full_name_regex = _compiled("full_name_regex", full_name_regex)
        self._applications = None if applications is None else _checked_applications(applications)
        if call_id is not None and not isinstance(call_id, int):
            raise TypeError(f"call_id is {call_id!r}, but must be an integer, counted from 0")
        self._call_id = call_id

    def __call__(self, variables: Iterable[AnyVariable]) -> list[AnyVariable]:
        """Return those of `variables` that satisfy all criteria, in their order.

        An empty list means that none does. `graph.select` has that as an error instead.
        """
        return [variable for variable in variables if self._is_found(variable)]

    def _is_found(self, variable: AnyVariable) -> bool:
        return (
            self._has_roles(variable)
            and self._is_owned(variable)
            and self._is_named(variable)
            and self._is_applied(variable)
        )

    def _has_roles(self, variable: AnyVariable) -> bool:
        return not self._roles or has_roles(variable, self._roles, match_all=self._each_role)

    def _is_owned(self, variable: AnyVariable) -> bool:
        own, above = self._bricks, self._within
        return (own is None or _is_any(variable.brick, own)) and (
            above is None or any(_is_any(brick, above) for brick in lineage(variable.brick))
        )

    def _is_named(self, variable: AnyVariable) -> bool:
        return (
            self._name in (None, variable.name)
            and self._full_name in (None, str(variable))
            and _matches(self._name_regex, variable.name)
            and _matches(self._full_name_regex, str(variable))
        )

    def _is_applied(self, variable: AnyVariable) -> bool:
        if self._call_id is not None and variable.call_id != self._call_id:
            return False
        return self._applications is None or any(
            variable.application == each.name and _is_applied_by(variable.brick, each)
            for each in self._applications
        )


def _is_any(brick: Owner | None, wanted: Sequence[Brick | type[Brick]]) -> bool:
    return any(
        isinstance(brick, item) if isinstance(item, type) else brick is item for item in wanted
    )


def _is_applied_by(brick: Owner | None, application: Application | BoundApplication) -> bool:
    if isinstance(application, BoundApplication):
        return brick is application.brick
    return application.owner is not None and isinstance(brick, application.owner)


def _matches(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is None or pattern.match(text) is not None


def _compiled(argument: str, pattern: str | None) -> re.Pattern[str] | None:
    try:
        return None if pattern is None else re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{argument}={pattern!r} is no regular expression: {error}") from error


def _checked_bricks(argument: str, bricks: Any) -> tuple[Brick | type[Brick], ...]:
    if isinstance(bricks, Brick) or (isinstance(bricks, type) and issubclass(bricks, Brick)):
        given = bricks.__name__ if isinstance(bricks, type) else bricks.path
        raise TypeError(f"{argument} is the bare brick {given}; pass a list: {argument}=[...]")
    bricks = _checked_list(argument, bricks)
    for brick in bricks:
        if isinstance(brick, Application | BoundApplication):
            raise ValueError(
                f"{argument} holds {brick!r}; pass the brick that it belongs to, or pass it in "
                "applications=[...]"
            )
        if isinstance(brick, type) and not issubclass(brick, Brick):
            raise ValueError(f"{argument} holds the class {brick.__name__}, which is no brick")
        if not isinstance(brick, Brick | type):
            raise TypeError(
                f"{argument} holds {brick!r}, which is neither a brick nor a class of bricks; "
                "names go into a selector, as in graph.select('#encoder :output')"
            )
    return bricks


def _checked_applications(applications: Any) -> tuple[Application | BoundApplication, ...]:
    if isinstance(applications, Application | BoundApplication):
        raise TypeError(
            f"applications is the bare {applications!r}; pass a list: applications=[...]"
        )
    applications = _checked_list("applications", applications)
    for application in applications:
        if isinstance(application, Brick) or (
            isinstance(application, type) and issubclass(application, Brick)
        ):
            raise ValueError(
                f"applications holds the brick {application!r}; pass one of its applications, "
                "such as brick.apply, or pass it in bricks=[...]"
            )
        if not isinstance(application, Application | BoundApplication):
            raise TypeError(
                f"applications holds {application!r}, which is no application; pass mlp.apply, or "
                "MLP.apply for those of all bricks of that class"
            )
    return applications


def _checked_list(argument: str, items: Iterable[Item]) -> tuple[Item, ...]:
    if isinstance(items, str) or not isinstance(items, Iterable):
        raise TypeError(f"{argument} is {items!r}, but must be a list")
    return tuple(items)
