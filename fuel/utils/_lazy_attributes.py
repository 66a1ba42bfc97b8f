"""Attributes that are not saved with an object, but loaded again when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

__all__ = ["do_not_pickle_attributes", "lazy_property_factory"]

Class = TypeVar("Class", bound=type)


def lazy_property_factory(lazy_property: str) -> property:
    """A property that calls the object's `load()` when it is read before it has a value."""
    hidden = f"_{lazy_property}"

    def get(self: Any) -> Any:
        if hidden not in vars(self):
            self.load()
        if hidden not in vars(self):
            raise ValueError(f"{type(self).__name__}.load() did not set {lazy_property}")
        return vars(self)[hidden]

    def put(self: Any, value: Any) -> None:
        vars(self)[hidden] = value

    return property(get, put, doc=f"{lazy_property}, loaded when it is asked for.")


def do_not_pickle_attributes(*lazy_properties: str) -> Callable[[Class], Class]:
    """A class decorator: these attributes are left out when an object is pickled or copied.

    Where they are read before they were set, as after unpickling, the object's method `load`,
    which must set them, is called.

    Args:
        lazy_properties: names of the attributes.

    Raises:
        ValueError: when decorating, if the class has no method `load`; when an attribute is read,
            if `load` does not set it; when pickling, if one of them is an iterator, which loaded
            again would begin anew.

    >>> import copy
    >>> @do_not_pickle_attributes("squares")
    ... class Table:
    ...     def load(self):
    ...         self.squares = [0, 1, 4]
    >>> table = Table()
    >>> table.squares.append(9)
    >>> copy.deepcopy(table).squares
    [0, 1, 4]
    """
    hidden = [f"_{name}" for name in lazy_properties]

    def decorate(cls: Class) -> Class:
        if not callable(getattr(cls, "load", None)):
            raise ValueError(
                f"{cls.__name__} has no method load() to set {', '.join(lazy_properties)} again"
            )
        own: Any = cls.__dict__.get("__getstate__")

        def getstate(self: Any) -> dict[str, Any]:
            state = dict(vars(self) if own is None else own(self))
            for name in hidden:
                if isinstance(state.pop(name, None), Iterator):
                    raise ValueError(
                        f"{type(self).__name__}.{name[1:]} is an iterator: loaded again it would "
                        "begin anew; do not name it in do_not_pickle_attributes"
                    )
            return state

        for name in lazy_properties:
            setattr(cls, name, lazy_property_factory(name))
        setattr(cls, "__getstate__", getstate)  # noqa: B010 (of a class that is a variable)
        return cls

    return decorate
