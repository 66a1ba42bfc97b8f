"""Rewriting and capturing: a trace in, an evaluation with changed or collected values out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp

from bricks import _jax
from bricks.graph._interpreter import Action, Frame, Plan, Position, interpret
from bricks.graph._sites import REWRITE, Site
from bricks.graph._tags import Tag, rewriting
from bricks.graph._traced import Traced
from bricks.parameter import Parameter
from bricks.roles import Role, add_role
from bricks.variable import Variable


@dataclass(frozen=True)
class Indexed:
    """A replacement that also wants to know which iteration of the loops around it this is.

    >>> first_only = Indexed(lambda value, indices: jnp.where(indices[0] == 0, 0.0, value))

    Args:
        fn: a function of the value and of a tuple of integers, one for each loop around the
            variable, outermost first (`variable.loops` lists them).
    """

    fn: Callable[[jax.Array, tuple[jax.Array, ...]], Any]


@dataclass(frozen=True)
class Rule:
    """What to put in the place of a value.

    Attributes:
        replacement: a function of the value, an `Indexed`, or an array.
        kind: the name of the rewrite, such as `'dropout'`.
        roles: what the new value is in addition.
    """

    replacement: Any
    kind: str
    roles: tuple[Role, ...]

    def apply(
        self, value: jax.Array, variable: Variable | Parameter, tag: Tag, frame: Frame
    ) -> Any:
        """Return the new value with its tag."""
        element = f"{REWRITE}{self.kind}{tag.rewrites.count(self.kind)}({variable})"
        with rewriting(variable.brick, variable.application, element):
            if isinstance(self.replacement, Indexed):
                new = self.replacement.fn(value, frame.indices)
            elif callable(self.replacement):
                new = self.replacement(value)
            else:
                new = self.replacement
            new = jnp.asarray(new)
        if new.shape != value.shape or new.dtype != value.dtype:
            raise ValueError(
                f"the replacement of {variable} is {new.dtype}{list(new.shape)}, but must be "
                f"{value.dtype}{list(value.shape)} as before"
            )
        roles = frozenset(tag.roles)
        for role in self.roles:
            roles = add_role(roles, role)
        in_order = tuple(sorted(roles, key=str))
        return _jax.annotate(new, replace(tag, roles=in_order, rewrites=(*tag.rewrites, self.kind)))


class ParameterFlow:
    """The value that each parameter has for its readers, while a jaxpr is evaluated.

    A rewritten parameter is read once, at the top, rewritten, and tagged; whoever reads it after
    that gets the value at the last such tag.

    Args:
        traced: the trace that is evaluated.
        supply: gives the value that a parameter enters the graph with.
    """

    def __init__(self, traced: Traced, supply: Callable[[Parameter], jax.Array]) -> None:
        self.supply = supply
        self.current: dict[Parameter, jax.Array] = {}
        self.reads: list[Site] = [site for site in traced.sites if site.is_read]
        self.last_tags: dict[Parameter, Site] = {
            site.parameter: site
            for site in traced.sites
            if site.parameter is not None and site.tag and site.tag.place == "parameter"
        }
        self.tags = [site for site in traced.sites if site.tag and site.tag.place == "parameter"]

    def value(self, parameter: Parameter) -> jax.Array:
        """Return what a reader gets now."""
        if parameter not in self.current:
            return self.supply(parameter)
        return self.current[parameter]

    def read(self, eqn: Any, inputs: list[Any], frame: Frame) -> list[Any]:
        """Do what reading a parameter does now."""
        return [self.value(eqn.params["parameter"])]

    def is_constant(self, parameter: Parameter) -> bool:
        """Whether all readers get the value that the parameter enters the graph with."""
        return parameter not in self.last_tags and parameter not in self.current


def evaluate(
    traced: Traced,
    sources: Sequence[Any],
    rules: Mapping[Variable | Parameter, Rule],
    captures: Mapping[Variable | Parameter, str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the outputs of a trace with rules applied, and captured values by name.

    The values captured are those after the rules. Where a value may not be reached, in a branch
    or a while loop, the name followed by `':taken'` tells whether it was.
    """
    flow = ParameterFlow(traced, _jax.parameter)
    actions: dict[Position, Action] = {}
    frame = Frame()

    def finish(site: Site, subject: Variable | Parameter) -> Action:
        def act(eqn: Any, inputs: list[Any], frame: Frame) -> list[Any]:
            (value,) = inputs
            tag = eqn.params["tag"]
            rule = rules.get(subject)
            if rule is None:
                value = _jax.annotate(value, tag)
            else:
                value = rule.apply(value, subject, tag, frame)
            if isinstance(subject, Parameter):
                flow.current[subject] = value
            if subject in captures:
                collect(frame, captures[subject], value, site.place.is_conditional)
            return [value]

        return act

    for site in traced.sites:
        if site.variable is not None and (site.variable in rules or site.variable in captures):
            actions[site.position] = finish(site, site.variable)
    for parameter in [subject for subject in (*rules, *captures) if isinstance(subject, Parameter)]:
        if parameter in flow.last_tags or parameter in flow.current:
            continue
        value = _jax.parameter(parameter)
        if parameter in rules:
            tag = Tag(parameter.name, parameter=parameter, place="parameter")
            value = rules[parameter].apply(value, parameter, tag, frame)
        flow.current[parameter] = value
        if parameter in captures:
            collect(frame, captures[parameter], value, False)
    for site in flow.tags:
        assert site.parameter is not None
        if flow.last_tags[site.parameter] is site:
            actions[site.position] = finish(site, site.parameter)
    first = set()
    for site in flow.reads:
        assert site.parameter is not None
        if site.parameter in flow.last_tags or site.parameter in flow.current:
            actions[site.position] = flow.read
            if site.parameter not in flow.last_tags:
                first.add(site.position)
    outputs = interpret(traced.body, sources, Plan(actions, first=first), frame)
    return dict(zip(traced.outputs, outputs, strict=True)), frame.captured


def collect(frame: Frame, name: str, value: Any, is_conditional: bool) -> None:
    """Put a value among those that are captured."""
    frame.captured[name] = value
    if is_conditional:
        frame.captured[f"{name}:taken"] = jnp.bool_(True)
