"""Applications: the methods of a brick whose inputs and outputs are variables of the graph.

::

    class Linear(Brick):
        @application(inputs=["input_"], outputs=["output"])
        def apply(self, input_):
            return input_ @ self.W + self.b

What happens on `brick.apply(...)`:

* arrays among the arguments become variables of role `INPUT`, named like the arguments
  (`args_0`, `args_1`, … for those of `*args`); what is no array passes through untouched;
* the brick is configured and allocated, if it is not yet;
* the method runs in a scope named after the brick's path and the application;
* what it returns becomes variables of role `OUTPUT`, named as declared (or `output_0`, …).

The result is one value, or a list if the method returns a tuple or list of several.
`brick.apply(..., as_list=True)` always gives a list, and `as_dict=True` a dict by output names.

Called with concrete arrays, outside of graphs and transforms, an application is compiled as a
graph of its own for these shapes, kept, and run with the current values of the parameters. It
is compiled anew when an attribute of one of its bricks was set since, but not when the inside of
an attribute, or a global variable, has changed.

An application may only call applications of its own brick and of bricks below it; calling
another is an error, because that one's parameters would be neither initialized nor saved.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any, overload

import jax.numpy as jnp

from bricks._arguments import is_array, named, replaced
from bricks._eager import can_be_compiled, run_compiled
from bricks.brick import Brick
from bricks.graph import annotate, application_scope, is_tracing
from bricks.roles import AUXILIARY, INPUT, OUTPUT, Role, add_role, checked_roles

RESERVED = ("as_dict", "as_list")

_running: ContextVar["tuple[BoundApplication, ...]"] = ContextVar("running", default=())


class Application:
    """An application as the class of a brick declares it; made by `application`.

    Attributes:
        name: the name of the method.
        owner: the class that declares it.
        attributes: what was declared along with it, by name; `inputs` and `outputs` are tuples.
        roles: the declared further roles of inputs and outputs, by their names.
    """

    def __init__(self, method: Callable[..., Any], attributes: Mapping[str, Any]) -> None:
        self.name = method.__name__
        self.owner: type | None = None
        self.method = method
        self.__doc__ = method.__doc__
        parameters = list(inspect.signature(method).parameters.values())[1:]
        self.signature = inspect.Signature(parameters)
        self.attributes = {
            key: tuple(value) if key in ("inputs", "outputs") else value
            for key, value in attributes.items()
            if key != "roles"
        }
        self.roles: Mapping[str, Role] = dict(attributes.get("roles", {}))
        self._properties: dict[str, str] = {}
        self._delegate: str | None = None
        self._check()

    def _check(self) -> None:
        kinds = {each.name: each.kind for each in self.signature.parameters.values()}
        reserved = [name for name in RESERVED if name in kinds]
        if reserved:
            raise ValueError(
                f"application {self.name}: the argument names {', '.join(reserved)} are reserved; "
                "they choose the form of the result"
            )
        unexpected = [name for name in self.attributes.get("inputs", ()) if name not in kinds]
        if unexpected and inspect.Parameter.VAR_KEYWORD not in kinds.values():
            raise ValueError(
                f"application {self.name}: Unexpected inputs {', '.join(unexpected)}; its "
                f"arguments are {', '.join(kinds) or 'none'}"
            )

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner = owner
        self.name = name

    @overload
    def __get__(self, brick: None, owner: type) -> "Application": ...

    @overload
    def __get__(self, brick: Brick, owner: type) -> "BoundApplication": ...

    def __get__(self, brick: Brick | None, owner: type) -> "Application | BoundApplication":
        if brick is None:
            return self
        if self not in brick._applications:
            brick._applications[self] = BoundApplication(self, brick)
        return brick._applications[self]

    def __set__(self, brick: Brick, value: Any) -> None:
        raise AttributeError(f"{brick.path}: the application {self.name!r} cannot be replaced")

    def property(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Decorate a method of the brick that computes an attribute of this application.

        It may be overridden in derived bricks, by name.
        """
        if not isinstance(name, str):
            raise TypeError(f"{self.name}.property needs the attribute's name, not {name!r}")

        def register(method: Callable[..., Any]) -> Callable[..., Any]:
            self._properties[name] = method.__name__
            return method

        return register

    def delegate(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a method of the brick that gives another application to ask for attributes."""
        self._delegate = method.__name__
        return method

    def look_up(self, brick: Brick, name: str) -> Any:
        """Return an attribute: a property's, or as declared, or the delegate's.

        Raises:
            AttributeError: if there is none.
        """
        if name in self._properties:
            return getattr(brick, self._properties[name])()
        if name in self.attributes:
            return self.attributes[name]
        if self._delegate is not None:
            return getattr(getattr(brick, self._delegate)(), name)
        if name == "inputs":
            kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
            return tuple(
                each.name for each in self.signature.parameters.values() if each.kind in kinds
            )
        if name == "outputs":
            return None
        raise AttributeError(f"{brick.path}.{self.name} has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"<application {self.owner.__name__ if self.owner else '?'}.{self.name}>"


class BoundApplication:
    """An application of one brick, to be called; always the same object for the same brick.

    Its attributes are looked up in this order: what was set on it, the application's properties,
    what was declared, and the delegate. `inputs` is in the end the names of the arguments, and
    `outputs` `None`, which means `output_0`, `output_1`, ….

    Attributes:
        application: what the brick's class declares.
        brick: the brick.
    """

    def __init__(self, application: Application, brick: Brick) -> None:
        self.application = application
        self.brick = brick

    @property
    def name(self) -> str:
        """The name of the application."""
        return self.application.name

    @property
    def path(self) -> str:
        """The brick's path and the application's name, such as `'/mlp/linear_0.apply'`."""
        return f"{self.brick.path}.{self.name}"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.application.look_up(self.brick, name)

    def __call__(
        self, *args: Any, as_dict: bool = False, as_list: bool = False, **kwargs: Any
    ) -> Any:
        """Apply the brick.

        Raises:
            TypeError: if the arguments are not those of the method.
            ValueError: if both forms of the result are asked for, or the method does not return
                as many values as declared, or it is called by another brick's application that
                is not of a brick above it.
        """
        if as_dict and as_list:
            raise ValueError(f"{self.path}: ask for as_dict or for as_list, not for both")
        try:
            arguments = self.application.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.path}: {error}") from None
        caller = _running.get()
        if caller and self.brick not in caller[-1].brick.subtree():
            raise ValueError(
                f"{caller[-1].path} calls {self.path}, which is not below it, so its parameters "
                f"would be neither initialized nor saved; add it to the children of "
                f"{caller[-1].brick.path}"
            )
        if caller or is_tracing() or not can_be_compiled(arguments):
            outputs, is_single = self.run(arguments)
        else:
            outputs, is_single = run_compiled(self, arguments)
        if as_dict:
            return dict(zip(self.output_names(len(outputs)), outputs, strict=True))
        return outputs[0] if is_single and not as_list else outputs

    def run(self, arguments: inspect.BoundArguments) -> tuple[list[Any], bool]:
        """Run the method; return its outputs, tagged, and whether it returned a single one."""
        inputs = {name: value for name, value in named(arguments) if is_array(value)}
        self.brick.prepare(inputs)
        token = _running.set((*_running.get(), self))
        try:
            with application_scope(self.brick, self.name):
                tagged = {name: self._tag(inputs[name], INPUT, name) for name in inputs}
                bound = replaced(arguments, tagged)
                result = self.application.method(self.brick, *bound.args, **bound.kwargs)
                is_single = not isinstance(result, tuple | list)
                outputs = [result] if is_single else list(result)
                pairs = zip(self.output_names(len(outputs)), outputs, strict=True)
                return [self._tag(value, OUTPUT, name) for name, value in pairs], is_single
        finally:
            _running.reset(token)

    def output_names(self, count: int) -> tuple[str, ...]:
        """Return the names of that many outputs."""
        declared = self.outputs
        if declared is None:
            return tuple(f"output_{index}" for index in range(count))
        if len(declared) != count:
            raise ValueError(
                f"{self.path}: Unexpected outputs: it returned {count}, but declares "
                f"{len(declared)}: {', '.join(declared)}"
            )
        return tuple(declared)

    def _tag(self, value: Any, role: Role, name: str) -> Any:
        if not is_array(value) or not is_tracing():
            return value
        roles = self.application.roles
        return annotate(jnp.asarray(value), (role, roles[name]) if name in roles else role, name)

    def __deepcopy__(self, memo: dict[Any, Any]) -> "BoundApplication":
        twin = memo[id(self.brick)] if id(self.brick) in memo else self.brick.__deepcopy__(memo)
        return self.application.__get__(twin, type(twin))

    def __repr__(self) -> str:
        return f"<application {self.path}>"


@overload
def application(method: Callable[..., Any], /) -> Application: ...


@overload
def application(
    *,
    inputs: Iterable[str] = ...,
    outputs: Iterable[str] = ...,
    roles: Mapping[str, Role] = ...,
    **attributes: Any,
) -> Callable[[Callable[..., Any]], Application]: ...


def application(method: Callable[..., Any] | None = None, /, **attributes: Any) -> Any:
    """Turn a method of a brick into an application: `@application` or `@application(...)`.

    Args:
        method: the method, if there are no further arguments.
        attributes: `inputs`, the names of the arguments that are inputs; `outputs`, the names of
            the outputs; `roles`, further roles by the name of an input or output; and whatever
            else the application shall have as attributes.

    Raises:
        ValueError: if an input is not an argument of the method, or an argument has one of the
            reserved names `as_dict` and `as_list`.
    """
    if method is not None:
        return Application(method, {})
    return lambda method: Application(method, attributes)


def add_auxiliary_variable(value: Any, roles: Iterable[Role] = (), *, name: str) -> Any:
    """Make an array a variable of the application that runs, to be monitored for instance.

    It costs nothing unless the graph is asked for it. Outside of graphs nothing happens.

    Args:
        value: one array.
        roles: its roles, in addition to `AUXILIARY`.
        name: its name.

    Returns:
        The value.

    Raises:
        ValueError: if no application runs.
        TypeError: if `roles` is one bare role instead of several.
    """
    if not _running.get():
        raise ValueError(
            f"the auxiliary variable {name!r} was added outside of an application; call "
            "add_auxiliary_variable in a method decorated by @application"
        )
    own = frozenset((AUXILIARY,))
    for role in checked_roles(roles):
        own = add_role(own, role)
    return annotate(jnp.asarray(value), own, name) if is_tracing() else value
