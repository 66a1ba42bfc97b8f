"""Objects as descriptions: how a chain of streams crosses to a worker process.

A description is JSON beside raw buffers. Classes and functions travel as the name by which they
are imported, objects as the recipe that Python's copy protocol (`__reduce_ex__`) gives, and
everything else as plain data. What has no importable name cannot travel, and the error says which
attribute of which object it was.
"""

from __future__ import annotations

import copyreg
import functools
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from fuel import _codec
from fuel._codec import Buffer, CodecError, Node

SCRIPT = "__fuel_main__"
"""Under this name a worker imports the script that is `__main__` for the user."""

_COPY_PROTOCOL = 4
_REFERENCES = (type, FunctionType, BuiltinFunctionType, np.ufunc)
_CONTAINERS = (list, tuple, set, frozenset, dict)


class DescriptionError(TypeError):
    """An object that cannot be described to another process."""


def describe(value: Any, buffers: list[Buffer]) -> Node:
    """The description of any object made of importable parts; raw contents go to `buffers`.

    Raises:
        DescriptionError: naming the attribute that cannot be described, and the cure.
    """
    return _Describer(buffers).describe(value)


def build(node: Node, buffers: Sequence[Buffer]) -> Any:
    """A new object like the one that was described.

    It imports and calls what the description names: only descriptions from one's own program
    may be built.
    """
    return _Builder(buffers).build(node)


@dataclass
class _Describer:
    """One description in the making; an object that occurs twice is described once."""

    buffers: list[Buffer]
    known: dict[int, int] = field(default_factory=dict)
    alive: list[Any] = field(default_factory=list)
    place: list[str] = field(default_factory=list)

    def describe(self, value: Any) -> Node:
        if isinstance(value, np.dtype):
            return ["dtype", _codec.encode_dtype(value)]
        if isinstance(value, _REFERENCES):
            return ["reference", *self._name_of(value)]
        if isinstance(value, ModuleType):
            return ["module", value.__name__]
        if isinstance(value, PurePath):
            return ["build", ["reference", "pathlib", type(value).__name__], [str(value)]]
        if type(value) in (type(None), bool, int, float, complex, str, bytes, bytearray):
            return _codec.encode(value, self.buffers)
        if isinstance(value, np.generic) and not value.dtype.hasobject:
            return _codec.encode(value, self.buffers)
        if id(value) in self.known:
            return ["known", self.known[id(value)]]
        number = self.known[id(value)] = len(self.known)
        self.alive.append(value)
        return ["object", number, self._describe_object(value)]

    def _describe_object(self, value: Any) -> Node:
        if type(value) is dict:
            items = [
                [self.describe(key), self._part(f"[{key!r}]", item)] for key, item in value.items()
            ]
            return ["dict", items]
        if type(value) in _CONTAINERS:
            parts = [self._part(f"[{index}]", item) for index, item in enumerate(value)]
            return [type(value).__name__, parts]
        if type(value) is np.ndarray and not value.dtype.hasobject:
            return _codec.encode(value, self.buffers)
        if type(value) is functools.partial:
            parts = [value.func, value.args, value.keywords]
            return ["partial", *(self._part(".func", part) for part in parts)]
        return self._describe_recipe(value)

    def _describe_recipe(self, value: Any) -> Node:
        """The recipe of the copy protocol: a callable, its arguments, a state, and items."""
        before = len(self.place)
        self.place.append(type(value).__qualname__)
        try:
            registered = copyreg.dispatch_table.get(type(value))
            recipe = registered(value) if registered else value.__reduce_ex__(_COPY_PROTOCOL)
        except Exception as error:  # the object's own code decides what it says
            raise self._refusal(
                f"a {type(value).__module__}.{type(value).__qualname__}, which says: {error}",
                "open such things where they are first needed, not in the constructor",
            ) from error
        node: list[Any]
        if isinstance(recipe, str):
            node = ["reference", *self._name_of(value, recipe)]
        else:
            function, arguments, state, items, pairs = (*recipe, None, None, None)[:5]
            node = [
                "recipe",
                self.describe(function),
                [self.describe(argument) for argument in arguments],
                self._describe_state(state),
                None if items is None else [self.describe(item) for item in items],
                None
                if pairs is None
                else [[self.describe(key), self.describe(item)] for key, item in pairs],
            ]
        del self.place[before:]
        return node

    def _describe_state(self, state: Any) -> Node:
        if type(state) is not dict:
            return self.describe(state)
        # The attributes of an object belong to it alone: no need to know this dict again.
        return [
            "dict",
            [[self.describe(name), self._part(f".{name}", item)] for name, item in state.items()],
        ]

    def _part(self, step: str, value: Any) -> Node:
        self.place.append(step)
        node = self.describe(value)
        self.place.pop()
        return node

    def _name_of(self, value: Any, qualname: str | None = None) -> tuple[str, str]:
        module = getattr(value, "__module__", None) or "builtins"
        if isinstance(value, np.ufunc):
            return "numpy", value.__name__
        name = qualname or value.__qualname__
        if "<lambda>" in name or "<locals>" in name:
            what = "a lambda" if "<lambda>" in name else "defined inside a function"
            raise self._refusal(
                f"{name} of module {module}, {what}",
                "define it with `def` or `class` at the top level of a module",
            )
        if module == "__main__" and _main() is None:
            raise self._refusal(
                f"{name}, defined in a program that is not a file, or in an interactive session",
                "define it in a module and import it from there",
            )
        try:
            found = functools.reduce(getattr, name.split("."), sys.modules[module])
        except (KeyError, AttributeError) as error:
            raise self._refusal(
                f"{name}, which is not to be found in module {module}",
                "give it a name at the top level of that module",
            ) from error
        if found is not value:
            raise self._refusal(
                f"{name}, but {module}.{name} is another object",
                "let the name in the module be the object itself",
            )
        return (_main() or module if module == "__main__" else module, name)

    def _refusal(self, what: str, cure: str) -> DescriptionError:
        place = "".join(
            step if step.startswith((".", "[")) or index == 0 else f" ({step})"
            for index, step in enumerate(self.place)
        )
        return DescriptionError(
            f"{place or 'the value'} is {what}: it cannot be sent to a worker process; {cure}, "
            "or use workers=0"
        )


def _main() -> str | None:
    """Under which name a worker can import what is `__main__` here; None if it cannot."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name != "__main__":  # run by `python -m`
        return str(spec.name)
    return SCRIPT if os.path.isfile(getattr(main, "__file__", None) or "") else None


@dataclass
class _Builder:
    """One description being built; objects are numbered as the describer numbered them."""

    buffers: Sequence[Buffer]
    known: dict[int, Any] = field(default_factory=dict)

    def build(self, node: Node) -> Any:
        if not isinstance(node, list):
            return _codec.decode(node, self.buffers)
        match node:
            case ["object", number, inner]:
                return self._build_object(number, inner)
            case ["known", number]:
                if number not in self.known:
                    raise DescriptionError("an object that contains itself in a tuple or recipe")
                return self.known[number]
            case ["reference", module, name]:
                return functools.reduce(getattr, name.split("."), importlib.import_module(module))
            case ["module", name]:
                return importlib.import_module(name)
            case ["dtype", descr]:
                return _dtype(descr)
            case ["build", function, arguments]:
                return self.build(function)(*map(self.build, arguments))
            case ["dict", items]:
                return {self.build(key): self.build(item) for key, item in items}
        return _codec.decode(node, self.buffers)

    def _build_object(self, number: int, node: Node) -> Any:
        match node:
            case ["list", items]:
                values = self.known[number] = []
                values.extend(map(self.build, items))
                return values
            case ["dict", pairs]:
                table = self.known[number] = {}
                table.update((self.build(key), self.build(item)) for key, item in pairs)
                return table
            case ["tuple" | "set" | "frozenset" as kind, items]:
                makers: dict[str, Callable[[Any], Any]]
                makers = {"tuple": tuple, "set": set, "frozenset": frozenset}
                self.known[number] = makers[kind](map(self.build, items))
            case ["partial", function, arguments, keywords]:
                self.known[number] = functools.partial(
                    self.build(function), *self.build(arguments), **self.build(keywords)
                )
            case ["recipe", function, arguments, state, items, pairs]:
                made = self.build(function)(*map(self.build, arguments))
                self.known[number] = made
                self._fill(made, state, items, pairs)
            case _:
                self.known[number] = self.build(node)
        return self.known[number]

    def _fill(self, made: Any, state: Node, items: Node, pairs: Node) -> None:
        values = self.build(state)
        if values is not None:
            set_state = getattr(made, "__setstate__", None)
            if set_state is not None:
                set_state(values)
            else:
                attributes, slots = values if isinstance(values, tuple) else (values, None)
                for name, value in {**(attributes or {}), **(slots or {})}.items():
                    object.__setattr__(made, name, value)
        for item in items or ():
            made.append(self.build(item))
        for key, item in pairs or ():
            made[self.build(key)] = self.build(item)


def _dtype(descr: Node) -> np.dtype[Any]:
    return np.dtype(object) if descr == "|O" else _codec.decode_dtype(descr)


__all__ = ["SCRIPT", "CodecError", "DescriptionError", "build", "describe"]
