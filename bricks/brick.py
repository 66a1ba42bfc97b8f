"""The brick: a named part of a network, with settings, children and declared parameters.

A brick goes through these stages, each of which does what is left of those before it:

* it is *configured*: parents give their children sizes and initialization schemes; what a child
  was given explicitly is never overwritten (see `bricks.configuration`);
* it is *allocated*, by `allocate`, or by its first use, which also infers sizes that were left
  out: its parameters exist, with shape and dtype but without values;
* it is *initialized*, by `initialize(seed)`: its parameters have values.
"""

import copy
import difflib
from abc import ABCMeta
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

import jax
import jax.numpy as jnp

from bricks._describe import describe_brick
from bricks._tree import Node
from bricks._values import by_path, cast, draw, get_values, set_values
from bricks.configuration import setting, settings_of
from bricks.declaration import declarations_of
from bricks.parameter import Parameter

_KEPT_BY_BRICKS = frozenset(
    {"_allocated", "_configured_at", "_edited_at", "_given", "_is_named_by_class", "_name"}
    | {"_parameters"}
)
"""What a brick notes of itself while it is used, which is no edit of it."""


class _Built(ABCMeta):
    """Marks a brick when its constructors are through, so that it can refuse new attributes."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        brick = super().__call__(*args, **kwargs)
        if "_compiled" not in brick.__dict__:
            raise TypeError(
                f"{cls.__name__}.__init__ does not call super().__init__(**settings), which every "
                "brick needs"
            )
        object.__setattr__(brick, "_built", True)
        return brick


class Brick(Node, metaclass=_Built):
    """A part of a network. Derive from it, declare settings and parameters, write applications.

    Args:
        name: its own name; the name of its class in lower case unless given.
        children: the bricks that it is made of.
        settings: any setting that its class declares, among them `dtype`, the dtype of the
            parameters (float32 unless given; children are given it too).

    Raises:
        TypeError: if there is no such setting, or a setting is of the wrong kind.
        ValueError: if the value of a setting or a name does not do.
    """

    dtype = setting(check=jnp.dtype, fixed=True, pushed=True)

    _built = False

    def __init__(
        self, name: str | None = None, children: Iterable["Brick"] = (), **settings: Any
    ) -> None:
        self._explicit: dict[str, Any] = {}
        self._given: dict[str, tuple[Any, Any]] = {}
        self._inferred: dict[str, Any] = {}
        self._parameters: dict[str, Parameter] = {}
        self._ties: dict[str, Parameter] = {}
        self._allocated = False
        self._configured_at = -1
        self._applications: dict[Any, Any] = {}
        self._compiled: dict[Any, Any] = {}
        super().__init__(name, children)
        known = settings_of(type(self))
        for key, value in settings.items():
            if key not in known:
                raise TypeError(f"{type(self).__name__} has no setting {key!r}" + _near(key, known))
            setattr(self, key, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if self._built and name not in _KEPT_BY_BRICKS:
            is_private = name.startswith("_")
            if not (is_private or name in self.__dict__ or hasattr(type(self), name)):
                known = [*settings_of(type(self)), *declarations_of(type(self)), *self.__dict__]
                raise AttributeError(
                    f"{self.path}: {type(self).__name__} has no attribute {name!r} to set"
                    + _near(name, [each for each in known if not each.startswith("_")])
                )
            if name not in declarations_of(type(self)):
                self._mark_edited()
        object.__setattr__(self, name, value)

    # Configuration

    def configure_children(self) -> None:
        """Give the children their settings, by `configure`; for composite bricks to override."""

    def configure(self, child: "Brick", **settings: Any) -> None:
        """Give a child settings, which count unless the child was given others explicitly.

        `None` takes back what this brick gave before.

        Raises:
            ValueError: if the child is allocated and the setting determines its shapes.
            TypeError: if the child's class declares no such setting.
        """
        known = settings_of(type(child))
        for name, value in settings.items():
            if name not in known:
                raise TypeError(
                    f"{self.path} wants to configure {name} of {child.path}, but "
                    f"{type(child).__name__} declares no such setting; write "
                    f"{name} = dimension() or {name} = setting() in the body of the class"
                )
            known[name].give(child, self, value)

    def push_configuration(self) -> None:
        """Configure the children of all bricks above and of this one, topmost first."""
        if self._configured_at == Node._latest_edit:
            return
        now = Node._latest_edit
        self._given = {
            name: given for name, given in self._given.items() if given[0] in self.parents
        }
        for parent in self.parents:
            parent.push_configuration()
        for name, own in settings_of(type(self)).items():
            if own.pushed:
                for child in self.children:
                    if name in settings_of(child.__class__):
                        self.configure(child, **{name: getattr(self, name)})
        self.configure_children()
        self._configured_at = now

    def get_dim(self, name: str) -> Any:
        """Return the size of a named input or output: an integer, or a tuple for images.

        Raises:
            ValueError: if the brick does not know that name.
        """
        raise ValueError(f"No dimension information for {name} available in {self.path}")

    def get_dims(self, names: Iterable[str]) -> list[Any]:
        """Return the sizes of several named inputs or outputs."""
        return [self.get_dim(name) for name in names]

    # Allocation

    @property
    def allocated(self) -> bool:
        """Whether the parameters of this brick and of all below it exist."""
        return all(brick._allocated for brick in self.subtree())

    def allocate(self) -> None:
        """Make the parameters of this brick and of all below it, where they are not there yet.

        They have no values yet. A brick that has its parameters keeps them, so that one with
        several parents is allocated once.

        Raises:
            ValueError: if a size is missing; it names the brick and the setting.
        """
        for brick in self.subtree():
            brick.prepare({})

    def prepare(self, inputs: Mapping[str, Any]) -> None:
        """Configure and allocate this brick alone, sizes left out being inferred from `inputs`.

        Args:
            inputs: arrays by the names of an application's arguments.
        """
        if self._allocated:
            return
        self.push_configuration()
        for name, known in settings_of(type(self)).items():
            if known.source is not None and getattr(self, name) is None:
                argument, axis = known.source
                shape = inputs[argument].shape if argument in inputs else ()
                if -len(shape) <= axis < len(shape):
                    known.infer(self, shape[axis])
        self._allocate_own()

    def _allocate_own(self) -> None:
        used = [own for own in declarations_of(type(self)).values() if own.is_used(self)]
        missing = list(dict.fromkeys(name for own in used for name in own.missing(self)))
        if missing:
            names = " and ".join(missing)
            example = ", ".join(f"{name}=..." for name in missing)
            known = settings_of(type(self))
            can_be_inferred = all(name in known and known[name].source for name in missing)
            hint = ", or apply the brick to an example first" if can_be_inferred else ""
            raise ValueError(
                f"{self.path}: {names} is not set; give it to the constructor, as in "
                f"{type(self).__name__}({example}), or to the brick above{hint}"
            )
        made = {own.name: own.make(self) for own in used}
        for tied, other in self._ties.items():
            if tied not in made:
                raise ValueError(f"{self.path} has no parameter {tied!r} to tie to {other.path}")
            _check_tie(made[tied], other)
            made[tied] = other
        for each in settings_of(type(self)).values():
            each.settle(self)
        self._parameters = made
        self._allocated = True

    # Parameters

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its own parameters, in the order of declaration; this allocates the brick."""
        self.prepare({})
        return tuple(self._parameters.values())

    def get_parameter(self, name: str) -> Parameter:
        """Return its own parameter of that name; this allocates the brick.

        Raises:
            AttributeError: if there is none, perhaps because it is configured not to have it.
        """
        self.prepare({})
        if name not in self._parameters:
            own = declarations_of(type(self)).get(name)
            why = "" if own is None else f", because {own.when} is {getattr(self, own.when or '')}"
            raise AttributeError(f"{self.path} has no parameter {name!r}{why}")
        return self._parameters[name]

    def set_parameter(self, name: str, value: Any) -> None:
        """Set the value of its own parameter, or tie it to another if `value` is a `Parameter`.

        Raises:
            ValueError: if shape or dtype differ.
        """
        if not isinstance(value, Parameter):
            own = self.get_parameter(name)
            own.value = cast(value, own)
            return
        if self._allocated:
            _check_tie(self.get_parameter(name), value)
            self._parameters[name] = value
        self._ties[name] = value
        self._mark_edited()

    def get_parameters(self) -> tuple[Parameter, ...]:
        """Return all parameters of this brick and of those below it, each once, in tree order."""
        self.allocate()
        found = [own for brick in self.subtree() for own in brick._parameters.values()]
        return tuple(dict.fromkeys(found))

    def get_parameter_dict(self) -> dict[str, Parameter]:
        """Return all parameters of this brick and of those below it, by path.

        Raises:
            ValueError: if two parameters have one path.
        """
        return by_path(self.get_parameters())

    def get_parameter_values(self) -> dict[str, jax.Array]:
        """Return the current values of all parameters, by path.

        Raises:
            ValueError: if there are parameters without a value.
        """
        return get_values(self.get_parameter_dict())

    def set_parameter_values(self, values: Mapping[str, Any]) -> None:
        """Set the values of all parameters, by path; if any of them does not fit, set none.

        Raises:
            ValueError: it names the paths that are unknown, those that are missing, and those
                whose shapes or dtypes differ.
        """
        set_values(self.get_parameter_dict(), values)

    def get_hierarchical_name(self, parameter: Parameter, delimiter: str = "/") -> str:
        """Return the path of its own parameter, with a delimiter of one's choice."""
        names = [brick.name for brick in self.get_unique_path()]
        return delimiter + delimiter.join(names) + "." + parameter.name

    # Initialization

    @property
    def initialized(self) -> bool:
        """Whether all parameters of this brick and of those below it exist and have values."""
        return self.allocated and all(own.value is not None for own in self.get_parameters())

    def initialize(self, seed: int) -> None:
        """Set all parameters of this brick and of those below it to their first values.

        The values depend on the configuration, the seed and the parameter's path alone, so
        another brick beside this one changes none of them. A parameter that a brick shares with
        another, tied or by a common child, is drawn as its owner's.

        Args:
            seed: an integer of at least 0.

        Raises:
            ValueError: if a size or an initialization scheme is missing, or a scheme does not fit
                a parameter's shape; then nothing is set.
        """
        self.get_parameter_dict()
        for brick in self.subtree():
            brick.push_configuration()
        declared = [
            (brick, declarations_of(type(brick))[name], own)
            for brick in self.subtree()
            for name, own in brick._parameters.items()
            if own.brick is brick
        ]
        draw(declared, seed)

    # Copies and text

    def __deepcopy__(self, memo: dict[Any, Any]) -> Self:
        """A copy of this brick and all below it, with parameters of its own of equal values.

        It has no parents. What was tied to a parameter from outside stays tied to that.
        """
        inside = memo.setdefault("the bricks to copy", {id(brick) for brick in self.subtree()})
        twin = memo[id(self)] = object.__new__(type(self))
        twin.__dict__.update(_applications={}, _compiled={}, _configured_at=-1)
        state = {name: value for name, value in self.__dict__.items() if name not in twin.__dict__}
        state["_parents"] = [parent for parent in self._parents if id(parent) in inside]
        state["_given"] = {
            name: given for name, given in self._given.items() if id(given[0]) in inside
        }
        for own in (*self._parameters.values(), *self._ties.values()):
            if id(own.brick) not in inside:
                memo[id(own)] = own
        for name, value in state.items():
            twin.__dict__[name] = copy.deepcopy(value, memo)
        return twin

    def __repr__(self) -> str:
        settings = [
            f"{name}={value!r}"
            for name in settings_of(type(self))
            if (value := getattr(self, name)) is not None
        ]
        return f"<{' '.join([type(self).__name__, self.path, *settings])}>"

    def __str__(self) -> str:
        return describe_brick(self).text()

    def _repr_html_(self) -> str:
        return describe_brick(self).html()


def find_bricks(top_bricks: Iterable[Brick], predicate: Callable[[Brick], bool]) -> list[Brick]:
    """Return the bricks, of the given ones and all below them, that satisfy the predicate.

    >>> from bricks import MLP, Linear, Tanh
    >>> mlp = MLP([Tanh(), None], [3, 4, 2])
    >>> [brick.name for brick in find_bricks([mlp], lambda brick: isinstance(brick, Linear))]
    ['linear_0', 'linear_1']
    """
    every = dict.fromkeys(brick for top in top_bricks for brick in top.subtree())
    return [brick for brick in every if predicate(brick)]


def _check_tie(own: Parameter, other: Parameter) -> None:
    if own.shape != other.shape or own.dtype != other.dtype:
        raise ValueError(
            f"{own.path} is {own.dtype}{list(own.shape)} and cannot be tied to {other.path}, "
            f"which is {other.dtype}{list(other.shape)}"
        )


def _near(name: str, known: Iterable[str]) -> str:
    """What was perhaps meant."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1)
    return (f"; did you mean {close[0]!r}?" if close else ";") + f" there are {', '.join(known)}"
