"""Settings: the configuration of a brick, and which of several givers wins.

A setting takes the first of these that there is:

1. what was given explicitly: to the constructor, or by assignment to the brick;
2. what a parent gave (of several parents, the one that comes first in `brick.parents`);
3. what was inferred from the first input;
4. the default of the class.

Assigning `None` takes an explicit value back. A setting that determines the shapes of parameters
is fixed from the moment these are allocated: changing it then is an error, and the cure is to make
another brick.

>>> from bricks import Linear
>>> layer = Linear(output_dim=10)
>>> layer.output_dim, layer.input_dim, layer.use_bias
(10, None, True)
"""

import operator
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Protocol

from bricks.initialization import AbstractInitialization


class Configured(Protocol):
    """What a setting needs to know of the brick that it belongs to."""

    _explicit: dict[str, Any]
    _given: dict[str, tuple[Any, Any]]
    _inferred: dict[str, Any]
    _allocated: bool

    @property
    def path(self) -> str:
        """The path of the brick."""

    @property
    def parents(self) -> tuple[Any, ...]:
        """The bricks above it, in order."""

    def subtree(self) -> Iterator[Any]:
        """Yield it and all bricks below it."""

    def _mark_edited(self) -> None:
        """Note that it changed."""


class Setting:
    """One named setting of a brick, declared in the body of its class by `setting`."""

    def __init__(
        self,
        default: Any,
        check: str | Callable[[Any], Any] | None,
        *,
        fixed: bool,
        pushed: bool,
        source: tuple[str, int] | None,
    ) -> None:
        self.default = default
        self.check = check
        self.fixed = fixed
        self.pushed = pushed
        self.source = source
        self.name = "a setting"

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, brick: Configured | None, owner: type) -> Any:
        if brick is None:
            return self
        if self.name in brick._explicit:
            return brick._explicit[self.name]
        if self.name in brick._given:
            return brick._given[self.name][1]
        return brick._inferred.get(self.name, self.default)

    def __set__(self, brick: Configured, value: Any) -> None:
        before = self.__get__(brick, type(brick))
        if value is None:
            old = brick._explicit.pop(self.name, None)
        else:
            old = brick._explicit.get(self.name)
            brick._explicit[self.name] = self.checked(brick, value)
        try:
            self._refuse_change(brick, before)
        except ValueError:
            brick._explicit.pop(self.name, None)
            if old is not None:
                brick._explicit[self.name] = old
            raise

    def give(self, brick: Configured, parent: Any, value: Any) -> None:
        """Set what `parent` gives, unless a parent before it gave something; `None` takes it back.

        Raises:
            ValueError: if it is fixed, and would change.
        """
        before = self.__get__(brick, type(brick))
        giver, old = brick._given.get(self.name, (None, None))
        if giver is not None and giver is not parent:
            order = brick.parents
            if value is None or order.index(giver) < order.index(parent):
                return
        brick._given.pop(self.name, None)
        if value is not None:
            brick._given[self.name] = (parent, self.checked(brick, value))
        try:
            is_other = self._refuse_change(brick, before)
        except ValueError:
            brick._given.pop(self.name, None)
            if giver is not None:
                brick._given[self.name] = (giver, old)
            raise
        if is_other:
            brick._mark_edited()

    def settle(self, brick: Configured) -> None:
        """Keep the value that shapes were made of, even if the parent that gave it goes away."""
        if self.fixed and self.__get__(brick, type(brick)) is not None:
            brick._inferred[self.name] = self.__get__(brick, type(brick))

    def infer(self, brick: Configured, value: Any) -> None:
        """Set what the first input says."""
        brick._inferred[self.name] = self.checked(brick, value)
        brick._mark_edited()

    def checked(self, brick: Configured, value: Any) -> Any:
        """Return the value as it is kept; an error names the brick and the setting."""
        check = getattr(brick, self.check) if isinstance(self.check, str) else self.check
        if check is None:
            return value
        try:
            return check(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{brick.path}: {self.name}={value!r} {error}") from None

    def _refuse_change(self, brick: Configured, before: Any) -> bool:
        """Return whether the value is another than before, which may be an error."""
        now = self.__get__(brick, type(brick))
        is_other = bool(now != before)
        has_shapes = brick._allocated and any(each._parameters for each in brick.subtree())
        if is_other and self.fixed and has_shapes:
            raise ValueError(
                f"{brick.path}: {self.name} is {before!r} and cannot become {now!r}, because the "
                "parameters are allocated; set it before the brick is first used, or make another "
                "brick"
            )
        return is_other


def setting(
    default: Any = None,
    check: str | Callable[[Any], Any] | None = None,
    *,
    fixed: bool = False,
    pushed: bool = False,
) -> Any:
    """Declare a setting in the body of a brick's class.

    Args:
        default: its value unless given; `None` means that there is none.
        check: a function, or the name of a method of the brick, that turns what is given into
            what is kept. It raises a `TypeError` or `ValueError` that goes on after
            `"name=value "`, for instance `"is negative"`.
        fixed: it determines shapes, and cannot change once the parameters are allocated.
        pushed: the brick gives its value to all children that have a setting of this name.
    """
    return Setting(default, check, fixed=fixed, pushed=pushed, source=None)


def dimension(infer: str | None = None, axis: int = -1) -> Any:
    """Declare a size, a positive integer, in the body of a brick's class.

    Args:
        infer: the argument of an application whose shape gives the size if nobody else does.
        axis: the axis of that argument.
    """
    source = None if infer is None else (infer, axis)
    return Setting(None, positive_integer, fixed=True, pushed=False, source=source)


def scheme() -> Any:
    """Declare an initialization scheme, which children are given too, in the body of a class."""
    return Setting(None, _initialization, fixed=False, pushed=True, source=None)


@cache
def settings_of(cls: type) -> dict[str, Setting]:
    """The settings of a class of bricks, those of its bases first."""
    found: dict[str, Setting] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, Setting):
                found[name] = value
            else:
                found.pop(name, None)
    return found


def flag(value: Any) -> bool:
    """Return a flag as it is kept.

    Raises:
        TypeError: if it is neither `True` nor `False`.
    """
    if not isinstance(value, bool):
        raise TypeError("is neither True nor False")
    return value


def positive_integer(value: Any) -> int:
    """Return a size as it is kept.

    Raises:
        TypeError: if it is not an integer.
        ValueError: if it is less than 1.
    """
    try:
        size = operator.index(value)
    except TypeError:
        raise TypeError(f"is a {type(value).__name__}, but a size is an integer") from None
    if size < 1:
        raise ValueError("is too small; a size is at least 1")
    return size


def _initialization(value: Any) -> AbstractInitialization:
    if not isinstance(value, AbstractInitialization):
        raise TypeError(
            "is not an initialization scheme; use one of bricks.initialization, such as "
            "Glorot() or Constant(0)"
        )
    return value
