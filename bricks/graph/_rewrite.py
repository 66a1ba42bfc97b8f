"""Rewriting and capturing: a trace in, an evaluation with changed or collected values out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp

from bricks import _jax
from bricks.graph._each_step import loop_inputs
from bricks.graph._interpreter import Action, Frame, Plan, Position, interpret
from bricks.graph._sites import REWRITE
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
        each_step: for a parameter, whether each iteration of a loop gets a replacement of its own.
    """

    replacement: Any
    kind: str
    roles: tuple[Role, ...] = ()
    each_step: bool = False

    def compute(
        self, value: jax.Array, variable: Variable | Parameter, tag: Tag, frame: Frame
    ) -> jax.Array:
        """Return the new value.

        Raises:
            ValueError: if its shape or dtype is another.
        """
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
        return new

    def mark(self, tag: Tag) -> Tag:
        """Return the tag of the new value."""
        roles = frozenset(tag.roles)
        for role in self.roles:
            roles = add_role(roles, role)
        return replace(
            tag,
            roles=tuple(sorted(roles, key=str)),
            rewrites=(*tag.rewrites, self.kind),
            each_step=self.each_step,
        )


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
        self.last_tags = traced.parameter_tags

    def value(self, parameter: Parameter) -> jax.Array:
        """Return what a reader gets now."""
        if parameter not in self.current:
            return self.supply(parameter)
        return self.current[parameter]

    def read(self, eqn: Any, inputs: list[Any], frame: Frame) -> list[Any]:
        """Do what reading a parameter does now."""
        return [self.value(eqn.params["parameter"])]


def evaluate(
    traced: Traced,
    sources: Sequence[Any],
    rules: Mapping[Variable | Parameter, Rule],
    captures: Mapping[Variable | Parameter, str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the outputs of a trace with rules applied, and captured values by name.

    What is captured is the value after the rules, and before all rules that are applied later.
    Where it may not be reached, in a branch or a while loop, the name followed by `':taken'` tells
    whether it was.
    """
    evaluation = _Evaluation(traced, rules, captures)
    outputs = evaluation.run(sources)
    return dict(zip(traced.outputs, outputs, strict=True)), evaluation.frame.captured


class _Evaluation:
    """One run of a traced function, with rules applied and values captured on the way."""

    def __init__(
        self,
        traced: Traced,
        rules: Mapping[Variable | Parameter, Rule],
        captures: Mapping[Variable | Parameter, str],
    ) -> None:
        self.traced = traced
        self.rules = rules
        self.captures = captures
        self.flow = ParameterFlow(traced, _jax.parameter)
        self.before: dict[Parameter, jax.Array] = {}
        self.frame = Frame()

    def run(self, sources: Sequence[Any]) -> list[Any]:
        """Return the outputs."""
        subjects = dict.fromkeys((*self.rules, *self.captures))
        actions: dict[Position, Action] = {}
        for site in self.traced.sites:
            if site.variable is not None and site.variable in subjects:
                actions[site.position] = self._finish(site.variable, site.place.is_conditional)
        for subject in subjects:
            if isinstance(subject, Parameter) and subject not in self.flow.last_tags:
                tag = Tag(subject.name, parameter=subject, place="parameter")
                self._settle(subject, _jax.parameter(subject), tag, self.frame, False)
        for parameter, site in self.flow.last_tags.items():
            actions[site.position] = self._finish(parameter, False)
        first = []
        for site in self.traced.sites:
            if not site.is_read or site.parameter is None:
                continue
            rule = self.rules.get(site.parameter)
            if rule is not None and rule.each_step and site.place.loops:
                actions[site.position] = self._draw(site.parameter)
            elif site.parameter in self.flow.last_tags or site.parameter in subjects:
                actions[site.position] = self.flow.read
                if site.parameter not in self.flow.last_tags:
                    first.append(site.position)
        plan = Plan(actions, first=first, entries=self._entries())
        return interpret(self.traced.body, sources, plan, self.frame)

    def _finish(self, subject: Variable | Parameter, is_conditional: bool) -> Action:
        """What to do where the value of a subject is tagged."""

        def act(eqn: Any, inputs: list[Any], frame: Frame) -> list[Any]:
            value = jnp.asarray(inputs[0])  # a tagged Python number is one until here
            return [self._settle(subject, value, eqn.params["tag"], frame, is_conditional)]

        return act

    def _settle(
        self,
        subject: Variable | Parameter,
        value: jax.Array,
        tag: Tag,
        frame: Frame,
        is_conditional: bool,
    ) -> jax.Array:
        """Rewrite and capture a value; return it with its tag."""
        rule = self.rules.get(subject)
        if isinstance(subject, Parameter):
            self.before[subject] = value
        if rule is not None:
            value = rule.compute(value, subject, tag, frame)
            tag = rule.mark(tag)
        if subject in self.captures:
            collect(frame, self.captures[subject], value, is_conditional)
        value = _jax.annotate(value, tag)
        if isinstance(subject, Parameter):
            self.flow.current[subject] = value
        return value

    def _entries(self) -> dict[Position, dict[int, Action]]:
        """Return the inputs of loop bodies that are parameters to rewrite in each step."""
        entries: dict[Position, dict[int, Action]] = {}
        for subject, rule in self.rules.items():
            if rule.each_step and isinstance(subject, Parameter):
                for position, index in loop_inputs(self.traced.body, subject):
                    entries.setdefault(position, {})[index] = self._draw(subject)
        return entries

    def _draw(self, parameter: Parameter) -> Action:
        """What to do where a parameter that is rewritten in each step is read."""

        def act(eqn: Any, inputs: list[Any], frame: Frame) -> list[Any]:
            tag = Tag(parameter.name, parameter=parameter)
            rule = self.rules[parameter]
            return [rule.compute(self.before[parameter], parameter, tag, frame)]

        return act


def collect(frame: Frame, name: str, value: Any, is_conditional: bool) -> None:
    """Put a value among those that are captured."""
    frame.captured[name] = value
    if is_conditional:
        frame.captured[f"{name}:taken"] = jnp.bool_(True)
