"""What a brick calls while it computes: tags, keys, updates and the scope of an application."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import jax

from bricks import _jax
from bricks.parameter import Parameter
from bricks.roles import Role, checked_roles
from bricks.variable import Owner

_tracing = jax.make_user_context(False)
"""Whether a graph is being traced; a part of the keys of JAX's trace caches."""

_application: ContextVar["tuple[Owner, str] | None"] = ContextVar("application", default=None)
_seen: ContextVar["dict[str, tuple[Owner, ...]] | None"] = ContextVar("seen", default=None)


@dataclass(frozen=True)
class Tag:
    """What an annotation says of an array.

    Attributes:
        name: the variable's name; `None` for an output that takes the name it has already.
        roles: the variable's roles, sorted by name.
        kind: the roles that it was first annotated with, as one string; a part of its identity.
        brick: the brick that was at work when the tag was bound. JAX caches traces, so the tag may
            be seen again in the place of another brick; the path tells which, this only serves to
            find bricks by path, and to tell two of one path apart.
        parameter: the parameter whose rewritten value, or new value, this is.
        rewrites: the kinds of the rewrites that the value went through.
        each_step: whether the last rewrite was one for each iteration of loops.
        place: `'variable'`, `'source'`, `'output'`, `'parameter'` or `'update'`.
    """

    name: str | None
    roles: tuple[Role, ...] = ()
    kind: str = ""
    brick: Owner | None = None
    parameter: Parameter | None = None
    rewrites: tuple[str, ...] = ()
    each_step: bool = False
    place: str = "variable"


def is_tracing() -> bool:
    """Whether a graph is being traced, so that tags are kept."""
    return bool(_tracing.value)


def annotate(value: Any, role: Role | Iterable[Role], name: str) -> Any:
    """Give an array a role and a name in the graph, and return it; it costs nothing at run time.

    Outside of the tracing of a graph it returns `value` as it is.

    Args:
        value: one array.
        role: the variable's role, or several.
        name: the variable's name, for instance `'output'`.

    Raises:
        TypeError: in a graph, if `role` is no role and no list of roles.
    """
    if not _tracing.value:
        return value
    roles = (role,) if isinstance(role, Role) else tuple(sorted(checked_roles(role), key=str))
    application = _application.get()
    brick = None if application is None else application[0]
    return _jax.annotate(value, Tag(name, roles, kind="+".join(map(str, roles)), brick=brick))


def random_key() -> jax.Array:
    """Return a fresh PRNG key, each call another, and another in each iteration of a loop.

    The keys derive from the `key` given to the graph, from the place of the call (brick path,
    application, which call), from the iterations of the loops and from the position in a mesh.
    Under `jax.vmap` all examples get the same key; `jax.random.split` gives each its own.

    Raises:
        ValueError: when evaluated outside of a graph.
        TypeError: when compiled outside of a graph.
    """
    return _jax.random_key()


def record_update(parameter: Parameter, value: Any) -> None:
    """Register `value` as what the parameter becomes when a training step ends.

    The updates of a graph are `graph.updates`, and the second result of `graph.function`.
    Outside of the tracing of a graph nothing is recorded.

    Raises:
        TypeError: if `parameter` is no `Parameter`; a brick's are `brick.get_parameter(name)`.
        ValueError: if shape or dtype of `value` are not those of the parameter.
    """
    if not isinstance(parameter, Parameter):
        raise TypeError(
            f"record_update was given {type(parameter).__name__} for the parameter; pass the "
            "Parameter itself, as in brick.get_parameter('mean')"
        )
    if not _tracing.value:
        return
    aval = jax.typeof(value)
    if tuple(aval.shape) != tuple(parameter.shape) or aval.dtype != parameter.dtype:
        raise ValueError(
            f"the update of {parameter.path} is {aval.dtype}{list(aval.shape)}, but the "
            f"parameter is {parameter.dtype}{list(parameter.shape)}"
        )
    _jax.annotate(value, Tag(parameter.name, parameter=parameter, place="update"))


@contextmanager
def application_scope(brick: Owner, application_name: str) -> Iterator[None]:
    """Place what is computed inside in the application of a brick, by `jax.named_scope`.

    The element of the name stack is `'/mlp/linear_0.apply'`; it also shows in profiles.
    """
    seen = _seen.get()
    if seen is not None:
        add_brick(seen, brick.path, brick)
    with _placed((brick, application_name), f"{brick.path}.{application_name}"):
        yield


@contextmanager
def rewriting(brick: Owner | None, application: str | None, element: str) -> Iterator[None]:
    """Place what a rewrite computes at the variable that it rewrites."""
    with _placed(None if brick is None else (brick, application or ""), element):
        yield


@contextmanager
def _placed(application: tuple[Owner, str] | None, element: str) -> Iterator[None]:
    """Place what is computed inside in an application, and under an element of the name stack."""
    token = _application.set(application)
    try:
        with jax.named_scope(element):
            yield
    finally:
        _application.reset(token)


@contextmanager
def tracing() -> Iterator[dict[str, tuple[Owner, ...]]]:
    """Keep tags within; give the bricks whose applications are entered, by path."""
    seen: dict[str, tuple[Owner, ...]] = {}
    token = _seen.set(seen)
    try:
        with _tracing(True):
            yield seen
    finally:
        _seen.reset(token)


def add_brick(bricks: dict[str, tuple[Owner, ...]], path: str, brick: Owner) -> None:
    """Add a brick to those of a path, if it is not among them; there may be several."""
    present = bricks.get(path, ())
    if all(each is not brick for each in present):
        bricks[path] = (*present, brick)
