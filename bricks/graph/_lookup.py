"""Finding variables in a trace, and whether they can be rewritten or captured there."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from bricks._lineage import AnyVariable
from bricks.graph._rewrite import Rule
from bricks.graph._sites import Site
from bricks.graph._traced import Traced
from bricks.parameter import Parameter

InsideRules: TypeAlias = Literal["error", "skip", "inline"]
"""What to do with a variable inside of a function with a custom derivative rule."""


def find(traced: Traced, subject: AnyVariable) -> Site:
    """Return where a variable, or the first read of a parameter, is.

    Raises:
        ValueError: if it is not in the graph.
    """
    if subject in traced.first_sites:
        return traced.first_sites[subject]
    known = [str(variable) for variable in traced.variables]
    near = difflib.get_close_matches(str(subject), known)
    hint = f"near it are {near}" if near else f"there are {known[:20]}"
    shapes = ", ".join(
        f"{name} {variable.aval.str_short()}"
        for name, variable in zip(traced.sources, traced.body.jaxpr.invars, strict=True)
    )
    raise ValueError(f"{subject} is not in the graph of {shapes or 'no sources'}; {hint}")


def can_be_captured(traced: Traced, subject: AnyVariable) -> bool:
    """Whether the values of a variable can be taken out of the graph."""
    place = find(traced, subject).place
    return place.obstacle is None and not place.in_condition


def check_captures(traced: Traced, subjects: Iterable[AnyVariable]) -> None:
    """Raise a `ValueError` if a variable is not in the graph or cannot be captured there."""
    for subject in subjects:
        place = find(traced, subject).place
        if place.obstacle is not None:
            raise ValueError(f"{subject} cannot be captured: {place.obstacle}")
        if place.in_condition:
            raise ValueError(
                f"{subject} cannot be captured: it is in the condition of a while loop; compute "
                "it in the body"
            )


def checked_rules(
    traced: Traced, rules: Mapping[AnyVariable, Rule], inside_rules: InsideRules
) -> dict[AnyVariable, Rule]:
    """Return the rules to apply, less those to skip.

    Raises:
        ValueError: if a variable is not in the graph or cannot be replaced there.
    """
    kept: dict[AnyVariable, Rule] = {}
    for subject, rule in rules.items():
        site = find(traced, subject)
        if isinstance(subject, Parameter):
            _check_order(traced, subject)
            kept[subject] = rule
            continue
        assert site.variable is not None
        blocked = site.variable.blocked
        if blocked is not None and not (
            site.place.custom and not site.place.is_differentiated and inside_rules != "error"
        ):
            cure = (
                "; inside_rules='skip' leaves it as it is, inside_rules='inline' drops the rule"
                if site.place.custom
                else ""
            )
            raise ValueError(f"{subject} cannot be replaced: {blocked}{cure}")
        if blocked is None or inside_rules != "skip":
            kept[subject] = rule
    return kept


def _check_order(traced: Traced, parameter: Parameter) -> None:
    site = traced.parameter_tags.get(parameter)
    if site is not None and site.tag is not None and site.tag.each_step:
        raise ValueError(
            f"{parameter} cannot be replaced again: it was replaced for each step of loops; "
            "make that replacement the last one"
        )
