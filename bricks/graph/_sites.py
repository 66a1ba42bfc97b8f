"""Finding what bricks left in a jaxpr: tags, reads of parameters, keys, and where they are."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bricks import _jax
from bricks.graph._interpreter import Position
from bricks.graph._tags import Tag
from bricks.parameter import Parameter
from bricks.roles import AUXILIARY, has_roles
from bricks.variable import Loop, Owner, Variable

REWRITE = "~"
"""What the scope of a rewrite begins with."""


@dataclass(frozen=True)
class Place:
    """Where an equation is.

    Attributes:
        position: in the jaxpr.
        scopes: the names of the scopes around it, outermost first.
        loops: the loops around it, outermost first.
        obstacle: what hides it from rewriting and capturing (a custom derivative rule, an unknown
            primitive), or `None`.
        custom: whether the obstacle is a custom derivative rule, which could be dropped.
        is_differentiated: whether `jax.grad` inside the traced function made it.
        is_conditional: whether it may not be reached: in a branch or the body of a while loop.
        in_condition: whether it is in the condition of a while loop.
        on_device: whether it is inside `shard_map`, once for each device.
    """

    position: Position = ()
    scopes: tuple[str, ...] = ()
    loops: tuple[Loop, ...] = ()
    obstacle: str | None = None
    custom: bool = False
    is_differentiated: bool = False
    is_conditional: bool = False
    in_condition: bool = False
    on_device: bool = False


@dataclass(frozen=True)
class Site:
    """One of our three primitives at one place.

    Attributes:
        place: where it is.
        tag: what an annotation says; `None` for a read of a parameter and for a key.
        variable: the variable annotated; `None` for others than variables, sources and outputs.
        parameter: the parameter that is read, rewritten or updated; `None` for others.
        label: what keys derive from; `None` for others than keys.
    """

    place: Place
    tag: Tag | None = None
    variable: Variable | None = None
    parameter: Parameter | None = None
    label: str | None = None

    @property
    def position(self) -> Position:
        """Where it is in the jaxpr."""
        return self.place.position

    @property
    def is_read(self) -> bool:
        """Whether it reads a parameter."""
        return self.tag is None and self.parameter is not None

    @property
    def is_root(self) -> bool:
        """Whether it counts even if no output depends on it: an update or auxiliary variable."""
        if self.tag is None:
            return False
        return self.tag.place == "update" or has_roles(self.tag.roles, [AUXILIARY])


class Finder:
    """Finds the sites of one jaxpr."""

    def __init__(self) -> None:
        self._holds: dict[int, tuple[Any, bool]] = {}

    def holds(self, jaxpr: Any) -> bool:
        """Whether a jaxpr holds any of our primitives, at any depth."""
        known = self._holds.get(id(jaxpr))
        if known is None:
            found = any(
                _jax.is_ours(eqn)
                or any(self.holds(body.jaxpr) for body in getattr(_jax.inner(eqn), "bodies", ()))
                for eqn in jaxpr.eqns
            )
            known = self._holds[id(jaxpr)] = (jaxpr, found)  # kept, so that its id stays its own
        return known[1]

    def equations(self, body: _jax.Body, around: Place) -> Iterator[tuple[Place, Any]]:
        """Yield the equations of our primitives and their places, in order of evaluation."""
        for number, eqn in enumerate(body.jaxpr.eqns):
            if _jax.is_ours(eqn):
                yield _enter(around, eqn, number), eqn
                continue
            inner = _jax.inner(eqn)
            if inner is None or not any(self.holds(sub.jaxpr) for sub in inner.bodies):
                continue
            place = _enter(around, eqn, number)
            for i, sub in enumerate(inner.bodies):
                yield from self.equations(sub, _go_inside(place, eqn, inner.kind, i))


def _enter(around: Place, eqn: Any, number: int) -> Place:
    names, differentiated = _jax.scopes(eqn)
    return replace(
        around,
        position=(*around.position, number),
        scopes=(*around.scopes, *names),
        is_differentiated=around.is_differentiated or differentiated,
    )


def _go_inside(place: Place, eqn: Any, kind: str, number: int) -> Place:
    """The place of body `number` of an equation of this kind."""
    inside = replace(place, position=(*place.position, number))
    match kind:
        case "scan":
            loop = Loop("scan", eqn.params["length"])
            return replace(inside, loops=(*place.loops, loop))
        case "while":
            return replace(
                inside,
                loops=(*place.loops, Loop("while")),
                is_conditional=True,
                in_condition=place.in_condition or number == 0,
            )
        case "cond":
            return replace(inside, is_conditional=True)
        case "shard_map":
            return replace(inside, on_device=True)
        case "custom":
            rule = "custom_vjp" if "vjp" in eqn.primitive.name else "custom_jvp"
            obstacle = place.obstacle or f"it is inside a function with a {rule} rule"
            return replace(inside, obstacle=obstacle, custom=place.obstacle is None or place.custom)
        case "opaque":
            obstacle = f"it is inside the primitive {eqn.primitive.name!r}, which is opaque"
            return replace(inside, obstacle=place.obstacle or obstacle, custom=False)
        case _:
            return inside


def find_sites(
    body: _jax.Body, finder: Finder, bricks: Mapping[str, tuple[Owner, ...]]
) -> tuple[tuple[Site, ...], Mapping[str, tuple[Owner, ...]]]:
    """Return the sites of a jaxpr in order of evaluation, and the bricks by path.

    Args:
        body: the jaxpr.
        finder: of this jaxpr.
        bricks: known bricks by path; where none is, those of tags and parameters are added.
    """
    found = list(finder.equations(body, Place()))
    bricks = dict(bricks)
    for _, eqn in found:
        for brick in (
            getattr(eqn.params.get("tag"), "brick", None),
            getattr(eqn.params.get("parameter"), "brick", None),
        ):
            if brick is not None:
                bricks.setdefault(brick.path, (brick,))
    named = _named_already(body)
    names = _Names()
    sites = tuple(
        _site(place, eqn, names, bricks) for place, eqn in found if place.position not in named
    )
    return sites, bricks


def output_sites(body: _jax.Body) -> list[Position]:
    """Return, for each result of a jaxpr, the position of the tag that names it."""
    makers = _makers(body)
    named = _named_already(body)
    positions = [makers[outvar][0] for outvar in body.jaxpr.outvars]
    return [named.get((number,), (number,)) for number in positions]


def _makers(body: _jax.Body) -> dict[Any, tuple[int, Any]]:
    return {
        variable: (number, eqn)
        for number, eqn in enumerate(body.jaxpr.eqns)
        for variable in eqn.outvars
    }


def _named_already(body: _jax.Body) -> dict[Position, Position]:
    """Return the tags of outputs that are variables anyhow, and the tags of those."""
    makers = _makers(body)
    named: dict[Position, Position] = {}
    for number, eqn in enumerate(body.jaxpr.eqns):
        if getattr(eqn.params.get("tag"), "place", None) == "output":
            position = _tag_behind(eqn.invars[0], makers, ())
            if position is not None:
                named[(number,)] = named.get(position, position)
    return named


def _tag_behind(
    atom: Any, makers: Mapping[Any, tuple[int, Any]], prefix: Position
) -> Position | None:
    """Return the position of the tag whose value is the given one, also out of a jitted helper."""
    if _jax.is_literal(atom) or atom not in makers:
        return None
    number, eqn = makers[atom]
    position = (*prefix, number)
    if _jax.is_ours(eqn):
        place = getattr(eqn.params.get("tag"), "place", None)
        return position if place in ("variable", "source", "output") else None
    inner = _jax.inner(eqn)
    if inner is None or inner.kind not in ("jit", "remat", "call"):
        return None
    (body,) = inner.bodies
    result = body.jaxpr.outvars[eqn.outvars.index(atom)]
    return _tag_behind(result, _makers(body), (*position, 0))


class _Names:
    """Gives each variable a key of its own."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.first_kind: dict[str, str] = {}

    def give(self, base: str, kind: str) -> tuple[str, int]:
        """The next key that begins with `base`, and how many of this kind came before."""
        call = self.calls[base, kind]
        self.calls[base, kind] += 1
        first = self.first_kind.setdefault(base, kind)
        unique = base if kind == first else f"{base}({kind or 'output'})"
        return (f"{unique}#{call}" if call else unique), call


def _site(place: Place, eqn: Any, names: _Names, bricks: Mapping[str, tuple[Owner, ...]]) -> Site:
    """What an equation of ours says of the value at its place."""
    if "parameter" in eqn.params:
        return Site(place, parameter=eqn.params["parameter"])
    path, application, suffix = _whose(place.scopes)
    stem = f"{path}.{application}" if application else path
    if "tag" not in eqn.params:
        base = f"{stem}:random_key" if stem else "random_key"
        return Site(place, label=names.give(f"{base}{suffix}", "")[0])
    tag: Tag = eqn.params["tag"]
    if tag.place == "parameter":
        return Site(place, tag, parameter=tag.parameter)
    name = tag.name or "output"
    if tag.place == "update":
        assert tag.parameter is not None
        base = f"{tag.parameter.path}:update"
    else:
        base = f"{stem}:{name}{suffix}" if stem else f"{name}{suffix}"
    key, call_id = names.give(base, tag.kind)
    aval = eqn.outvars[0].aval
    variable = Variable(
        key=key,
        name=name,
        roles=frozenset(tag.roles),
        brick=_brick_of(tag, bricks.get(path, ())),
        path=path,
        application=application,
        call_id=call_id,
        loops=place.loops,
        shape=tuple(aval.shape),
        dtype=aval.dtype,
        blocked=_why_blocked(place),
    )
    return Site(place, tag, variable, tag.parameter)


def _brick_of(tag: Tag, bricks: tuple[Owner, ...]) -> Owner | None:
    """The brick of the tag, which is one of those that have its path.

    A tag out of a cached trace may hold another one; then it is the first, as no one can tell.
    """
    own = [brick for brick in bricks if brick is tag.brick]
    return next(iter((*own, *bricks)), None)


def _whose(scopes: tuple[str, ...]) -> tuple[str, str | None, str]:
    """Return path and application of the innermost application, and the suffix of a rewrite."""
    path, application, suffix = "", None, ""
    for scope in scopes:
        if scope.startswith("/") and "." in scope:
            path, _, application = scope.rpartition(".")
        elif scope.startswith(REWRITE):
            suffix = f"@{scope.removeprefix(REWRITE)}"
    return path, application, suffix


def _why_blocked(place: Place) -> str | None:
    if place.obstacle is not None:
        return place.obstacle
    if place.is_differentiated:
        return (
            "it has been through jax.grad inside the traced function, whose backward pass would "
            "not see the change: rewrite first, then differentiate"
        )
    return None
