"""The annotated computation graph, as a value that can be queried, rewritten and evaluated."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp

from bricks._lineage import AnyVariable
from bricks.graph._batch import (
    Signature,
    check_arguments,
    check_sources,
    check_values,
    signature_of,
    typed_key,
)
from bricks.graph._lookup import InsideRules, can_be_captured, check_captures, checked_rules
from bricks.graph._resolve import resolve
from bricks.graph._rewrite import Rule, evaluate
from bricks.graph._sites import REWRITE
from bricks.graph._tags import rewriting
from bricks.graph._traced import Traced, trace, trace_with_sources
from bricks.graph._views import AbstractViews
from bricks.parameter import Parameter
from bricks.roles import AUXILIARY, PARAMETER, Role, has_roles
from bricks.variable import Variable


@dataclass(frozen=True)
class _History:
    """What transformations did that the trace does not tell.

    Attributes:
        frozen: the parameters that are not trainable.
        mapped: how many times outputs were mapped.
        captured: the names of outputs that are captured values.
    """

    frozen: frozenset[Parameter] = frozenset()
    mapped: int = 0
    captured: frozenset[str] = frozenset()


class ComputationGraph(AbstractViews):
    """The computation of a function of named sources, annotated by bricks; immutable.

    >>> from bricks.graph import annotate
    >>> from bricks.roles import COST
    >>> scale = Parameter("scale", ())
    >>> scale.value = jnp.float32(3)
    >>> def cost(x):
    ...     return {"cost": annotate(jnp.sum(scale.read() * x), COST, "cost")}
    >>> graph = ComputationGraph(cost, {"x": jax.ShapeDtypeStruct((2,), jnp.float32)})
    >>> [str(variable) for variable in graph.variables]
    ['x', '/scale', 'cost']
    >>> float(graph({"x": jnp.ones(2)})["cost"])
    6.0

    Args:
        fn: a plain function from named sources to one array, or a dict of named ones.
        batch: what the sources look like: arrays or `jax.ShapeDtypeStruct`s, by name. The graph
            is traced again, by itself, when it is evaluated for other shapes.

    Raises:
        ValueError: if the names in `batch` are not those of the arguments of `fn`, if two distinct
            parameters have one path, or if something is recorded where it cannot be honoured.
        TypeError: if `fn` returns something else than arrays.
    """

    def __init__(self, fn: Callable[..., Any], batch: Mapping[str, Any]) -> None:
        check_arguments(fn, batch)
        self._init(lambda signature: trace_with_sources(fn, dict(signature)), signature_of(batch))

    def _init(
        self,
        trace_for: Callable[[Signature], Traced],
        signature: Signature,
        history: "_History | None" = None,
    ) -> None:
        self._trace_for = trace_for
        self._signature = signature
        self._history = history or _History()
        self._traces: dict[Signature, Traced] = {}
        self._compiled = jax.jit(self.function)
        self._traced(signature)

    def _derive(
        self,
        transform: Callable[[Traced, list[Any]], Mapping[str, Any]],
        history: "_History | None" = None,
    ) -> "ComputationGraph":
        """Return the graph whose outputs are `transform(trace of this one, sources)`."""

        def trace_for(signature: Signature) -> Traced:
            before = self._traced(signature)
            return trace(
                lambda **sources: transform(before, list(sources.values())),
                dict(signature),
                before,
            )

        return self._build(trace_for, self._signature, history or self._history)

    @staticmethod
    def _build(
        trace_for: Callable[[Signature], Traced], signature: Signature, history: "_History"
    ) -> "ComputationGraph":
        graph = object.__new__(ComputationGraph)
        graph._init(trace_for, signature, history)
        return graph

    def _traced(self, signature: Signature | None = None) -> Traced:
        signature = signature or self._signature
        if signature not in self._traces:
            self._traces[signature] = self._trace_for(signature)
        return self._traces[signature]

    def _signature_of(self, batch: Mapping[str, Any]) -> Signature:
        check_sources(self.sources, batch)
        return signature_of({name: batch[name] for name in self.sources})

    @property
    def variables(self) -> tuple[AnyVariable, ...]:
        """Sources, parameters and annotated values, in order of evaluation.

        Only what an output, an update or an auxiliary variable depends on is among them.
        """
        return self._traced().variables

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters that the outputs and updates depend on, in order of first use.

        A transformation keeps this order; parameters that it adds come last.
        """
        return self._traced().parameters

    @property
    def trainable_parameters(self) -> tuple[Parameter, ...]:
        """Those of `parameters` with the role `PARAMETER` and a floating dtype, less the frozen."""
        return tuple(
            parameter
            for parameter in self.parameters
            if parameter not in self._history.frozen
            and has_roles(parameter, [PARAMETER])
            and jnp.issubdtype(parameter.dtype, jnp.inexact)
        )

    @property
    def frozen_parameters(self) -> frozenset[Parameter]:
        """The parameters that `with_frozen` excluded from training."""
        return self._history.frozen

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the sources."""
        return tuple(name for name, _ in self._signature)

    @property
    def inputs(self) -> tuple[Variable, ...]:
        """The sources, as variables; those that nothing depends on are left out."""
        return tuple(
            site.variable
            for site in self._traced().sites
            if site.variable is not None and site.tag is not None and site.tag.place == "source"
        )

    @property
    def outputs(self) -> Mapping[str, Variable]:
        """The variables that are the outputs, by the name of the output, in order."""
        return dict(self._traced().outputs)

    @property
    def auxiliary_variables(self) -> tuple[Variable, ...]:
        """The variables with the role `AUXILIARY`."""
        return tuple(
            variable
            for variable in self.variables
            if isinstance(variable, Variable) and has_roles(variable, [AUXILIARY])
        )

    @property
    def updates(self) -> Mapping[Parameter, Variable]:
        """The new values that parameters get with each training step, less the frozen ones."""
        return {
            site.parameter: site.variable
            for site in self._traced().updates
            if site.parameter is not None
            and site.variable is not None
            and site.parameter not in self.frozen_parameters
        }

    def replace(
        self,
        replacements: Mapping[AnyVariable, Any],
        *,
        kind: str = "replace",
        roles: Iterable[Role] = (),
        each_step: bool = False,
        inside_rules: InsideRules = "error",
    ) -> "ComputationGraph":
        """Return a graph in which some values are replaced.

        Whatever used a value uses its replacement. The variable stays the same one: later
        rewrites and captures of it see the new value. A parameter is replaced once, where it
        enters the graph, for all its readers and all steps of loops; its own value and the
        gradient's path stay.

        Args:
            replacements: for each variable or parameter a function of its value, or an `Indexed`
                function, or an array. A function may call bricks and `random_key()`, which there
                gives a key of the variable's own, another one in each iteration of a loop.
            kind: a name for the rewrite, such as `'dropout'`; keys derive from it.
            roles: what the new values are in addition, such as `[DROPOUT]`; not for parameters.
            each_step: replace parameters anew in each iteration of those loops that read them, or
                get them unchanged from outside. Such a replacement must be the parameter's last.
            inside_rules: what to do with variables in functions with a custom derivative rule,
                which would not know of the change: refuse, leave them as they are, or drop the
                rule and differentiate the function itself.

        Raises:
            ValueError: if a variable is not in the graph or cannot be replaced where it is, or if
                a replacement has another shape or dtype.
        """
        rules = {
            subject: Rule(replacement, kind, tuple(roles), each_step)
            for subject, replacement in replacements.items()
        }

        def transform(traced: Traced, sources: list[Any]) -> Mapping[str, Any]:
            checked = checked_rules(traced, rules, inside_rules)
            return evaluate(traced, sources, checked, {})[0]

        return self._derive(transform)

    def capture(self, variables: Iterable[AnyVariable]) -> "ComputationGraph":
        """Return a graph that also outputs the values of variables, as `str(variable)`.

        Inside a scan the values of all iterations are stacked in front, nested scans the outer
        one first; inside `shard_map` those of all devices. Inside a while loop it is the last
        iteration's. A value in a branch or in a while loop comes with a boolean output of the same
        name and `':taken'`; where that is false, the value was never computed, and is zeros.

        Raises:
            ValueError: if a variable is not in the graph or cannot be captured where it is.
        """
        captures = {variable: str(variable) for variable in variables}
        taken = set(captures.values()).intersection(self.outputs) - self._history.captured
        taken -= {name for name in taken if str(self.outputs[name]) == name}
        if taken:
            raise ValueError(
                f"the outputs {sorted(taken)} have the names of variables to capture; rename them"
            )

        def transform(traced: Traced, sources: list[Any]) -> Mapping[str, Any]:
            check_captures(traced, captures)
            outputs, captured = evaluate(traced, sources, {}, captures)
            return {**outputs, **captured}

        known = self._history.captured.union(captures.values())
        return self._derive(transform, replace(self._history, captured=known))

    def map_outputs(
        self,
        fn: Callable[[dict[str, Any], dict[AnyVariable, Any]], Mapping[str, Any]],
        capturing: Iterable[AnyVariable] = (),
        *,
        kind: str = "outputs",
    ) -> "ComputationGraph":
        """Return a graph with the outputs `fn(outputs, values)`.

        Penalties are made of this: the values are those of the variables in `capturing`, as
        `capture` would give them, after all rewrites so far.

        Args:
            fn: a function of the dict of outputs and the dict from variable to value; it returns
                the new dict of outputs. It may read parameters, annotate and draw keys.
            capturing: the variables whose values it needs.
            kind: a name for the change.

        Raises:
            ValueError: as `capture`.
        """
        captures = {variable: str(variable) for variable in capturing}
        number = self._history.mapped

        def transform(traced: Traced, sources: list[Any]) -> Mapping[str, Any]:
            check_captures(traced, captures)
            outputs, captured = evaluate(traced, sources, {}, captures)
            values = {variable: captured[name] for variable, name in captures.items()}
            with rewriting(None, None, f"{REWRITE}{kind}{number}(outputs)"):
                return fn(outputs, values)

        return self._derive(transform, replace(self._history, mapped=number + 1))

    def with_frozen(self, parameters: Iterable[Parameter]) -> "ComputationGraph":
        """Return the same graph with just these parameters out of `trainable_parameters`."""
        history = replace(self._history, frozen=frozenset(parameters))
        return self._build(self._traced, self._signature, history)

    def function(
        self, values: Mapping[str, Any], batch: Mapping[str, Any], key: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Compute outputs and updates; pure, to be compiled, differentiated or batched at will.

        Args:
            values: of all `parameters`, by path; others may be among them.
            batch: the sources by name, of any shapes that the traced function accepts.
            key: a PRNG key (`jax.random.key` or `PRNGKey`), if the graph draws random numbers.

        Returns:
            The outputs by name; the new values of parameters by path, often none, and never of
            frozen ones.

        Raises:
            ValueError: if sources or values are missing, a source is unknown, the value of a
                parameter has another shape, or a key is needed and none given.
        """
        traced = self._traced(self._signature_of(batch))
        check_values(traced.parameters, values)
        sources = [batch[name] for name in self.sources]
        outputs, updates = resolve(traced, values, sources, typed_key(traced, key))
        for parameter in self.frozen_parameters:
            updates.pop(parameter.path, None)
        return outputs, updates

    def __call__(self, batch: Mapping[str, Any], key: Any = None) -> dict[str, Any]:
        """Return the outputs, with the current values of the parameters; compiled and cached.

        Updates are computed by `function` alone, and not applied here.

        Raises:
            ValueError: as `function`; also if a parameter has no value yet.
        """
        traced = self._traced(self._signature_of(batch))
        values = {parameter.path: parameter.read() for parameter in traced.parameters}
        outputs = self._compiled(values, dict(batch), key)[0]
        return {name: outputs[name] for name in traced.outputs}

    def first_not_finite(
        self, values: Mapping[str, Any], batch: Mapping[str, Any], key: Any = None
    ) -> str | None:
        """Return the first variable, in order of evaluation, that holds a NaN or an infinity.

        Args:
            values: as for `function`.
            batch: as for `function`.
            key: as for `function`.

        Returns:
            The variable's key, such as `'/mlp/linear_0.apply:output'`, a parameter's path or the
            name of an output; `None` if all are finite.
        """
        graph = self._build(self._traced, self._signature_of(batch), self._history)
        traced = graph._traced()
        variables = [
            variable
            for variable in graph.variables
            if jnp.issubdtype(variable.dtype, jnp.inexact) and can_be_captured(traced, variable)
        ]

        def check(outputs: dict[str, Any], found: dict[AnyVariable, Any]) -> dict[str, Any]:
            named = {str(variable): value for variable, value in found.items()} | {
                name: value
                for name, value in outputs.items()
                if jnp.issubdtype(value.dtype, jnp.inexact)
            }
            return {name: jnp.all(jnp.isfinite(value)) for name, value in named.items()}

        checked = graph.map_outputs(check, variables, kind="finite")
        is_finite = checked._compiled(dict(values), dict(batch), key)[0]
        order = list(checked.outputs)  # a compiled function returns dicts in alphabetical order
        return next((name for name in order if not is_finite[name]), None)
