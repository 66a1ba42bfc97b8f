"""Declared parameters: what a class of bricks says of a parameter at its top."""

from collections.abc import Iterable
from functools import cache
from typing import Any, Protocol

import jax.numpy as jnp

from bricks.initialization import AbstractInitialization
from bricks.parameter import Parameter
from bricks.roles import Role, checked_roles


class Holder(Protocol):
    """What a declaration needs to know of a brick."""

    @property
    def path(self) -> str:
        """The path of the brick."""

    def get_parameter(self, name: str) -> Parameter:
        """Return its own parameter of that name."""

    def set_parameter(self, name: str, value: Any) -> None:
        """Set the value of its own parameter, or tie it to another."""


class Declaration:
    """A parameter as declared by `parameter` in the body of a brick's class."""

    def __init__(
        self,
        roles: tuple[Role, ...],
        shape: tuple[int | str, ...],
        init: "str | AbstractInitialization",
        when: str | None,
        dtype: str | Any,
    ) -> None:
        self.roles = roles
        self.shape = shape
        self.init = init
        self.when = when
        self.dtype = dtype
        self.name = "a parameter"

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, brick: Holder | None, owner: type) -> Any:
        return self if brick is None else brick.get_parameter(self.name).read()

    def __set__(self, brick: Holder, value: Any) -> None:
        brick.set_parameter(self.name, value)

    def is_used(self, brick: Any) -> bool:
        """Whether the brick, as it is configured, has this parameter."""
        return self.when is None or bool(self.look_up(brick, self.when))

    def look_up(self, brick: Any, name: str) -> Any:
        """Return the attribute of the brick that the declaration names.

        Raises:
            AttributeError: if there is none; it says which parameter asks for it.
        """
        try:
            return getattr(brick, name)
        except AttributeError as error:
            raise AttributeError(
                f"{brick.path}: the parameter {self.name} is declared with {name!r}: {error}; "
                f"write {name} = dimension() or {name} = setting() in the body of the class"
            ) from error

    def missing(self, brick: Any) -> list[str]:
        """The settings of the brick that the shape needs and that are not there."""
        named = [size for size in self.shape if isinstance(size, str)]
        return [name for name in named if self.look_up(brick, name) is None]

    def make(self, brick: Any) -> Parameter:
        """Return a new parameter for the brick, without a value."""
        sizes = [getattr(brick, size) if isinstance(size, str) else size for size in self.shape]
        dtype = getattr(brick, self.dtype) if isinstance(self.dtype, str) else self.dtype
        if dtype is None:
            dtype = jnp.float32
        return Parameter(self.name, sizes, dtype, roles=self.roles, brick=brick)

    def scheme(self, brick: Any) -> AbstractInitialization:
        """Return what draws the first values for the brick.

        Raises:
            ValueError: if nobody said how to.
        """
        if isinstance(self.init, AbstractInitialization):
            return self.init
        scheme = self.look_up(brick, self.init)
        if scheme is None:
            raise ValueError(
                f"{brick.path}: nothing says how to initialize {self.name}, because {self.init} is "
                f"not set; pass {self.init}=... to the brick or to one above it, for instance "
                "bricks.initialization.Glorot() for weights and Constant(0) for biases"
            )
        return scheme


def parameter(
    role: Role | Iterable[Role],
    *,
    shape: Iterable[int | str],
    init: str | AbstractInitialization,
    when: str | None = None,
    dtype: Any = "dtype",
) -> Any:
    """Declare a parameter in the body of a brick's class.

    `brick.W` then reads it: in a graph the graph's value, elsewhere the current one.
    `brick.W = array` sets the current value, and `brick.W = other.get_parameter("W")` makes the
    two bricks share one parameter.

    >>> import jax.numpy as jnp
    >>> from bricks import Brick, application, dimension
    >>> from bricks.initialization import Constant
    >>> from bricks.roles import WEIGHT
    >>> class Scale(Brick):
    ...     dim = dimension(infer="input_")
    ...     scale = parameter(WEIGHT, shape=("dim",), init=Constant(2))
    ...     @application(inputs=["input_"], outputs=["output"])
    ...     def apply(self, input_):
    ...         return input_ * self.scale
    >>> brick = Scale(dim=3)
    >>> brick.initialize(seed=1)
    >>> brick.apply(jnp.ones(3)).tolist()
    [2.0, 2.0, 2.0]

    Args:
        role: what it is for, `WEIGHT` for instance, or several roles.
        shape: a size, or the name of an attribute of the brick that gives it, for each axis.
        init: the scheme that draws its first values, or the name of an attribute that gives it.
        when: the name of an attribute; the brick has the parameter if that is true.
        dtype: a dtype, or the name of an attribute that gives it (float32 if it gives `None`).

    Raises:
        TypeError: if `role` is no role and no list of roles, or `shape` no tuple.
    """
    roles = (role,) if isinstance(role, Role) else checked_roles(role)
    if isinstance(shape, str) or not isinstance(shape, Iterable):
        raise TypeError(
            f"shape={shape!r}, but needs a tuple of sizes or names, one for each axis; write "
            f"shape=({shape!r},)"
        )
    return Declaration(roles, tuple(shape), init, when, dtype)


@cache
def declarations_of(cls: type) -> dict[str, Declaration]:
    """The parameters that a class of bricks declares, in order, those of its bases first.

    A base's declaration stays if the class gives the name to a property instead, which then
    may show the parameter transformed; the class removes it by setting the name to `None`.
    """
    found: dict[str, Declaration] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, Declaration):
                found[name] = value
            elif value is None:
                found.pop(name, None)
    return found
