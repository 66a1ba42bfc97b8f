"""Roles: what a variable of a graph is for, in a hierarchy that queries understand.

A query for `WEIGHT` also finds a `FILTER`, because a filter is a weight::

    VARIABLE
    ├─ INPUT   ├─ OUTPUT   ├─ COST   ├─ AUXILIARY   ├─ DROPOUT   ├─ COLLECTED
    ├─ PERSISTENT
    │  ├─ PARAMETER
    │  │  ├─ WEIGHT ── FILTER
    │  │  ├─ BIAS ── BATCH_NORM_SHIFT_PARAMETER
    │  │  ├─ INITIAL_STATE   ├─ COLLECTOR   └─ BATCH_NORM_SCALE_PARAMETER
    │  └─ BATCH_NORM_POPULATION_STATISTICS
    │     ├─ BATCH_NORM_POPULATION_MEAN
    │     └─ BATCH_NORM_POPULATION_STDEV
    ├─ ALGORITHM_STATE ── ALGORITHM_HYPERPARAMETER, ALGORITHM_BUFFER
    └─ BATCH_NORM_GRAPH_VARIABLE
       └─ BATCH_NORM_OFFSET, BATCH_NORM_DIVISOR, BATCH_NORM_MINIBATCH_ESTIMATE

A role of your own is made the same way, and is found by queries for what it is a kind of:

>>> EMBEDDING = Role("EMBEDDING", WEIGHT)
>>> has_roles([EMBEDDING], [PARAMETER])
True
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, repr=False)
class Role:
    """One role: a name, and the more general role it is a kind of.

    Two roles are equal if their names and all their ancestors are.

    Args:
        name: upper case letters, digits and underscores, for instance `"WEIGHT"`.
        parent: the more general role; `None` makes it the root of a hierarchy.

    Raises:
        ValueError: if `name` is not upper case.
        TypeError: if `parent` is not a role.
    """

    name: str
    parent: "Role | None" = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"{self.name!r} cannot name a role; use upper case letters, digits and "
                "underscores, for instance 'WEIGHT'"
            )
        if self.parent is not None and not isinstance(self.parent, Role):
            raise TypeError(
                f"the parent of role {self.name} is {self.parent!r}, but must be a Role or None"
            )

    @property
    def ancestors(self) -> tuple["Role", ...]:
        """The more general roles, nearest first."""
        return () if self.parent is None else (self.parent, *self.parent.ancestors)

    def is_a(self, other: "Role") -> bool:
        """Whether this role is `other` or a kind of it."""
        return self == other or (self.parent is not None and self.parent.is_a(other))

    def __str__(self) -> str:
        return self.name

    __repr__ = __str__


@runtime_checkable
class HasRoles(Protocol):
    """Anything that carries roles: a variable, a parameter."""

    @property
    def roles(self) -> Iterable[Role]:
        """The roles it carries."""


def has_roles(
    variable: HasRoles | Iterable[Role], roles: Iterable[Role], match_all: bool = False
) -> bool:
    """Whether a variable has any, or all, of the given roles; a kind of a role counts as it.

    Args:
        variable: something with `roles`, or the roles themselves.
        roles: what to look for. Of no roles at all, a variable has "all" and not "any".
        match_all: ask for all of `roles` instead of any.

    Raises:
        TypeError: if `roles` is one bare role instead of several.
    """
    roles = checked_roles(roles)
    own = tuple(variable.roles if isinstance(variable, HasRoles) else variable)
    found = (any(role.is_a(wanted) for role in own) for wanted in roles)
    return all(found) if match_all else any(found)


def checked_roles(roles: Iterable[Role]) -> tuple[Role, ...]:
    """The roles as a tuple.

    Raises:
        TypeError: if it is one bare role or no list, or holds what is no role.
    """
    if isinstance(roles, Role):
        raise TypeError(f"roles is the bare role {roles}; pass a list: roles=[{roles}]")
    if isinstance(roles, str) or not isinstance(roles, Iterable):
        raise TypeError(f"roles is {roles!r}, but must be a list of roles, as in roles=[WEIGHT]")
    several = tuple(roles)
    for role in several:
        if not isinstance(role, Role):
            raise TypeError(
                f"roles holds {role!r}, which is no role; import roles from bricks.roles, as in "
                "roles=[WEIGHT]"
            )
    return several


def add_role(roles: Iterable[Role], role: Role) -> frozenset[Role]:
    """The roles with one more: the more specific of two related roles stays, alone.

    >>> sorted(map(str, add_role([PARAMETER, DROPOUT], WEIGHT)))
    ['DROPOUT', 'WEIGHT']
    >>> add_role([WEIGHT], PARAMETER)
    frozenset({WEIGHT})
    """
    own = frozenset(roles)
    if has_roles(own, [role]):
        return own
    return frozenset(present for present in own if not role.is_a(present)) | {role}


VARIABLE = Role("VARIABLE")

INPUT = Role("INPUT", VARIABLE)
OUTPUT = Role("OUTPUT", VARIABLE)
COST = Role("COST", VARIABLE)
AUXILIARY = Role("AUXILIARY", VARIABLE)
DROPOUT = Role("DROPOUT", VARIABLE)
COLLECTED = Role("COLLECTED", VARIABLE)

PERSISTENT = Role("PERSISTENT", VARIABLE)
PARAMETER = Role("PARAMETER", PERSISTENT)
WEIGHT = Role("WEIGHT", PARAMETER)
FILTER = Role("FILTER", WEIGHT)
BIAS = Role("BIAS", PARAMETER)
INITIAL_STATE = Role("INITIAL_STATE", PARAMETER)
COLLECTOR = Role("COLLECTOR", PARAMETER)

ALGORITHM_STATE = Role("ALGORITHM_STATE", VARIABLE)
ALGORITHM_HYPERPARAMETER = Role("ALGORITHM_HYPERPARAMETER", ALGORITHM_STATE)
ALGORITHM_BUFFER = Role("ALGORITHM_BUFFER", ALGORITHM_STATE)

BATCH_NORM_SHIFT_PARAMETER = Role("BATCH_NORM_SHIFT_PARAMETER", BIAS)
BATCH_NORM_SCALE_PARAMETER = Role("BATCH_NORM_SCALE_PARAMETER", PARAMETER)
BATCH_NORM_POPULATION_STATISTICS = Role("BATCH_NORM_POPULATION_STATISTICS", PERSISTENT)
BATCH_NORM_POPULATION_MEAN = Role("BATCH_NORM_POPULATION_MEAN", BATCH_NORM_POPULATION_STATISTICS)
BATCH_NORM_POPULATION_STDEV = Role("BATCH_NORM_POPULATION_STDEV", BATCH_NORM_POPULATION_STATISTICS)
BATCH_NORM_GRAPH_VARIABLE = Role("BATCH_NORM_GRAPH_VARIABLE", VARIABLE)
BATCH_NORM_OFFSET = Role("BATCH_NORM_OFFSET", BATCH_NORM_GRAPH_VARIABLE)
BATCH_NORM_DIVISOR = Role("BATCH_NORM_DIVISOR", BATCH_NORM_GRAPH_VARIABLE)
BATCH_NORM_MINIBATCH_ESTIMATE = Role("BATCH_NORM_MINIBATCH_ESTIMATE", BATCH_NORM_GRAPH_VARIABLE)
