"""From a trace to a pure function: parameters from values, random keys from one key."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import jax
from jax import lax

from bricks.graph._interpreter import Action, Frame, Plan, Position, interpret
from bricks.graph._rewrite import ParameterFlow, collect
from bricks.graph._sites import Site
from bricks.graph._traced import Traced


def resolve(
    traced: Traced, values: Mapping[str, Any], sources: Sequence[Any], key: jax.Array | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the outputs by name, and the updates by the path of their parameter.

    Args:
        traced: the trace.
        values: of the parameters, by path.
        sources: the arrays, in order.
        key: a typed PRNG key; `None` if nothing live draws one.
    """
    flow = ParameterFlow(traced, lambda parameter: values[parameter.path])
    actions: dict[Position, Action] = {}
    first = set()
    for site in traced.sites:
        if site.position not in traced.live:
            continue
        if site.parameter is not None and site.is_read:
            actions[site.position] = flow.read
            if site.parameter not in flow.last_tags:
                first.add(site.position)
        elif site.label is not None:
            assert key is not None
            actions[site.position] = _give_key(key, site.label)
            first.add(site.position)
    for site in flow.last_tags.values():
        actions[site.position] = _make_current(flow, site)
    for site in traced.updates:
        actions[site.position] = _collect_update(site)
    frame = Frame()
    outputs = interpret(
        traced.body, sources, Plan(actions, first=first, live=traced.live, tags=False), frame
    )
    return dict(zip(traced.outputs, outputs, strict=True)), frame.captured


def _give_key(key: jax.Array, label: str) -> Action:
    digest = hashlib.sha256(label.encode()).digest()
    words = [int.from_bytes(digest[start : start + 4], "little") for start in (0, 4)]

    def act(eqn: Any, inputs: list[Any], frame: Frame) -> list[Any]:
        own = key
        for number in (*words, *frame.indices, *map(lax.axis_index, frame.axes)):
            own = jax.random.fold_in(own, number)
        return [own]

    return act


def _make_current(flow: ParameterFlow, site: Site) -> Action:
    def act(eqn: Any, inputs: list[Any], frame: Frame) -> list[Any]:
        assert site.parameter is not None
        flow.current[site.parameter] = inputs[0]
        return inputs

    return act


def _collect_update(site: Site) -> Action:
    def act(eqn: Any, inputs: list[Any], frame: Frame) -> list[Any]:
        assert site.parameter is not None
        collect(frame, site.parameter.path, inputs[0], False)
        return inputs

    return act
