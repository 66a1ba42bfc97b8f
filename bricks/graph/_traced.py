"""One trace of a graph, for one set of shapes, and what was found in it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bricks import _jax
from bricks._values import by_path
from bricks.graph._interpreter import Position
from bricks.graph._liveness import live_positions
from bricks.graph._sites import Finder, Site, find_sites, output_sites
from bricks.graph._tags import Tag, add_brick, tracing
from bricks.parameter import Parameter
from bricks.variable import Owner, Variable


@dataclass(frozen=True)
class Traced:
    """A jaxpr from the sources of a graph to its outputs.

    Attributes:
        body: the jaxpr; its inputs are the sources, its results the outputs.
        sources: the names of the sources, in order.
        outputs: the variables that are the outputs, by the outputs' names, in order.
        sites: what outputs, updates or auxiliary variables depend on, in order of evaluation.
        live: the positions that outputs or updates depend on.
        updates: the sites of the updates.
        bricks: the bricks at work in it, by path.
        known: the parameters of the graph that this one was derived from, in order.
    """

    body: _jax.Body
    sources: tuple[str, ...]
    outputs: Mapping[str, Variable]
    sites: tuple[Site, ...]
    live: frozenset[Position]
    updates: tuple[Site, ...]
    bricks: Mapping[str, tuple[Owner, ...]]
    known: tuple[Parameter, ...] = ()

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters that outputs or updates depend on: known ones, then in order of use."""
        reads = (site for site in self.sites if site.position in self.live and site.is_read)
        used = dict.fromkeys(site.parameter for site in reads if site.parameter is not None)
        return tuple(dict.fromkeys([*(each for each in self.known if each in used), *used]))

    @cached_property
    def first_sites(self) -> Mapping[Variable | Parameter, Site]:
        """Where each variable is, and the first read of each parameter."""
        found: dict[Variable | Parameter, Site] = {}
        for site in self.sites:
            subject = site.parameter if site.is_read else site.variable
            if subject is not None:
                found.setdefault(subject, site)
        return found

    @cached_property
    def parameter_tags(self) -> Mapping[Parameter, Site]:
        """For each parameter that was rewritten, where it has its final value."""
        return {
            site.parameter: site
            for site in self.sites
            if site.parameter is not None and site.tag and site.tag.place == "parameter"
        }

    @property
    def variables(self) -> tuple[Variable | Parameter, ...]:
        """The variables and parameters in order of evaluation."""
        return tuple(self.first_sites)


def trace_with_sources(fn: Callable[..., Any], sources: Mapping[str, Any]) -> Traced:
    """Trace a function as `trace` does, and make its sources variables."""

    def tagged(**arrays: Any) -> Any:
        tag = {name: Tag(name, place="source") for name in arrays}
        return fn(**{name: _jax.annotate(array, tag[name]) for name, array in arrays.items()})

    return trace(tagged, sources)


def trace(
    fn: Callable[..., Any], sources: Mapping[str, Any], before: Traced | None = None
) -> Traced:
    """Trace a function of named sources that returns one array, or a dict of named ones.

    Args:
        fn: the function.
        sources: the shape and dtype of each source.
        before: the trace that this one is derived from.

    Raises:
        TypeError: if an output is not an array.
        ValueError: if two parameters have one path, or something stands where it cannot be
            honoured: a parameter or key in a custom derivative rule, an update in a loop.
    """
    names: list[str | None] = []

    def flat(*arrays: Any) -> list[Any]:
        outputs = _named_outputs(fn(**dict(zip(sources, arrays, strict=True))))
        names.extend(outputs)
        return [_jax.annotate(value, Tag(name, place="output")) for name, value in outputs.items()]

    with tracing() as seen:
        body = _jax.trace(flat, *sources.values())
    if before is None:
        return _analyze(body, tuple(sources), names, seen)
    bricks = dict(before.bricks)
    for path, several in seen.items():
        for brick in several:
            add_brick(bricks, path, brick)
    found = _analyze(body, tuple(sources), names, bricks)
    return replace(found, known=before.parameters)


_ARRAYS = (jax.Array, np.ndarray, np.generic, bool, int, float, complex)


def _named_outputs(result: Any) -> Mapping[str | None, Any]:
    outputs = result if isinstance(result, Mapping) else {None: result}
    if isinstance(result, tuple | list):
        raise TypeError(
            f"the traced function returned a {type(result).__name__} of {len(result)}; return one "
            "array, or a dict from output name to array"
        )
    if not outputs:
        raise TypeError("the traced function returned an empty dict; return at least one output")
    for name, value in outputs.items():
        if not isinstance(name, str | None) or not isinstance(value, _ARRAYS):
            raise TypeError(
                f"the traced function returned {type(value).__name__} for the output {name!r}; "
                "return one array, or a dict from output name to array"
            )
    return {name: jnp.asarray(value) for name, value in outputs.items()}


def _analyze(
    body: _jax.Body,
    sources: tuple[str, ...],
    names: list[str | None],
    bricks: Mapping[str, tuple[Owner, ...]],
) -> Traced:
    finder = Finder()
    everything, bricks = find_sites(body, finder, bricks)
    updates = tuple(site for site in everything if site.tag and site.tag.place == "update")
    auxiliary = [site.position for site in everything if site.is_root]
    live = live_positions(body, [site.position for site in updates], finder.holds)
    listed = live_positions(body, auxiliary, finder.holds) if auxiliary else live
    sites = tuple(site for site in everything if site.position in listed)
    _check_sources_of_values(site for site in sites if site.position in live)
    by_path(site.parameter for site in sites if site.parameter is not None)  # each has its own
    _check_updates(updates)
    by_position = {site.position: site.variable for site in everything}
    outputs: dict[str, Variable] = {}
    for name, position in zip(names, output_sites(body), strict=True):
        variable = by_position[position]
        assert variable is not None
        outputs[name or variable.name] = variable
    return Traced(body, sources, outputs, sites, live, updates, bricks)


def _check_sources_of_values(sites: Iterable[Site]) -> None:
    for site in sites:
        if site.place.obstacle is not None and (site.is_read or site.label is not None):
            what = "a random key" if site.parameter is None else f"the parameter {site.parameter}"
            raise ValueError(
                f"{what} cannot be supplied where it is read: {site.place.obstacle}; read it "
                "outside and pass it in as an argument"
            )


def _check_updates(updates: Iterable[Site]) -> None:
    updated: set[Parameter] = set()
    for site in updates:
        parameter = site.parameter
        assert parameter is not None
        where = _why_no_update(site)
        if where is not None:
            raise ValueError(
                f"an update of {parameter} was recorded {where}, where it may happen many times "
                "or never; carry the value out and record it there"
            )
        if parameter in updated:
            raise ValueError(
                f"two updates of {parameter} were recorded in one graph, and only one can be its "
                "next value; record one that combines them"
            )
        updated.add(parameter)


def _why_no_update(site: Site) -> str | None:
    place = site.place
    assert site.variable is not None
    assert site.parameter is not None
    if place.obstacle is not None:
        return place.obstacle.removeprefix("it is ")
    if place.loops:
        return "in a loop"
    if place.is_conditional:
        return "in a branch of a cond"
    if place.on_device:
        return "inside shard_map"
    if site.variable.shape != site.parameter.shape:
        return f"under jax.vmap, which gives it the shape {site.variable.shape}"
    return None
