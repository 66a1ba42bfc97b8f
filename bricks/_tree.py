"""The tree of bricks: names, parents and children, kept in order however it is edited."""

from collections.abc import Callable, Iterable, Iterator, MutableSequence
from itertools import count
from typing import Any, ClassVar, Self

_clock = count(1)


class Node:
    """Something with a name, children, and as parents all those whose child it is."""

    _latest_edit: ClassVar[int] = 0

    def __init__(self, name: str | None, children: Iterable[Any]) -> None:
        self._is_named_by_class = name is None
        self._name = type(self).__name__.lower() if name is None else _checked_name(name)
        self._parents: list[Any] = []
        self._edited_at = 0
        self._children: Children = Children(self, children)

    @property
    def name(self) -> str:
        """Its own name, the last part of its path; the class's in lower case unless given.

        Setting it raises a `ValueError` if it is empty, holds one of `/.:#`, or is the name of
        a sibling.
        """
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        _checked_name(name)
        for parent in self._parents:
            for sibling in parent.children:
                if sibling is not self and sibling.name == name:
                    raise ValueError(f"{parent.path} has a child named {name!r} already")
        self._name = name
        self._is_named_by_class = False
        self._mark_edited()

    @property
    def children(self) -> "Children":
        """The bricks it is made of: a list, to be edited or replaced as one likes."""
        return self._children

    @children.setter
    def children(self, children: Iterable[Any]) -> None:
        self._children.replace(children)

    @property
    def parents(self) -> tuple[Any, ...]:
        """The bricks that it is a child of, in the order in which it became one."""
        return tuple(self._parents)

    @property
    def path(self) -> str:
        """The names from the topmost brick to this one, such as `'/mlp/linear_0'`."""
        return "".join(f"/{brick.name}" for brick in self.get_unique_path())

    def get_unique_path(self) -> tuple[Any, ...]:
        """Return the bricks from the topmost to this one.

        Of several parents it is the first that counts, so that a path does not change when the
        brick is given to one more.
        """
        above = self._parents[0].get_unique_path() if self._parents else ()
        return (*above, self)

    def subtree(self) -> Iterator[Self]:
        """Yield this brick and all below it, parents before children, each once."""
        return _reached(self, lambda brick: brick.children)

    def ancestry(self) -> Iterator[Self]:
        """Yield this brick and all above it, each once."""
        return _reached(self, lambda brick: brick.parents)

    def _mark_edited(self) -> None:
        """Note the edit, so that what was derived before it is not used after it."""
        Node._latest_edit = self._edited_at = next(_clock)


class Children(MutableSequence[Any]):
    """The children of one brick; every way of editing it keeps `child.parents` right.

    Siblings have different names, so that paths are unambiguous. A child that was given no name
    and comes into its first family, where its class's name is taken, gets the next free one of
    `rectifier_1`, `rectifier_2`, …

    Raises:
        TypeError: if a child is not a brick.
        ValueError: if a child is there already, is the parent or above it, or has the name of
            another.
    """

    def __init__(self, parent: Node, children: Iterable[Any] = ()) -> None:
        self._parent = parent
        self._bricks: list[Any] = []
        self.replace(children)

    def replace(self, children: Iterable[Any]) -> None:
        """Make these the children, or change nothing if that is an error."""
        old, new = self._bricks, list(children)
        above = list(self._parent.ancestry()) if self._parent.parents or new else []
        for child in new:
            _check_child(self._parent, child, above)
        renamed = _new_names(self._parent, new, [child for child in new if child not in old])
        for child in old:
            if child not in new:
                child._parents.remove(self._parent)
        for child in new:
            if child not in old:
                child._parents.append(self._parent)
        for child, name in renamed.items():
            child._name = name
        self._bricks = new
        self._parent._mark_edited()

    def insert(self, index: int, value: Any) -> None:
        """Insert a child before the index."""
        new = list(self._bricks)
        new.insert(index, value)
        self.replace(new)

    def reverse(self) -> None:
        """Reverse the order."""
        self.replace(reversed(self._bricks))

    def __getitem__(self, index: Any) -> Any:
        return self._bricks[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        new = list(self._bricks)
        new[index] = value
        self.replace(new)

    def __delitem__(self, index: Any) -> None:
        new = list(self._bricks)
        del new[index]
        self.replace(new)

    def __len__(self) -> int:
        return len(self._bricks)

    def __iter__(self) -> Iterator[Any]:
        return iter(tuple(self._bricks))

    def __repr__(self) -> str:
        return repr(self._bricks)


def _reached(first: Any, beyond: Callable[[Any], Iterable[Any]]) -> Iterator[Any]:
    """Yield a brick and what is beyond it, each once, before what is beyond that."""
    seen: set[int] = set()
    todo = [first]
    while todo:
        brick = todo.pop(0)
        if id(brick) not in seen:
            seen.add(id(brick))
            yield brick
            todo[:0] = beyond(brick)


def _checked_name(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a brick's name is a string, not {name!r}")
    if not name or set(name) & set("/.:#"):
        raise ValueError(
            f"{name!r} cannot name a brick: it must not be empty or hold any of '/.:#'"
        )
    return name


def _check_child(parent: Node, child: Any, above: list[Any]) -> None:
    if not isinstance(child, Node):
        raise TypeError(f"{child!r} cannot be a child of {parent.path}, because it is not a brick")
    if child in above:
        raise ValueError(
            f"{child.path} cannot be a child of {parent.path}, because it is that brick itself "
            "or above it"
        )


def _new_names(parent: Node, children: list[Node], new: list[Node]) -> dict[Node, str]:
    """The names of those that have to take another one."""
    taken: dict[str, Node] = {}
    renamed: dict[Node, str] = {}
    for child in sorted(children, key=lambda child: child in new):
        name = child.name
        if taken.get(name) is child or child in renamed:
            raise ValueError(f"{child.path} is twice among the children of {parent.path}")
        if name in taken and child._is_named_by_class and not child.parents:
            number = 1
            while f"{name}_{number}" in taken:
                number += 1
            name = renamed[child] = f"{name}_{number}"
        if name in taken:
            raise ValueError(
                f"{parent.path} cannot have two children named {name!r}, {taken[name]!r} and "
                f"{child!r}; give one another name, as in {type(child).__name__}(name=...)"
            )
        taken[name] = child
    return renamed
