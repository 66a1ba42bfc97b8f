"""Gradient descent on a graph: the training algorithm."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax

from mainloop._protocols import Batch, GraphLike, State, Values
from mainloop._sources import OnUnused, check_sources
from mainloop.algorithms._arrays import (
    check_same,
    copied,
    first_bad,
    first_bad_on_device,
    from_host,
    to_host,
)
from mainloop.algorithms._finite import CostWatch
from mainloop.algorithms._hyperparameters import Hyperparameters
from mainloop.algorithms._replay import Snapshot, explain
from mainloop.algorithms._step import Layout, TrainingStep
from mainloop.algorithms.base import AbstractTrainingAlgorithm, NotFiniteError
from mainloop.algorithms.step_rule import StepRule, require_transformation
from mainloop.monitoring.step_monitor import StepMonitor


class GradientDescent(AbstractTrainingAlgorithm):
    """Changes the parameters of a graph against the gradient of its cost, a batch at a time.

    One compiled step does everything; parameters and the rule's state stay on the device and are
    given from step to step. Nothing comes back to the host unless somebody reads it, so a NaN in
    the cost is noticed late: after 64 batches, or as soon as the state is asked for.

    Args:
        graph: for instance a `bricks.graph.ComputationGraph`.
        step_rule: a `StepRule` or any Optax transformation.
        cost: the name of the output that is made small: one real number.
        parameters: what is trained, anything with a `path`; all trainable parameters of the graph
            if None. The others are not differentiated and have no state.
        seed: of the random keys: the key of a step depends on it and the step's number alone.
        on_unused_sources: what to do if a batch has sources that the graph does not take:
            `raise`, `warn` or `ignore`.

    Raises:
        TypeError: if the rule is not an Optax transformation.
        ValueError: if there is nothing to train, a parameter is not in the graph, or two have one
            path.
    """

    def __init__(
        self,
        graph: GraphLike,
        step_rule: optax.GradientTransformation,
        *,
        cost: str = "cost",
        parameters: Iterable[Any] | None = None,
        seed: int = 0,
        on_unused_sources: OnUnused = "raise",
    ) -> None:
        require_transformation(step_rule)
        if on_unused_sources not in ("raise", "warn", "ignore"):
            raise ValueError(
                f"on_unused_sources={on_unused_sources!r} must be 'raise', 'warn' or 'ignore'"
            )
        self.graph = graph
        self.step_rule = step_rule
        self.cost = cost
        self.seed = seed
        self.on_unused_sources = on_unused_sources
        self.trained_paths = _trained_paths(graph, parameters)
        self.last_cost = None
        self._rule = optax.with_extra_args_support(
            step_rule.to_be_added if isinstance(step_rule, StepRule) else step_rule
        )
        self._sources = tuple(graph.sources)
        self._names = frozenset(self._sources)
        self._is_on_host = jax.default_backend() == "cpu"
        self._steps_done = 0
        self._watch = CostWatch()
        self._monitors: list[StepMonitor] = []
        self._compilations = 0
        self._layout: Layout | None = None
        self._step: TrainingStep | None = None
        self._carry: list[jax.Array] = []
        self._held: list[jax.Array] = []
        self._untrained: Values = {}
        self._snapshot: Snapshot | None = None

    @property
    def steps_done(self) -> int:
        """How many batches have been processed."""
        return self._steps_done

    @property
    def compilations(self) -> int:
        """How many times the step was compiled: once for each kind of batch."""
        return self._compilations + (0 if self._step is None else self._step.compilations)

    @property
    def hyperparameters(self) -> Hyperparameters:
        """The numbers of the step rule by name; setting one recompiles nothing.

        Those of rules that wrap `optax.inject_hyperparams` are here too; numbers that a plain
        Optax transformation was made with are constants and are not.
        """
        layout = self._ready()

        def read(number: int) -> jax.Array:
            is_held, index = layout.place(number)
            return (self._held if is_held else self._carry)[index]

        def write(number: int, value: jax.Array) -> None:
            is_held, index = layout.place(number)
            (self._held if is_held else self._carry)[index] = value
            if self._snapshot is not None:
                self._snapshot.settings.append((self._steps_done, number, copied(value)))

        return Hyperparameters(layout.rule_places, read, write)

    @property
    def values(self) -> Values:
        """The current values by parameter path: copies, which later steps leave alone."""
        return copied(self._current())

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Give parameters, by path, new values; the state of the rule stays.

        Raises:
            ValueError: if a path is unknown, or a shape or dtype differs.
        """
        current = self._current()
        check_same("the new values", {**current, **values}, current)
        trained, rule_state = self._ready().join(self._carry, self._held)
        new = from_host({**current, **values}, current)
        self._carry, _ = self._ready().split({path: new[path] for path in trained}, rule_state)
        self._untrained = {path: new[path] for path in self._untrained}

    def write_back(self) -> None:
        """Put copies of the current values into the graph's parameters; not after a NaN."""
        if self._watch.found is not None:
            return
        values = self.values
        for parameter in self.graph.parameters:
            parameter.value = values[parameter.path]

    def initialize(self) -> None:
        """Take the parameters' values and begin with a fresh state of the rule, once.

        Raises:
            ValueError: if a parameter has no value yet, or one that cannot be differentiated.
        """
        if self._layout is not None:
            return
        values = {parameter.path: parameter.value for parameter in self.graph.parameters}
        _check_values(values, self.trained_paths)

        # Copies: what training gives away from step to step must be nobody else's.
        values = copied(values)
        trained = {path: values.pop(path) for path in self.trained_paths}
        rule_state = copied(jax.jit(self._rule.init)(trained))
        self._layout = Layout(trained, rule_state)
        self._carry, self._held = self._layout.split(trained, rule_state)
        self._untrained = values

    def add_monitor(self, monitor: StepMonitor) -> None:
        """Let the step accumulate for a monitor from now on; at most once for each."""
        if monitor not in self._monitors:
            self._monitors.append(monitor)
            self._compilations = self.compilations
            self._step = None

    def prepare(self, batch: Batch) -> Batch:
        """Return the batch's sources that the graph takes, on their way to the device.

        Where the device is the processor itself, the arrays are there already.

        Raises:
            ValueError: if sources are missing, or not used while `on_unused_sources='raise'`.
        """
        used = self._used(batch)
        return used if self._is_on_host else jax.device_put(used)

    def process_batch(self, batch: Batch) -> None:
        """Change the parameters by one step; returns before it is computed.

        Raises:
            ValueError: if sources are missing, or not used while `on_unused_sources='raise'`.
            NotFiniteError: if the cost of an earlier batch was NaN or infinite.
        """
        if self._step is None:
            self._build()
        if batch.keys() != self._names:
            batch = self._used(batch)
        monitors = self._monitors
        result = self._step.run(  # type: ignore[union-attr]
            self._carry,
            self._held,
            self._untrained,
            [monitor.accumulated for monitor in monitors] if monitors else [],
            batch,
            self._steps_done & 0x7FFFFFFF,
        )
        self._carry, updates, accumulated, self.last_cost = result
        self._steps_done += 1
        if updates:
            self._untrained = {**self._untrained, **updates}
        for monitor, after in zip(monitors, accumulated, strict=True):
            monitor.accumulated = after
            monitor.batches += 1
        self._watch.add(self.last_cost)

    def lower(self, batch: Batch) -> jax.stages.Lowered:
        """Return the step for batches like this one as JAX lowers it, to look at its program."""
        if self._step is None:
            self._build()
        assert self._step is not None
        accumulated = [monitor.accumulated for monitor in self._monitors]
        arguments = (self._carry, self._held, self._untrained, accumulated, self._used(batch), 0)
        return self._step.run.lower(*arguments)

    def check_finite(self) -> None:
        """Wait for all steps so far.

        Raises:
            NotFiniteError: if the cost of any batch was NaN or infinite.
        """
        self._watch.check()

    def state_dict(self) -> State:
        """Values, the rule's state, the number of steps and the seed: NumPy copies.

        Raises:
            NotFiniteError: if a cost so far or a value now is NaN or infinite.
        """
        self._watch.check()
        values = {path: to_host(value) for path, value in self._current().items()}
        bad = first_bad(values)
        if bad is not None:
            self._watch.found = f"the parameter {bad} became NaN or infinite"
            raise NotFiniteError(self._watch.found)
        rule = {name: to_host(leaf) for name, leaf in self._rule_leaves().items()}
        return {"values": values, "rule": rule, "steps_done": self._steps_done, "seed": self.seed}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where `state` was taken, with its seed and hyper-parameters.

        Raises:
            ValueError: if parameters or the rule's state have other names, shapes or dtypes.
        """
        values, rule = self._current(), self._rule_leaves()
        check_same("the parameters of the state", state["values"], values)
        check_same("the arrays of the step rule in the state", state["rule"], rule)
        layout = self._ready()
        _, rule_state = layout.join(self._carry, self._held)
        leaves = list(from_host(state["rule"], rule).values())
        rule_state = jax.tree.unflatten(jax.tree.structure(rule_state), leaves)
        new = from_host(state["values"], values)
        trained = {path: new.pop(path) for path in self.trained_paths}
        self._carry, self._held = layout.split(trained, rule_state)
        self._untrained = new
        self._steps_done = int(state["steps_done"])
        if self.seed != state["seed"]:
            self.seed, self._step = int(state["seed"]), None
        self._watch.reset(self._steps_done)

    def snapshot(self) -> Snapshot:
        """Copies, on the device, of all that the next step depends on.

        Raises:
            NotFiniteError: if a cost so far or a value now is NaN or infinite.
        """
        self._watch.check()
        bad = first_bad_on_device(self._current()) if self._steps_done else None
        if bad is not None:
            self._watch.found = f"the parameter {bad} became NaN or infinite"
            raise NotFiniteError(self._watch.found)
        self._snapshot = Snapshot(
            copied(self._carry), list(self._held), copied(self._untrained), self._steps_done
        )
        return self._snapshot

    def explain_not_finite(self, snapshot: Snapshot, batches: Iterable[Batch]) -> str | None:
        """Take the steps since a snapshot again, looking at each one, up to the first bad one.

        Hyper-parameters are set again as they were meanwhile; values that were set are not.

        Args:
            snapshot: of a place where all was well.
            batches: those processed since then, in order.

        Returns:
            Where the first NaN or infinity appeared, or None if none did this time.
        """
        if self._step is None:
            return None
        return explain(self._step, snapshot, map(self._used, batches), self._monitors)

    def _build(self) -> None:
        layout = self._ready()
        self._step = TrainingStep(
            self.graph,
            self._rule,
            layout,
            cost=self.cost,
            seed=self.seed,
            monitored=[monitor.aggregations for monitor in self._monitors],
        )

    def _ready(self) -> Layout:
        if self._layout is None:
            self.initialize()
        assert self._layout is not None
        return self._layout

    def _current(self) -> Values:
        """All values by path, in the graph's order: the arrays that the next step will take."""
        trained, _ = self._ready().join(self._carry, self._held)
        values = {**trained, **self._untrained}
        return {parameter.path: values[parameter.path] for parameter in self.graph.parameters}

    def _rule_leaves(self) -> dict[str, jax.Array]:
        layout = self._ready()
        _, rule_state = layout.join(self._carry, self._held)
        names = [jax.tree_util.keystr(place) for place in layout.rule_places]
        return dict(zip(names, jax.tree.leaves(rule_state), strict=True))

    def _used(self, batch: Batch) -> dict[str, Any]:
        return check_sources(batch, self._sources, self.on_unused_sources)


def _trained_paths(graph: GraphLike, parameters: Iterable[Any] | None) -> tuple[str, ...]:
    known: Sequence[str] = [parameter.path for parameter in graph.parameters]
    chosen = graph.trainable_parameters if parameters is None else parameters
    paths = tuple(parameter.path for parameter in chosen)
    twice = sorted({path for path in known if known.count(path) > 1})
    if twice:
        raise ValueError(f"two parameters of the graph have one path: {', '.join(twice)}")
    foreign = [path for path in paths if path not in known]
    if foreign:
        raise ValueError(
            f"{', '.join(foreign)} cannot be trained: the cost depends on {', '.join(known)}"
        )
    if not paths:
        raise ValueError("there is no parameter to train; the graph has none, or all are frozen")
    return paths


def _check_values(values: Values, trained: Sequence[str]) -> None:
    unset = [path for path, value in values.items() if value is None]
    if unset:
        raise ValueError(
            f"{', '.join(unset)} have no value yet; initialize the model before training"
        )
    for path in trained:
        if not jnp.issubdtype(values[path].dtype, jnp.floating):
            raise ValueError(
                f"{path} holds {values[path].dtype} and cannot be differentiated; freeze it"
            )
